"""What the user says, on its way to the model (pure but for the wake-up).

The model may connect or restart for seconds: audio waits here, and beyond a few seconds the
oldest is dropped and counted, so that the model hears what is said now. Messages are never
dropped; too many are refused.
"""

import asyncio
from collections import deque

from msgspec import Struct

from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import AudioChunk, Media, Text

_MESSAGES = 64


class Interrupt(Struct, frozen=True):
    """The answer being given is to be stopped."""


class Truncate(Struct, frozen=True):
    """Only so much of the answer given last was heard."""

    seconds: float


class Begun(Struct, frozen=True):
    """Something that the model is taking already, but not at once."""

    taking: asyncio.Task[None]


type Said = AudioChunk | Text | Media | Interrupt | Truncate | Begun


class Microphone:
    """A bounded queue of inputs with one reader.

    Args:
        most_bytes: how much audio may wait.
    """

    def __init__(self, most_bytes: int) -> None:
        self.dropped_bytes = 0
        self._most_bytes = most_bytes
        self._audio_bytes = 0
        self._items: deque[Said] = deque()
        self._filled = asyncio.Event()
        self._reader_waits = False
        self._all_taken = asyncio.Event()
        self._all_taken.set()
        self._closed = False

    @property
    def is_idle(self) -> bool:
        """Tell whether the reader waits and nothing is there for it."""
        return self._reader_waits and not self._items

    def put(self, item: Said) -> None:
        """Add an input.

        Raises:
            InvalidInput: too many messages wait.
        """
        if isinstance(item, AudioChunk):
            self._audio_bytes += len(item.pcm)
        elif len(self._items) - self._chunks() >= _MESSAGES:
            raise InvalidInput("Too many messages wait for the model. Send fewer at a time.")
        self._items.append(item)
        self._drop_oldest()
        self._filled.set()
        if not self._closed:
            self._all_taken.clear()

    async def get(self) -> Said:
        """Take the oldest input; waits while there is none."""
        while not self._items:
            self._filled.clear()
            self._reader_waits = True
            try:
                await self._filled.wait()
            finally:
                self._reader_waits = False
        item = self._items.popleft()
        if isinstance(item, AudioChunk):
            self._audio_bytes -= len(item.pcm)
        return item

    def done(self) -> None:
        """The reader is through with what it got."""
        if not self._items:
            self._all_taken.set()

    async def taken(self) -> None:
        """Wait until the reader is through with all that was put, or will never be."""
        await self._all_taken.wait()

    def close(self) -> None:
        """Nobody reads any more."""
        self._closed = True
        self._all_taken.set()

    def _drop_oldest(self) -> None:
        while self._audio_bytes > self._most_bytes:
            oldest = next(item for item in self._items if isinstance(item, AudioChunk))
            self._items.remove(oldest)
            self._audio_bytes -= len(oldest.pcm)
            self.dropped_bytes += len(oldest.pcm)

    def _chunks(self) -> int:
        return sum(isinstance(item, AudioChunk) for item in self._items)
