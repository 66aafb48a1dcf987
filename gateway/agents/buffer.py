"""The events of a live conversation on their way to a wire.

Bounded: when full, the model's reader waits, which slows the model. A barge-in overtakes the
speech that it cuts off, so it is never stuck behind the audio of a slow wire.
"""

import asyncio
from collections import deque

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
        self._changed = asyncio.Event()
        self._closed = False

    async def put(self, item: Item) -> None:
        """Add at the end; waits while full. After ``close`` nothing is kept."""
        if isinstance(item, BargeIn):
            self._items = deque(waiting for waiting in self._items if not _is_speech(waiting))
        while len(self._items) >= self._most and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if not self._closed:
            self._items.append(item)
        self._changed.set()

    async def get(self) -> Item:
        """Take the first; waits while there is none."""
        while not self._items:
            self._changed.clear()
            await self._changed.wait()
        self._changed.set()
        return self._items.popleft()

    def close(self) -> None:
        """Drop what waits and let a waiting writer go; a reader gets the end."""
        self._closed = True
        self._items = deque([None])
        self._changed.set()


def _is_speech(item: Item) -> bool:
    if isinstance(item, Transcript):
        return item.role == "assistant" and not item.final
    return isinstance(item, AudioDelta)
