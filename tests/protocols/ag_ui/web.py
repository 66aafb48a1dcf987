"""A piece of the internet for tests: names, public addresses, and a server behind them.

The rules of the fetcher stay as they are. It resolves names by a table, connects to the public
address it has checked, and only the wire below that leads to this machine.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import override

import httpx

from protocols.ag_ui.fetching import Fetcher, connected

PUBLIC = "93.184.216.34"
PUBLIC_6 = "2606:2800:220:1:248:1893:25c8:1946"

type Page = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""The raw bytes of an answer, or what writes them."""


class Web:
    """Names and pages; remembers what was looked up, connected to and asked.

    ``names`` holds the answers to the lookups of a name in turn; the last one stays.
    """

    def __init__(self, pages: Mapping[str, Page], names: Mapping[str, list[list[str]]]) -> None:
        self.pages = pages
        self.names = {name: list(answers) for name, answers in names.items()}
        self.lookups: list[tuple[str, int]] = []
        self.connected: list[str] = []
        self.requests: list[str] = []
        self.closed = asyncio.Event()
        self.dead: set[str] = set()
        self._ports: dict[int, int] = {}

    async def resolve(self, host: str, port: int) -> list[str]:
        """Look a name up in the table."""
        self.lookups.append((host, port))
        if host not in self.names:
            raise OSError("no such name")
        answers = self.names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, trust: ssl.SSLContext) -> httpx.AsyncBaseTransport:
        """Make the true transport, with another end to its wire."""
        return _Wire(connected(trust), self)

    def fetcher(self, max_bytes: int = 1000) -> Fetcher:
        """A fetcher in this internet."""
        return Fetcher(max_bytes=max_bytes, resolve=self.resolve, connect=self.connect)

    def port(self, public: int) -> int:
        """The true port behind a public one."""
        return self._ports[public]

    @asynccontextmanager
    async def served(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Web"]:
        """Serve the pages; on 443 if there are certificates."""
        public = 80 if tls is None else 443
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self._ports[public] = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            async with asyncio.timeout(5):
                await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            page = self.pages.get(head.split(" ")[1], answer(b"", status="404 Not Found"))
            if isinstance(page, bytes):
                writer.write(page)
                await writer.drain()
            else:
                await page(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()
            self.closed.set()


class _Wire(httpx.AsyncBaseTransport):
    """Leads public addresses to the server of the test."""

    def __init__(self, inner: httpx.AsyncBaseTransport, web: Web) -> None:
        self._inner = inner
        self._web = web

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._web.connected.append(request.url.host)
        if request.url.host in self._web.dead:
            raise httpx.ConnectError("dead")
        public = request.url.port or {"http": 80, "https": 443}[request.url.scheme]
        request.url = request.url.copy_with(host="127.0.0.1", port=self._web.port(public))
        return await self._inner.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


def answer(body: bytes, mime_type: str = "", status: str = "200 OK", **headers: str) -> bytes:
    """An answer with its length."""
    described = {"Content_Length": str(len(body)), "Content_Type": mime_type} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in described.items() if value]
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """An answer that leads elsewhere."""
    return answer(b"", status=status, Location=location, Set_Cookie="id=secret; Path=/")
