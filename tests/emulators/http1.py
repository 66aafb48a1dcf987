"""The HTTP/1.1 side of the port: requests one after the other, each answered as a handler likes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import h11

from tests.emulators.requests import Request

_READ_BYTES = 64 * 1024
_MAX_BODY_BYTES = 32 * 1024 * 1024


class Exchange:
    """One request and its response; ``gone`` is set when the client closes before the end."""

    def __init__(
        self, connection: h11.Connection, writer: asyncio.StreamWriter, request: Request
    ) -> None:
        self.request = request
        self.gone = asyncio.Event()
        self._connection = connection
        self._writer = writer

    async def respond(
        self, status: int, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> None:
        """Send a whole response."""
        await self.start(status, [*headers, ("content-length", str(len(body)))])
        if body:
            await self.send(body)
        await self.finish()

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Send status and headers; without a length the body is sent in chunks."""
        await self._send(h11.Response(status_code=status, headers=list(headers)))

    async def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        await self._send(h11.Data(data=data))

    async def finish(self) -> None:
        """End the body."""
        await self._send(h11.EndOfMessage())

    def cut(self) -> None:
        """Close the TCP connection where it stands, without TLS's farewell."""
        self._writer.transport.abort()

    async def _send(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._connection.send(event)
        self._writer.write(data or b"")
        await self._writer.drain()
        # drain() lets nobody else run while the buffer is small: the client must be heard too.
        await asyncio.sleep(0)


async def serve_http1(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[Exchange], Awaitable[None]],
) -> None:
    """Answer the requests of one connection until either side closes it."""
    connection = h11.Connection(h11.SERVER)
    while (request := await _read_request(connection, reader, writer)) is not None:
        exchange = Exchange(connection, writer, request)
        watching = asyncio.create_task(_watch(connection, reader, exchange.gone))
        try:
            await answer(exchange)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if exchange.gone.is_set() or connection.our_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _read_request(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Request | None:
    """The next request with its body; None at the end of the connection."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(connection.send(go_on) or b"")
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY_BYTES:
                raise h11.RemoteProtocolError("the body is too large")
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, bytes(body))
        else:
            return None


def _request(head: h11.Request, body: bytes) -> Request:
    headers = tuple((name.decode(), value.decode()) for name, value in head.headers)
    return Request(head.method.decode(), head.target.decode(), headers, body)


async def _watch(
    connection: h11.Connection, reader: asyncio.StreamReader, gone: asyncio.Event
) -> None:
    """Notice that the client closes while it is being answered."""
    try:
        while data := await reader.read(_READ_BYTES):
            connection.receive_data(data)
    except OSError:
        pass  # cut, or closed within a record of TLS
    gone.set()
