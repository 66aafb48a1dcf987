"""The doors: ``POST /invocations`` and ``GET /capabilities``; ``/ws`` comes with its protocol.

Everything about a request that all protocols share is read here once: the body, its form, the
session. ``protocols`` is the ordered list behind the first door; the first that accepts a request
answers it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler

from observability.correlation import bind_request
from observability.requests import RequestObservation, observe_request
from protocols.ag_ui.protobuf import MEDIA_TYPE as PROTOBUF
from protocols.contract.conversations import Conversations, SessionKey, checked_session_id
from protocols.contract.errors import (
    Detail,
    GatewayError,
    InvalidInput,
    NotAcceptable,
    NotSupported,
    TooLarge,
    TooSlow,
)
from protocols.contract.inputs import Json
from protocols.failures import failure_of
from protocols.http_json.spoken import L16, WAV_TYPES
from protocols.invocation import Invocation, InvocationProtocol, choose
from protocols.refusals import ForeignPage, count_refusal
from protocols.streaming import SESSION_HEADER, session_in

_JSON_TYPES = ("", "application/json", "application/octet-stream")
_SERVED = ("application/json", "text/event-stream", "audio/wav", PROTOBUF)
_WILDCARDS = ("*/*", "application/*", "text/*", "audio/*")
_SESSION_MEMBERS = ("session_id", "threadId", "thread_id")
_REQUEST_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"

_log = logging.getLogger(__name__)


def door(
    conversations: Conversations,
    protocols: Sequence[InvocationProtocol],
    caller_of: Callable[[ASGIConnection], str],
    allows: Callable[[ASGIConnection], bool],
    body_seconds: float = 15.0,
) -> HTTPRouteHandler:
    """Make ``POST /invocations``.

    Args:
        conversations: what the protocols talk to.
        protocols: in the order they are asked; the last shows errors that belong to none.
        caller_of: names the caller.
        allows: tells whether the page that sends a request may do so.
        body_seconds: how long a body may take to arrive.
    """

    async def answer(request: Request, seen: RequestObservation) -> Response[Any]:
        protocol, session_id = protocols[-1], ""
        try:
            if not allows(request):
                raise ForeignPage
            invocation = await _read(request, caller_of(request), body_seconds)
            protocol = choose(invocation, protocols)
            seen.is_for(protocol.name, _action(invocation))
            invocation = _in_session(invocation, request.headers.get(SESSION_HEADER, ""))
            session_id = invocation.session.id
            _check_accept(invocation.accept)
            response = await protocol.respond(invocation, conversations)
        except Exception as error:  # noqa: BLE001 - each protocol shows faults of ours in its form
            if not isinstance(error, GatewayError):
                _log.error("request failed: %s", type(error).__name__, exc_info=error)
            seen.answered(failure_of(error).http)
            count_refusal(protocol.name, error)
            response = protocol.refuse(error, session_id)
            if isinstance(error, TooSlow):
                response.headers["connection"] = "close"  # or it goes on sending
            return response
        seen.answered(200)
        return response

    @post("/invocations", status_code=200, include_in_schema=False)
    async def invoke(request: Request) -> Response[Any]:
        bind_request(request.headers.get(_REQUEST_HEADER) or str(uuid4()))
        with observe_request() as seen:
            return await answer(request, seen)

    return invoke


def _action(invocation: Invocation) -> str:
    """What the request asks for, as the metrics name it."""
    document = invocation.document
    action = document.get("action") if isinstance(document, dict) else None
    return action if isinstance(action, str) else "run"


def capabilities_route(describe: Callable[[], Mapping[str, Any]]) -> HTTPRouteHandler:
    """Make ``GET /capabilities``: AG-UI's capabilities, and the wires, models and tools served."""

    @get("/capabilities", sync_to_thread=False, include_in_schema=False)
    def capabilities() -> Response[Any]:
        return Response(dict(describe()))

    return capabilities


async def _read(request: Request, caller: str, body_seconds: float) -> Invocation:
    """Read a request whole, but for its session: that is for the protocol chosen to refuse.

    Raises:
        InvalidInput: the body or its type cannot be taken.
    """
    full_content_type = request.headers.get("content-type", "")
    content_type = full_content_type.partition(";")[0].strip().lower()
    _check_form(content_type, request.headers.get("content-encoding", "identity"))
    body = await _body(request, body_seconds)
    return Invocation(
        content_type=content_type,
        accept=request.headers.get("accept", "").lower(),
        body=body,
        document=_document(content_type, body),
        session=SessionKey(caller, ""),
        session_given=False,
        full_content_type=full_content_type,
        left=partial(_left, request),
    )


async def _body(request: Request, within_seconds: float) -> bytes:
    try:
        async with asyncio.timeout(within_seconds):
            return await request.body()
    except TimeoutError as error:
        raise TooSlow(
            f"The body did not arrive within {within_seconds:g} seconds. Send it faster."
        ) from error
    except RequestEntityTooLarge as error:
        raise TooLarge("The body is larger than GATEWAY_MAX_BODY_BYTES allows.") from error
    except HTTPException as error:  # left before the end, or a length that is no number
        raise InvalidInput("The body is not complete. Send it again.") from error


async def _left(request: Request) -> None:
    """Wait until the client has gone; only when its body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _in_session(invocation: Invocation, header: str) -> Invocation:
    """Put a request into the session it names, or into a new one.

    Raises:
        InvalidInput: the name cannot be taken.
    """
    given = _given_session(header, invocation.document)
    key = SessionKey(invocation.session.caller, given or str(uuid4()))
    return msgspec.structs.replace(invocation, session=key, session_given=given is not None)


def _check_form(content_type: str, encoding: str) -> None:
    if encoding.lower() not in ("", "identity"):
        raise NotSupported("Compressed bodies are not taken. Send it without Content-Encoding.")
    if not (_is_json(content_type) or content_type in (*WAV_TYPES, L16)):
        raise NotSupported(
            "This Content-Type is not served. Send application/json, or audio/wav for speech."
        )


def _is_json(content_type: str) -> bool:
    return content_type in _JSON_TYPES or content_type.endswith("+json")


def _document(content_type: str, body: bytes) -> Json:
    """Decode a JSON body; None for other forms."""
    if not _is_json(content_type):
        return None
    if not body:
        raise InvalidInput('The body is empty. Send JSON such as {"prompt": "Hello"}.')
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput('The body is no valid JSON. Send {"prompt": "Hello"}.') from None
    if not isinstance(document, dict):
        raise InvalidInput("The body must be a JSON object.", [Detail("$", "not an object")])
    return document


def _given_session(header: str, document: Json) -> str | None:
    """Tell which session the caller named: by the header, or else by a member of the document."""
    named: dict[str, Any] = document if isinstance(document, dict) else {}
    for given in (_decoded(header), *(named.get(member) for member in _SESSION_MEMBERS)):
        if given is None or given == "":
            continue
        if not isinstance(given, str):
            raise InvalidInput("The session id must be text.")
        return checked_session_id(given)
    return None


def _decoded(header: str) -> str:
    try:
        return session_in(header)
    except UnicodeDecodeError:
        raise InvalidInput("The session id in the header is not UTF-8.") from None


def _check_accept(accept: str) -> None:
    if accept and not any(served in accept for served in (*_SERVED, *_WILDCARDS)):
        raise NotAcceptable(f"Nothing served is accepted. Accept one of: {', '.join(_SERVED)}.")
