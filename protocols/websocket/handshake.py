"""What a client says about itself before its WebSocket is accepted. Pure."""

import re
from collections.abc import Collection, Iterable

from protocols.contract.conversations import checked_session_id
from protocols.contract.errors import InvalidInput
from protocols.streaming import SESSION_HEADER, session_in

NATIVE_SUBPROTOCOL = "gateway.v1"
BEARER_SUBPROTOCOL = "base64UrlBearerAuthorization"

_CUSTOM_HEADER = re.compile(r"x-amzn-bedrock-agentcore-runtime-custom-[a-z0-9-]{1,100}")
_MOST_CUSTOM_HEADERS = 20
_LONGEST_HEADER = 4_096
_SESSION_QUERY = {SESSION_HEADER.lower(), "session_id"}


def session_id_of(header: str | None, query: Iterable[tuple[str, str]]) -> str | None:
    """Find the session id: the header, otherwise a query parameter of its name or ``session_id``.

    Raises:
        InvalidInput: it cannot be one.
    """
    found = None if header is None else _decoded(header)
    for name, value in query:
        if found is None and name.lower() in _SESSION_QUERY:
            found = value
    return None if found is None else checked_session_id(found)


def _decoded(header: str) -> str:
    try:
        return session_in(header)
    except UnicodeDecodeError:
        raise InvalidInput("The session id in the header is not UTF-8.") from None


def custom_headers_of(
    query: Iterable[tuple[str, str]], known: Collection[bytes]
) -> list[tuple[bytes, bytes]]:
    """Find the caller's own headers among the query parameters, as AgentCore's proxy does.

    Browsers cannot set headers on a WebSocket. Only names with the prefix
    ``X-Amzn-Bedrock-AgentCore-Runtime-Custom-`` count, at most 20 of up to 4 KB, and none that is
    among the headers ``known`` already.
    """
    found: dict[bytes, bytes] = {}
    for name, value in query:
        lower = name.lower()
        if not _CUSTOM_HEADER.fullmatch(lower) or len(found) == _MOST_CUSTOM_HEADERS:
            continue
        data = value.encode(errors="replace")
        if len(data) <= _LONGEST_HEADER and value.isprintable() and lower.encode() not in known:
            found.setdefault(lower.encode(), data)
    return list(found.items())


def choose_subprotocol(offered: Iterable[str]) -> str | None:
    """Choose among what the client offers: our dialect, or AgentCore's bearer sentinel.

    The entry after the sentinel carries a token: nothing but these two names is ever echoed.
    """
    known = set(offered)
    for name in (NATIVE_SUBPROTOCOL, BEARER_SUBPROTOCOL):
        if name in known:
            return name
    return None
