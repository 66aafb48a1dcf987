"""The answer of a library that blocks: made in a thread of its own, read on the event loop.

The loop's own pool is not used: it has few threads, a hundred answers would wait for each other in
it, and leaving the process waits for it. These are daemon threads, one an answer.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from strands.types.streaming import StreamEvent

MOST_WAITING = 256
"""Chunks that may wait for the loop; the thread is held up when it is ahead by more."""


class HandOn(Protocol):
    """Takes chunks from a thread."""

    def __call__(self, chunk: StreamEvent | None = None) -> None:
        """Take one; None is ignored: a library may say so that it ends."""


class Abandoned(Exception):
    """Nobody reads any more; raised in the thread to end its work."""


async def from_thread(
    work: Callable[[HandOn], None], abandon: Callable[[], None]
) -> AsyncGenerator[StreamEvent]:
    """Run ``work`` in a thread, with the context of the caller; yield what it hands on.

    Args:
        work: calls what it is given with each chunk.
        abandon: called on the loop when the reading ends, however it ends; must not block.

    Raises:
        Exception: what the work raised.
    """
    handed = _Handed(asyncio.get_running_loop())
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=context.run, args=(handed.run, work), name="model-answer", daemon=True
    )
    thread.start()
    try:
        while chunks := await handed.take():
            for chunk in chunks:
                yield chunk
        if handed.error is not None:
            raise handed.error
    finally:
        handed.close()
        abandon()


class _Handed:
    """What a thread has handed to the loop and the loop has not taken yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._chunks: deque[StreamEvent] = deque()
        self._taker: asyncio.Future[None] | None = None
        self._told = False
        self._room = threading.Event()
        self._closed = False
        self._ended = False
        self.error: Exception | None = None

    def run(self, work: Callable[[HandOn], None]) -> None:
        """Work; in the thread."""
        try:
            work(self._put)
        except Abandoned:
            pass
        except Exception as error:  # noqa: BLE001 - raised again on the loop
            self.error = error
        self._ended = True
        self._tell()

    async def take(self) -> list[StreamEvent]:
        """Give all there is; waits for something; nothing is the end."""
        while not self._chunks and not self._ended:
            self._taker = self._loop.create_future()
            self._told = False
            if self._chunks or self._ended:
                break
            await self._taker
        taken = []
        while self._chunks:
            taken.append(self._chunks.popleft())
        self._room.set()
        return taken

    def close(self) -> None:
        """Nobody takes any more."""
        self._closed = True
        self._room.set()

    def _put(self, chunk: StreamEvent | None = None) -> None:
        if chunk is None:
            return
        while len(self._chunks) >= MOST_WAITING and not self._closed:
            self._room.clear()
            if len(self._chunks) >= MOST_WAITING and not self._closed:
                self._room.wait()
        if self._closed:
            raise Abandoned
        self._chunks.append(chunk)
        self._tell()

    def _tell(self) -> None:
        """Wake the loop, once for whatever comes before it looks."""
        if self._told:
            return
        self._told = True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            self._closed = True  # the loop is closed: the process ends

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)
