"""The route of the WebSocket: who connects, which dialect, how it ends.

Litestar's exception handlers do not apply to WebSockets, and a handler that returns without
closing leaves the client waiting: everything is translated here, and always closed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from litestar import WebSocket
from litestar.handlers import WebsocketRouteHandler, websocket

from observability.requests import websocket_closed
from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    SessionBusy,
    TimedOut,
    TooManySessions,
)
from protocols.failures import error_object, failure_of
from protocols.refusals import ForeignPage, count_refusal
from protocols.streaming import SESSION_HEADER, session_headers
from protocols.websocket.connection import Close, Connection, Frame, Gone
from protocols.websocket.connections import DRAINING
from protocols.websocket.dialects.ag_ui import AgUiDialect
from protocols.websocket.dialects.choice import Dialect, choose
from protocols.websocket.dialects.interpreting import sonic_dialect, strands_dialect
from protocols.websocket.dialects.native import NativeDialect
from protocols.websocket.dialects.prompt import PromptDialect
from protocols.websocket.handshake import (
    choose_subprotocol,
    custom_headers_of,
    session_id_of,
)
from protocols.websocket.services import WebSocketServices

_log = logging.getLogger(__name__)

_POLICY_VIOLATION = 1008


class Served(Protocol):
    """A dialect on one connection."""

    async def serve(self, first: Frame) -> Close:
        """Talk until it is over."""
        ...

    async def tell(self, error: Exception) -> None:
        """Tell the client in its own language that it failed."""
        ...


type MakeDialect = Callable[[Connection, WebSocketServices, str, str | None], Served]

_DIALECTS: dict[Dialect, MakeDialect] = {
    Dialect.NATIVE: NativeDialect,
    Dialect.AG_UI: AgUiDialect,
    Dialect.PROMPT: PromptDialect,
    Dialect.STRANDS: strands_dialect,
    Dialect.SONIC: sonic_dialect,
}


def websocket_routes(
    services: WebSocketServices, paths: Sequence[str] = ("/ws",)
) -> list[WebsocketRouteHandler]:
    """Make the routes of the WebSocket, for the application's list of handlers."""

    @websocket(list(paths))
    async def serve_websocket(socket: WebSocket) -> None:
        with services.connections.one():
            await _serve(socket, services)

    return [serve_websocket]


async def _serve(socket: WebSocket, services: WebSocketServices) -> None:
    _add_custom_headers(socket)
    offered: list[str] = socket.scope["subprotocols"]
    subprotocol = choose_subprotocol(offered)
    try:
        if not services.allows(socket):
            raise ForeignPage
        caller = services.caller_of(socket)
        session_id = session_id_of(
            socket.headers.get(SESSION_HEADER), socket.query_params.multi_items()
        )
    except GatewayError as error:
        count_refusal("ws", error)
        # Before it is accepted the server shows this as 403.
        await socket.close(_POLICY_VIOLATION, failure_of(error).code)
        return
    try:
        await socket.accept(subprotocol, session_headers(session_id or ""))
    except OSError:
        return  # gone before it was accepted
    connection = Connection(socket, services.options)
    try:
        close = await _converse(connection, services, caller, session_id, subprotocol)
        if close is not None:
            await connection.close(close)
    finally:
        websocket_closed(connection.close_code)


def _add_custom_headers(socket: WebSocket) -> None:
    """Show the custom headers in the query to whoever reads headers: who calls, the agent."""
    headers = socket.scope["headers"]
    known = {name for name, _ in headers}
    custom = custom_headers_of(socket.query_params.multi_items(), known)
    socket.scope["headers"] = [*headers, *custom]


async def _converse(
    connection: Connection,
    services: WebSocketServices,
    caller: str,
    session_id: str | None,
    subprotocol: str | None,
) -> Close | None:
    """Talk in the dialect of the client; None when the client is gone."""
    dialect: Served | None = None
    try:
        first = await _first_message(connection, services)
        if first is None:
            return DRAINING
        dialect = _DIALECTS[choose(first, subprotocol)](connection, services, caller, session_id)
        return await dialect.serve(first)
    except Gone:
        return None
    except Exception as error:  # noqa: BLE001 - the edge of a WebSocket: always answered and closed
        if not isinstance(error, GatewayError):
            _log.exception("WebSocket failed")
        if dialect is None or isinstance(error, SessionBusy | TooManySessions):
            count_refusal("ws", error)
        return await _told(connection, dialect, error)


async def _first_message(connection: Connection, services: WebSocketServices) -> Frame | None:
    """Wait for the message that chooses the dialect; None when the server is about to stop."""
    try:
        async with asyncio.timeout(services.options.first_message_seconds):
            return await services.connections.unless_draining(connection.receive())
    except TimeoutError as error:
        raise TimedOut(
            "No message came after the connection was opened "
            "(GATEWAY_FIRST_MESSAGE_SECONDS). Send the first message at once."
        ) from error


async def _told(connection: Connection, dialect: Served | None, error: Exception) -> Close | None:
    failure = failure_of(error)
    try:
        if dialect is not None:
            await dialect.tell(error)
        elif isinstance(error, InvalidInput):
            await connection.say({"type": "gateway.error", **error_object(error), "seq": 1})
    except (Gone, TimedOut):
        pass  # it does not listen; the code of the close may still arrive
    return Close(failure.websocket_close, failure.code)
