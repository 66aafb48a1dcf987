"""Opens an address on behalf of a client, and gives away nothing of the network the server is in.

The name is resolved here, every address behind it is checked, and the connection goes to one of the
checked addresses: a name that resolves to another one a moment later gains nothing. Redirects are
followed by the same rules. Nothing is sent that tells who asks: no cookies, no credentials, no
proxy's; nothing that comes is unpacked. Bytes and time are counted while they pass.
"""

import asyncio
import functools
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import httpx
from msgspec import Struct

from protocols.ag_ui.addresses import checked_url, is_public, port_of
from protocols.ag_ui.media import Unopened
from protocols.ag_ui.media import label as chosen_label
from protocols.contract.media_types import MediaKind

_log = logging.getLogger(__name__)

_MOST_REDIRECTS = 3
_MOST_ADDRESSES = 3  # of one name that are tried
_MOST_AT_ONCE = 16  # of the whole process
_MOST_LOOKUPS = 3  # at once: they take threads of a pool that others need too
_CONNECT_SECONDS = 3.0
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "agent-gateway"}

type Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses behind a name; raises ``OSError`` or ``UnicodeError`` if there are none."""

type Connect = Callable[[ssl.SSLContext], httpx.AsyncBaseTransport]
"""Makes what sends requests to the very address that their URL holds."""


class Budget:
    """What a run may still spend on its attachments; ``deadline`` in the loop's time."""

    def __init__(self, limit_bytes: int, deadline: float) -> None:
        self.deadline = deadline
        self._left_bytes = limit_bytes

    def spend(self, size: int) -> None:
        """Take bytes out.

        Raises:
            Unopened: there are not so many left.
        """
        if size > self._left_bytes:
            raise Unopened("budget")
        self._left_bytes -= size

    def refund(self, size: int) -> None:
        """Put bytes back."""
        self._left_bytes += size


class Fetched(Struct, frozen=True):
    """What an address gave, and what it is said to be."""

    mime_type: str
    data: bytes


class Fetcher:
    """Opens addresses.

    Args:
        max_bytes: the most that one address may give.
        resolve: see ``Resolve``.
        connect: see ``Connect``.
    """

    def __init__(
        self, *, max_bytes: int, resolve: Resolve | None = None, connect: Connect | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._resolve = resolve or resolved
        self._connect = connect or connected
        self._at_once = asyncio.Semaphore(_MOST_AT_ONCE)
        self._lookups = asyncio.Semaphore(_MOST_LOOKUPS)

    async def fetch(self, link: str, kind: MediaKind, stated: str, budget: Budget) -> Fetched:
        """Open an address for media of a kind and a stated type, which may be empty.

        Raises:
            Unopened: it may not be opened, could not be, or holds something else.
        """
        url = checked_url(link)
        try:
            async with asyncio.timeout_at(budget.deadline), self._at_once:
                trust = await asyncio.to_thread(_trust)
                async with self._connect(trust) as transport:
                    return await self._followed(transport, url, (kind, stated), budget)
        except TimeoutError:
            raise Unopened("slow") from None
        except httpx.TransportError as error:  # the server broke off, or spoke no HTTP
            _log.info("an attachment could not be read: %s", type(error).__name__)
            raise Unopened("unreachable") from None

    async def _followed(
        self,
        transport: httpx.AsyncBaseTransport,
        url: httpx.URL,
        wanted: tuple[MediaKind, str],
        budget: Budget,
    ) -> Fetched:
        """Follow redirects to what they lead to."""
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._answer(transport, url) as response:
                if response.status_code not in _REDIRECTS:
                    mime_type = self._checked(response, *wanted)
                    return Fetched(mime_type, await self._body(response, budget))
                url = checked_url(response.headers.get("Location", ""), url)
        raise Unopened("answer")

    @asynccontextmanager
    async def _answer(
        self, transport: httpx.AsyncBaseTransport, url: httpx.URL
    ) -> AsyncIterator[httpx.Response]:
        """Ask the first address that can be connected to; all have to be public."""
        addresses = await self._addresses(url)
        if not all(is_public(address) for address in addresses):
            raise Unopened("private")
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                response = await transport.handle_async_request(_request(url, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            try:
                yield response
            finally:
                await response.aclose()
            return
        raise Unopened("unreachable")

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Look a name up. A lookup that nobody waits for any more still counts until it ends."""
        await self._lookups.acquire()
        looking = asyncio.ensure_future(self._resolve(url.raw_host.decode(), port_of(url)))
        looking.add_done_callback(self._looked_up)
        try:
            return await asyncio.shield(looking)
        except (OSError, UnicodeError):
            raise Unopened("unreachable") from None

    def _looked_up(self, looking: "asyncio.Future[list[str]]") -> None:
        self._lookups.release()
        if not looking.cancelled():
            looking.exception()  # of one that was given up: nobody else will ask

    def _checked(self, response: httpx.Response, kind: MediaKind, stated: str) -> str:
        """Refuse by its head what need not be read; tells what it is said to be."""
        if response.status_code != httpx.codes.OK:
            raise Unopened("answer")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Unopened("answer")  # packed though we asked for it as it is
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise Unopened("size")
        return chosen_label(kind, response.headers.get("Content-Type", ""), stated)

    async def _body(self, response: httpx.Response, budget: Budget) -> bytes:
        body = bytearray()
        try:
            async for piece in response.aiter_raw():
                if len(body) + len(piece) > self._max_bytes:
                    raise Unopened("size")
                budget.spend(len(piece))
                body += piece
        except BaseException:
            budget.refund(len(body))
            raise
        return bytes(body)


async def resolved(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return list(dict.fromkeys(cast(str, place[0]) for *_, place in found))


def connected(trust: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """Make a transport without proxies whose connections serve one request each.

    It finds connections by their address, not by the name in the certificate: never one twice.
    """
    return httpx.AsyncHTTPTransport(
        verify=trust,
        trust_env=False,
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
    )


def _request(url: httpx.URL, address: str) -> httpx.Request:
    """Ask an address for what a name promises: the name in ``Host`` and in the certificate."""
    return httpx.Request(
        "GET",
        url.copy_with(host=address),
        headers={"Host": url.netloc.decode(), **_HEADERS},
        extensions={
            "sni_hostname": url.raw_host.decode(),
            "timeout": {"connect": _CONNECT_SECONDS},
        },
    )


@functools.cache
def _trust() -> ssl.SSLContext:
    """The certificates we trust; reading them takes a moment, once."""
    return httpx.create_ssl_context()
