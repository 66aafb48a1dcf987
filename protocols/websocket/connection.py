"""One accepted WebSocket: whole messages in, paced frames out, one close.

Outbound at most 250 frames a second, as AgentCore allows. A client that takes nothing for
``stalled_seconds`` is given up; the buffer below holds 64 KB, and everything above waits.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect
from litestar.types.asgi_types import WebSocketSendEvent
from msgspec import Struct

from protocols.contract.errors import TimedOut, TooLarge
from protocols.live.pieces import LARGEST_FRAME_BYTES, fitted
from protocols.websocket.options import WebSocketOptions

type Frame = str | bytes

_FRAMES_PER_SECOND = 200.0
_BURST_FRAMES = 40.0  # 200 + 40 in any second stay below the platform's 250
_FRAMES_A_TURN = 8
_LONGEST_REASON_BYTES = 123
_CLOSE_SECONDS = 30.0
_NO_CODE, _ABNORMAL = 1005, 1006


class Gone(Exception):
    """The client is not there any more.

    ``code`` is that of its close frame, 1006 (RFC 6455) if it sent none; None: not known yet.
    """

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


class Close(Struct, frozen=True):
    """How a connection ends: code of RFC 6455 section 7.4 and a reason."""

    code: int = 1000
    reason: str = ""


class Line(Protocol):
    """A client as a dialect sees it: a ``Connection``, or a translator before one."""

    async def receive(self) -> Frame:
        """Wait for a message; raises as ``Connection.receive``."""
        ...

    async def say(self, document: dict[str, Any]) -> None:
        """Send a JSON object."""
        ...

    async def play(self, pcm: bytes) -> None:
        """Send audio."""
        ...

    async def drop(self) -> None:
        """Throw away what was not sent yet."""
        ...

    def give_up(self) -> None:
        """Send nothing more: what is being sent raises ``Gone``."""
        ...


class Connection:
    """Reads and writes one socket. One task reads, one writes at a time."""

    def __init__(
        self,
        socket: WebSocket,
        options: WebSocketOptions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._socket = socket
        self._options = options
        self._clock = clock
        self._encoder = msgspec.json.Encoder()
        self._received = 0
        self._given_up = False
        self._sending: asyncio.Task[None] | None = None  # only while the client does not take it
        self._close_code: int | None = None
        self._frames_left = _BURST_FRAMES
        self._counted_at = clock()

    @property
    def close_code(self) -> int:
        """How it ended, whoever closed it; 1006 (RFC 6455) if nobody said so."""
        return _ABNORMAL if self._close_code is None else self._close_code

    async def receive(self) -> Frame:
        """Wait for a message.

        Raises:
            Gone: the client closed or vanished.
            TooLarge: the message is above the limit.
        """
        # A turn of the loop now and then: a flood of frames must not stop everybody else.
        self._received += 1
        if self._received % _FRAMES_A_TURN == 0:
            await asyncio.sleep(0)
        try:
            message: Any = await self._socket.receive()
        except WebSocketDisconnect as error:
            raise Gone from error
        if message["type"] == "websocket.disconnect":
            # uvicorn says 1005 too when the transport is lost, but then there is no reason.
            is_cut = message["code"] == _NO_CODE and "reason" not in message
            self._close_code = _ABNORMAL if is_cut else message["code"]
            raise Gone(self._close_code)
        text = message.get("text")
        frame: Frame = text if text is not None else message.get("bytes") or b""
        if self._is_too_large(frame):
            raise TooLarge(
                f"A message is larger than {self._options.max_frame_bytes} bytes "
                "(GATEWAY_MAX_FRAME_BYTES). Send smaller ones."
            )
        return frame

    async def say(self, document: dict[str, Any]) -> None:
        """Send a JSON object as a text frame; whoever made it cut it, where it would be too large.

        What is too large all the same is sent with its texts cut: the platform takes no such frame.
        """
        data = self._encoder.encode(document)
        if len(data) > LARGEST_FRAME_BYTES:
            data = self._encoder.encode(fitted(document, LARGEST_FRAME_BYTES))
        await self._send({"type": "websocket.send", "bytes": None, "text": data.decode()})

    async def play(self, pcm: bytes) -> None:
        """Send audio as binary frames."""
        for start in range(0, len(pcm), LARGEST_FRAME_BYTES):
            piece = pcm[start : start + LARGEST_FRAME_BYTES]
            await self._send({"type": "websocket.send", "bytes": piece, "text": None})

    async def drop(self) -> None:
        """Nothing waits here that could be dropped."""

    async def close(self, close: Close) -> None:
        """Close, whatever state the socket is in."""
        reason = close.reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore")
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close(close.code, reason)
            if self._close_code is None:
                self._close_code = close.code
        except (OSError, RuntimeError, TimeoutError, WebSocketDisconnect):
            pass  # gone, closed already, or not taking anything: there is nothing left to close

    def give_up(self) -> None:
        """Send nothing more; what is being sent raises ``Gone``."""
        self._given_up = True
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self, event: WebSocketSendEvent) -> None:
        if wait_seconds := self._turn_in_seconds():
            await asyncio.sleep(wait_seconds)
        if self._given_up:
            raise Gone
        try:
            loop = asyncio.get_running_loop()
            # Begun at once: nearly always it ends at once too, and needs no watch over its time.
            sending = asyncio.eager_task_factory(loop, self._forward(event))
            if not sending.done():
                await self._finish(sending)
            sending.result()
        except (OSError, RuntimeError, WebSocketDisconnect) as error:
            self._given_up = True
            raise Gone from error

    async def _forward(self, event: WebSocketSendEvent) -> None:
        await self._socket.send(event)

    async def _finish(self, sending: asyncio.Task[None]) -> None:
        """Wait for a client that is slow to take what is sent to it."""
        self._sending = sending
        try:
            async with asyncio.timeout(self._options.stalled_seconds):
                await asyncio.wait({sending})
        except TimeoutError as error:
            self._given_up = True
            raise TimedOut("The client does not take what is sent to it.") from error
        finally:
            self._sending = None
            sending.cancel()
        if sending.cancelled():
            raise Gone

    def _turn_in_seconds(self) -> float:
        """Count a frame; gives how long it has to wait."""
        now = self._clock()
        gained = (now - self._counted_at) * _FRAMES_PER_SECOND
        self._frames_left = min(_BURST_FRAMES, self._frames_left + gained) - 1
        self._counted_at = now
        return max(0.0, -self._frames_left / _FRAMES_PER_SECOND)

    def _is_too_large(self, frame: Frame) -> bool:
        limit = self._options.max_frame_bytes
        if isinstance(frame, bytes) or len(frame) > limit:
            return len(frame) > limit
        return len(frame) * 4 > limit and len(frame.encode()) > limit
