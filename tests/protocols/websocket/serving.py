"""A real uvicorn on loopback around the routes of the WebSocket, and clients of it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any, override

import uvicorn
from litestar import Litestar
from msgspec import Struct, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from protocols.ag_ui.attachments import OpenAttachments, left_alone
from protocols.ag_ui.responses import known_events
from protocols.ag_ui.run_input import parse, read_answers
from protocols.websocket.connections import Connections
from protocols.websocket.endpoint import websocket_routes
from protocols.websocket.options import WebSocketOptions
from protocols.websocket.services import CallerOf, WebSocketServices
from tests.protocols.scripted import ScriptedConversations

WAIT_SECONDS = 5


class Setting(Struct, kw_only=True):
    """What a test changes of the services."""

    caller_of: CallerOf = lambda _: "caller"
    origins: frozenset[str] = frozenset()
    options: WebSocketOptions = WebSocketOptions()
    idle_seconds: float = 900.0
    open_attachments: OpenAttachments = left_alone
    connections: Connections = field(default_factory=Connections)
    nova_voices: bool = False
    max_image_bytes: int = 5_000_000


class Site(Struct):
    """A server that runs."""

    url: str
    conversations: ScriptedConversations

    def connect(self, query: str = "", **options: Any) -> connect:
        return connect(
            f"{self.url}{query}", open_timeout=WAIT_SECONDS, close_timeout=WAIT_SECONDS, **options
        )


class _Server(uvicorn.Server):
    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def serving(
    conversations: ScriptedConversations | None = None, setting: Setting | None = None
) -> AsyncIterator[Site]:
    """Serve until the block is left."""
    conversations = conversations or ScriptedConversations()
    setting = setting or Setting()
    services = WebSocketServices(
        conversations=conversations,
        caller_of=setting.caller_of,
        allows=lambda connection: (
            connection.headers.get("origin", "own")
            in {
                "own",
                *setting.origins,
            }
        ),
        parse_run=parse,
        read_answers=read_answers,
        open_attachments=setting.open_attachments,
        known_events=known_events,
        options=setting.options,
        idle_seconds=setting.idle_seconds,
        connections=setting.connections,
        nova_voices=setting.nova_voices,
        max_image_bytes=setting.max_image_bytes,
    )
    server = _Server(
        uvicorn.Config(
            Litestar([*websocket_routes(services)], openapi_config=None),
            host="127.0.0.1",
            port=0,
            log_config=None,
            lifespan="off",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
    )
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not server.started:
                await asyncio.wait({task}, timeout=0.005)
        host, port = server.servers[0].sockets[0].getsockname()
        yield Site(f"ws://{host}:{port}/ws", conversations)
    finally:
        await setting.connections.drain(0)  # conversations that wait for their client end
        server.should_exit = True
        async with asyncio.timeout(WAIT_SECONDS):
            await task


async def tell(socket: ClientConnection, *messages: dict[str, Any]) -> None:
    """Send JSON objects."""
    for message in messages:
        await socket.send(json.dumps(message))


async def told(socket: ClientConnection) -> Any:
    """Wait for the next message: a JSON object, or sound as bytes."""
    async with asyncio.timeout(WAIT_SECONDS):
        frame = await socket.recv()
    return frame if isinstance(frame, bytes) else json.loads(frame)


async def told_until(socket: ClientConnection, kind: str) -> list[Any]:
    """Collect messages up to the first of a kind."""
    messages: list[Any] = []
    while not messages or isinstance(messages[-1], bytes) or messages[-1]["type"] != kind:
        messages.append(await told(socket))
    return messages


async def closed(socket: ClientConnection) -> tuple[list[Any], int, str]:
    """Collect what still comes, and how the connection is closed."""
    messages: list[Any] = []
    try:
        while True:
            messages.append(await told(socket))
    except ConnectionClosed as error:
        assert error.rcvd is not None, "closed without a close frame"
        return messages, error.rcvd.code, error.rcvd.reason


def kinds(messages: list[Any]) -> list[str]:
    """The types of messages; sound is named."""
    return ["sound" if isinstance(m, bytes) else m["type"] for m in messages]


async def until_freed(conversations: ScriptedConversations) -> None:
    """Wait until the session is free again."""
    async with asyncio.timeout(WAIT_SECONDS):
        await conversations.freed.wait()
    assert conversations.busy == {}
