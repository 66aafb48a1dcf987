"""The HTTP/2 side of the port: streams whose two directions run at the same time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from tests.emulators.requests import Request

_READ_BYTES = 64 * 1024

type Headers = Sequence[tuple[str, str]]


class Http2Connection:
    """One connection; each stream is answered in a task of its own."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Callable[["Http2Stream"], Awaitable[None]],
    ) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.protocol = h2.connection.H2Connection(config)
        self.writer = writer
        self._reader = reader
        self._answer = answer
        self._streams: dict[int, Http2Stream] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def serve(self) -> None:
        """Answer streams until either side closes the connection."""
        self.protocol.initiate_connection()
        await self.flush()
        try:
            while data := await self._reader.read(_READ_BYTES):
                for event in self.protocol.receive_data(data):
                    self._take(event)
                await self.flush()
        finally:
            for stream in self._streams.values():
                stream.leave()
            # A stream ends by itself when its client has left; one that waits must not hang us.
            _, waiting = await asyncio.wait(self._tasks, timeout=1) if self._tasks else ((), ())
            for task in waiting:
                task.cancel()
            ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                raise result

    async def flush(self) -> None:
        """Put on the wire what the protocol has to say.

        Raises:
            ConnectionError: the connection is closed.
        """
        if self.writer.transport.is_closing():
            raise ConnectionResetError("the client left")
        self.writer.write(self.protocol.data_to_send())
        await self.writer.drain()
        # drain() lets nobody else run while the buffer is small: the client must be heard too.
        await asyncio.sleep(0)

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=int(identifier), headers=headers):
                pairs = [(str(name), str(value)) for name, value in headers or ()]
                stream = Http2Stream(self, identifier, _request(pairs))
                self._streams[identifier] = stream
                self._tasks.append(asyncio.create_task(self._run(stream)))
            case h2.events.DataReceived(stream_id=int(identifier)):
                self._streams[identifier].put(event.data or b"", event.flow_controlled_length or 0)
            case h2.events.StreamEnded(stream_id=int(identifier)):
                self._streams[identifier].put(None, 0)
            case h2.events.StreamReset(stream_id=int(identifier)):
                self._streams[identifier].leave()
            case _:
                self._take_for_all(event)

    def _take_for_all(self, event: h2.events.Event) -> None:
        for stream in self._streams.values():
            if isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
                stream.widen()
            elif isinstance(event, h2.events.ConnectionTerminated):
                stream.leave()

    async def _run(self, stream: "Http2Stream") -> None:
        try:
            await self._answer(stream)
        except h2.exceptions.ProtocolError:
            stream.leave()


class Http2Stream:
    """One request and its response. What the client sends is taken piece by piece with ``receive``.

    ``left`` is set when the client resets the stream or closes the connection.
    """

    def __init__(self, connection: Http2Connection, identifier: int, request: Request) -> None:
        self.request = request
        self.left = asyncio.Event()
        self._connection = connection
        self._protocol = connection.protocol
        self._identifier = identifier
        self._inbox: deque[tuple[bytes | None, int]] = deque()  # bounded by the window
        self._arrived = asyncio.Event()
        self._widened = asyncio.Event()

    async def receive(self) -> bytes | None:
        """The next piece of the request's body; None at its end.

        Raises:
            ConnectionResetError: the client left.
        """
        while not self._inbox:
            if self.left.is_set():
                raise ConnectionResetError("the client left")
            self._arrived.clear()
            await self._arrived.wait()
        data, credit = self._inbox.popleft()
        if credit and not self.left.is_set():
            self._protocol.acknowledge_received_data(credit, self._identifier)
            # What has come is read to its end, though the client has gone by now.
            with suppress(ConnectionError):
                await self._connection.flush()
        return data

    async def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send a whole response."""
        await self.start(status, headers)
        await self.send(body)
        await self.finish()

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers."""
        self._check()
        self._protocol.send_headers(self._identifier, [(":status", str(status)), *headers])
        await self._connection.flush()

    async def send(self, data: bytes) -> None:
        """Send a piece of the body, as the client's window allows."""
        waiting = memoryview(data)
        while waiting:
            self._check()
            size = min(
                self._protocol.local_flow_control_window(self._identifier),
                self._protocol.max_outbound_frame_size,
            )
            if size > 0:
                self._protocol.send_data(self._identifier, bytes(waiting[:size]))
                waiting = waiting[size:]
                await self._connection.flush()
            else:
                self._widened.clear()
                await self._widened.wait()

    async def finish(self) -> None:
        """End the response."""
        self._check()
        self._protocol.end_stream(self._identifier)
        await self._connection.flush()

    async def reset(self) -> None:
        """End the stream with RST_STREAM."""
        self._check()
        self._protocol.reset_stream(self._identifier, h2.errors.ErrorCodes.INTERNAL_ERROR)
        await self._connection.flush()

    def cut(self) -> None:
        """Close the TCP connection where it stands."""
        self._connection.writer.transport.abort()

    def put(self, data: bytes | None, credit: int) -> None:
        """Take what came from the client; None is its end."""
        self._inbox.append((data, credit))
        self._arrived.set()

    def widen(self) -> None:
        """The client takes more."""
        self._widened.set()

    def leave(self) -> None:
        """The client is gone."""
        self.left.set()
        self._arrived.set()
        self._widened.set()

    def _check(self) -> None:
        if self.left.is_set():
            raise ConnectionResetError("the client left")


def _request(headers: list[tuple[str, str]]) -> Request:
    pseudo = {name: value for name, value in headers if name.startswith(":")}
    plain = [(name, value) for name, value in headers if not name.startswith(":")]
    if "host" not in dict(plain):
        plain.append(("host", pseudo.get(":authority", "")))
    return Request(pseudo[":method"], pseudo[":path"], tuple(plain))
