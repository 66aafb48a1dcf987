"""The door around conversations that a test wrote down: in this process, or on a real socket."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from typing import Any, override

import httpx
import uvicorn
from litestar import Litestar
from litestar.connection import ASGIConnection
from msgspec import Struct

from protocols.actions import ActionsProtocol
from protocols.ag_ui.attachments import OpenAttachments, left_alone
from protocols.ag_ui.responses import AgUiProtocol
from protocols.ag_ui.run_input import read_answers, read_content
from protocols.http_json.prompt import PromptProtocol
from protocols.http_json.spoken import SpokenProtocol
from protocols.invocation import ActionHandler, InvocationProtocol
from protocols.routes import door
from protocols.streaming import SESSION_HEADER
from tests.fakes import FakeConversations

WAIT_SECONDS = 5
JSON = {"Content-Type": "application/json"}
EVENTS = JSON | {"Accept": "text/event-stream"}


class Setting(Struct, kw_only=True):
    """What a test changes of the door."""

    in_band: bool = False
    keep_alive_seconds: float = 15.0
    max_text_bytes: int = 1000
    max_body_bytes: int = 5_000_000
    actions: Mapping[str, ActionHandler] = {}
    allows: Callable[[ASGIConnection], bool] = lambda _: True
    body_seconds: float = 15.0
    open_attachments: OpenAttachments = left_alone


def door_app(conversations: FakeConversations, setting: Setting | None = None) -> Litestar:
    """An application with nothing but ``POST /invocations``."""
    setting = setting or Setting()
    pause, in_band = setting.keep_alive_seconds, setting.in_band
    protocols: list[InvocationProtocol] = [
        ActionsProtocol(setting.actions),
        AgUiProtocol(
            keep_alive_seconds=pause, in_band=in_band, open_attachments=setting.open_attachments
        ),
        SpokenProtocol(keep_alive_seconds=pause, in_band=in_band),
        PromptProtocol(
            read_content=read_content,
            read_answers=read_answers,
            open_attachments=setting.open_attachments,
            max_text_bytes=setting.max_text_bytes,
            keep_alive_seconds=pause,
            in_band=in_band,
        ),
    ]
    route = door(
        conversations,
        protocols,
        caller_of=lambda _: "caller",
        allows=setting.allows,
        body_seconds=setting.body_seconds,
    )
    return Litestar(
        [route],
        openapi_config=None,
        request_max_body_size=setting.max_body_bytes,
        logging_config=None,
    )


class Client:
    """Sends requests to a door."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def post(self, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """Post a body; what is no bytes is sent as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.http.post(
                "/invocations", content=body, headers=JSON if headers is None else headers
            )

    async def post_in(self, session: str, content: Any) -> httpx.Response:
        """Post JSON with the session named in the header."""
        return await self.post(content, JSON | {SESSION_HEADER: session})


@asynccontextmanager
async def knocking(
    conversations: FakeConversations | None = None, setting: Setting | None = None
) -> AsyncIterator[Client]:
    """A client of the door in this process."""
    app = door_app(conversations or FakeConversations(), setting)
    # Litestar's own client recodes headers and reads no bodies that come in pieces.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        yield Client(http)


class _Server(uvicorn.Server):
    """Leaves the signals of the tests alone."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def serving(
    conversations: FakeConversations, setting: Setting | None = None
) -> AsyncIterator[int]:
    """Serve the door on loopback until the block is left; yields the port."""
    server = _Server(
        uvicorn.Config(
            door_app(conversations, setting),
            host="127.0.0.1",
            port=0,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not server.started:
                await asyncio.wait({task}, timeout=0.005)
        port: int = server.servers[0].sockets[0].getsockname()[1]
        yield port
    finally:
        server.should_exit = True
        async with asyncio.timeout(WAIT_SECONDS):
            await task


def events_of(response: httpx.Response) -> list[dict[str, Any]]:
    """The events of an event stream; comments are left out."""
    return events_in(response.content)


def events_in(stream: bytes) -> list[dict[str, Any]]:
    """The events of an event stream; comments are left out."""
    assert b"\r" not in stream
    *frames, rest = stream.split(b"\n\n")
    assert rest == b""
    return [
        json.loads(frame.removeprefix(b"data: ")) for frame in frames if frame.startswith(b"data: ")
    ]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The types of events."""
    return [event["type"] for event in events]
