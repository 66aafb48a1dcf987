"""Dialects of requests: each frame asks for one thing, and is answered before the next.

The frames are read while an answer is given, so that a client that vanishes stops it. Waiting
requests are bounded; one more than that closes the connection.
"""

import asyncio
from collections.abc import Awaitable, Callable

from protocols.contract.errors import SessionBusy
from protocols.live.racing import first_of
from protocols.websocket.connection import Close, Connection, Frame
from protocols.websocket.connections import DRAINING
from protocols.websocket.services import WebSocketServices

_MOST_WAITING = 4

IDLE = Close(1008, "TIMED_OUT")


class Requests:
    """Feeds the frames of one connection to ``answer``, one after the other.

    Frames that ``is_reflected`` tells to be a server's own are no requests: proxies have been seen
    to send them back.
    """

    def __init__(
        self,
        connection: Connection,
        services: WebSocketServices,
        answer: Callable[[Frame], Awaitable[None]],
        is_reflected: Callable[[Frame], bool] = lambda _: False,
    ) -> None:
        self._connection = connection
        self._services = services
        self._answer = answer
        self._is_reflected = is_reflected
        self._waiting: asyncio.Queue[Frame | None] = asyncio.Queue(_MOST_WAITING + 1)
        self._close = Close()

    async def serve(self, first: Frame) -> Close:
        """Answer until nothing is asked any more; raises what ``answer`` raises."""
        self._waiting.put_nowait(first)
        await first_of(self._read(), self._answer_all(), self._watch_draining())
        return self._close

    async def _read(self) -> None:
        while True:
            frame = await self._connection.receive()
            if self._is_reflected(frame):
                continue
            if self._waiting.qsize() >= _MOST_WAITING:
                raise SessionBusy(
                    f"More than {_MOST_WAITING} requests wait on this connection. "
                    "Wait for the answers before asking more."
                )
            self._waiting.put_nowait(frame)

    async def _answer_all(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._services.idle_seconds):
                    frame = await self._waiting.get()
            except TimeoutError:
                self._close = IDLE
                return
            if frame is None:
                self._close = DRAINING
                return
            await self._answer(frame)

    async def _watch_draining(self) -> None:
        await self._services.connections.draining.wait()
        await self._waiting.put(None)
        await asyncio.Event().wait()  # the answers end the connection
