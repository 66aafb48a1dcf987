"""What the user's line brings, until it is heard."""

import asyncio

from gateway.models.offline.endpointing import FRAME_BYTES, SAMPLE_RATE
from gateway.models.offline.speech import BATCH_FRAMES

MOST_WAITING_SECONDS = 5.0

_MOST_BYTES = int(MOST_WAITING_SECONDS * SAMPLE_RATE) * 2
_BYTES_PER_SECOND = 2 * SAMPLE_RATE


class Microphone:
    """A bounded buffer of sound with one reader, cut into whole frames.

    While nobody listens yet (the engines are loading) the oldest sound is dropped and counted: a
    live line cannot wait. Later, whoever brings sound faster than it is heard waits.
    """

    def __init__(self) -> None:
        self.dropped_seconds = 0.0
        self._sound = bytearray()
        self._listening = False
        self._closed = False
        self._changed = asyncio.Event()
        self._heard = asyncio.Event()

    def listen(self) -> None:
        """Drop nothing from now on: it will be heard soon."""
        self._listening = True

    async def put(self, pcm: bytes) -> None:
        """Take sound in pieces of any size, even half samples."""
        while self._listening and len(self._sound) >= _MOST_BYTES and not self._closed:
            self._heard.clear()
            await self._heard.wait()
        if self._closed:
            return
        self._sound += pcm
        if not self._listening:
            self._drop_oldest()
        self._changed.set()

    async def frames(self) -> list[bytes]:
        """Wait for sound and take it: at least one frame, and a batch at most."""
        self.listen()
        while len(self._sound) < FRAME_BYTES:
            self._changed.clear()
            await self._changed.wait()
        count = min(len(self._sound) // FRAME_BYTES, BATCH_FRAMES)
        batch = bytes(self._sound[: count * FRAME_BYTES])
        del self._sound[: len(batch)]
        self._heard.set()
        return [batch[start : start + FRAME_BYTES] for start in range(0, len(batch), FRAME_BYTES)]

    def close(self) -> None:
        """Take no more, and let go of who waits; idempotent."""
        self._closed = True
        self._sound.clear()
        self._heard.set()

    def _drop_oldest(self) -> None:
        surplus = len(self._sound) - _MOST_BYTES
        if surplus > 0:
            surplus += surplus % 2  # half a sample would turn the rest into noise
            del self._sound[:surplus]
            self.dropped_seconds += surplus / _BYTES_PER_SECOND
