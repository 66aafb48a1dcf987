"""The events of a turn or a live conversation on their way to a wire.

Bounded: when full, the model's reader waits, which slows the model. A barge-in overtakes the
speech that it cuts off, so it is never stuck behind the audio of a slow wire.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable

from protocols.contract.errors import GatewayError
from protocols.contract.events import AudioDelta, BargeIn, Event, Transcript

type Item = Event | GatewayError | None


class EventBuffer:
    """A bounded queue of events, with one reader and one writer.

    Args:
        most: how many events may wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: deque[Item] = deque()
        self._room = asyncio.Event()
        self._reader: asyncio.Future[None] | None = None
        self._alarm = _Alarm(self._wake_reader)
        self._closed = False

    def offer(self, item: Item) -> bool:
        """Add at the end without waiting; tells whether there was room. No barge-ins."""
        if len(self._items) >= self._most or self._closed:
            return False
        self._items.append(item)
        self._wake_reader()
        return True

    async def put(self, item: Item) -> None:
        """Add at the end; waits while full. After ``close`` nothing is kept."""
        if isinstance(item, BargeIn):
            self._items = deque(waiting for waiting in self._items if not _is_speech(waiting))
        while len(self._items) >= self._most and not self._closed:
            self._room.clear()
            await self._room.wait()
        if not self._closed:
            self._items.append(item)
        self._wake_reader()

    async def take(self, pause_seconds: float | None = None) -> list[Item]:
        """Take everything there is; waits while there is nothing, for so long at most."""
        if not self._items:
            await self._wait(pause_seconds)
        taken = list(self._items)
        self._items.clear()
        self._room.set()
        return taken

    async def _wait(self, seconds: float | None) -> None:
        """Wait for an item; once a delta, so without an Event and a timer for each."""
        self._reader = asyncio.get_running_loop().create_future()
        if seconds is not None:
            self._alarm.set(seconds)
        try:
            await self._reader
        finally:
            self._reader = None

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def events(self) -> AsyncGenerator[Event]:
        """Yield the events one by one.

        Raises:
            GatewayError: one was put in.
        """
        while True:
            while not self._items:
                await self._wait(None)
            item = self._items.popleft()
            self._room.set()
            if item is None:
                return
            if isinstance(item, GatewayError):
                raise item
            yield item

    async def batches(self, pause_seconds: float | None = None) -> AsyncGenerator[list[Event]]:
        """Yield the events as they come, and an empty batch after each silence of so long.

        Raises:
            GatewayError: one was put in.
        """
        try:
            while True:
                batch: list[Event] = []
                for item in await self.take(pause_seconds):
                    if item is None or isinstance(item, GatewayError):
                        if batch:
                            yield batch
                        if item is None:
                            return
                        raise item
                    batch.append(item)
                yield batch
        finally:
            self._alarm.cancel()

    def finish(self, last: Item = None) -> None:
        """Add the last item and the end; there is always room for them."""
        if not self._closed:
            self._items += [None] if last is None else [last, None]
        self._wake_reader()

    def close(self) -> None:
        """Drop what waits and let a waiting writer go; a reader gets the end."""
        self._closed = True
        self._items = deque([None])
        self._room.set()
        self._wake_reader()


class _Alarm:
    """Rings after a while in which it was not set again; setting it again makes no new timer."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._due_at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._due_at = loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due_at:
            self.cancel()
            self._timer = loop.call_at(self._due_at, self._check)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if loop.time() >= self._due_at:
            self._ring()
        else:
            self._timer = loop.call_at(self._due_at, self._check)


def _is_speech(item: Item) -> bool:
    if isinstance(item, Transcript):
        return item.role == "assistant" and not item.final
    return isinstance(item, AudioDelta)
