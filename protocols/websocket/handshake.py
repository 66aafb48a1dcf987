"""What a client says about itself before its WebSocket is accepted. Pure."""

from collections.abc import Iterable

from protocols.contract.conversations import checked_session_id
from protocols.contract.errors import InvalidInput
from protocols.streaming import SESSION_HEADER, session_in

NATIVE_SUBPROTOCOL = "gateway.v1"
BEARER_SUBPROTOCOL = "base64UrlBearerAuthorization"

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


def choose_subprotocol(offered: Iterable[str]) -> str | None:
    """Choose among what the client offers: our dialect, or AgentCore's bearer sentinel.

    The entry after the sentinel carries a token: nothing but these two names is ever echoed.
    """
    known = set(offered)
    for name in (NATIVE_SUBPROTOCOL, BEARER_SUBPROTOCOL):
        if name in known:
            return name
    return None
