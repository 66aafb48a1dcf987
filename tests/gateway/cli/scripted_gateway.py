"""Gateways that do as they are told, on real sockets of loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, cast

import uvicorn
from litestar import Litestar

from gateway.cli.address import Address, parse_address

BOUND_SECONDS = 10.0


@dataclass
class Reply:
    """One answer. ``hold``: it is not ended before that is set."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/event-stream"
    hold: Event | None = None


@dataclass
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpScript:
    """The answers to come, in order, and the requests that came."""

    address: Address
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    came: Event = field(default_factory=Event)


def sse(*events: dict[str, Any]) -> bytes:
    """The events as server-sent events."""
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


class _Server(ThreadingHTTPServer):
    script: HttpScript


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        script = cast(_Server, self.server).script
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        script.requests.append(Request(self.path, dict(self.headers), body))
        reply = script.replies.pop(0)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()
        script.came.set()
        if reply.hold is not None:
            reply.hold.wait(BOUND_SECONDS)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def http_gateway() -> Iterator[HttpScript]:
    """Serve a script from a thread."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.script = HttpScript(parse_address(f"http://127.0.0.1:{server.server_port}"))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.script
        finally:
            server.shutdown()
            thread.join()


def nobody() -> Address:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return parse_address(f"http://127.0.0.1:{probe.getsockname()[1]}")


@asynccontextmanager
async def asgi_gateway(app: Litestar) -> AsyncIterator[Address]:
    """Serve an application in this event loop."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield parse_address(f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            async with asyncio.timeout(BOUND_SECONDS):
                await serving
