"""What the user's line brings, until it is heard."""

import asyncio

from gateway.models.offline.endpointing import FRAME_BYTES, SAMPLE_RATE
from gateway.models.offline.speech import BATCH_FRAMES

MOST_WAITING_SECONDS = 5.0

_MOST_BYTES = int(MOST_WAITING_SECONDS * SAMPLE_RATE) * 2


class Microphone:
    """A bounded buffer of sound with one reader, cut into whole frames.

    Whoever brings sound faster than it is heard waits, while the engines load as well: who brings
    it knows whether its line is live, and may drop the oldest; a recording must not lose a word.
    """

    def __init__(self) -> None:
        self._sound = bytearray()
        self._closed = False
        self._changed = asyncio.Event()
        self._heard = asyncio.Event()

    async def put(self, pcm: bytes) -> None:
        """Take sound in pieces of any size, even half samples."""
        while len(self._sound) >= _MOST_BYTES and not self._closed:
            self._heard.clear()
            await self._heard.wait()
        if self._closed:
            return
        self._sound += pcm
        self._changed.set()

    async def frames(self) -> list[bytes]:
        """Wait for sound and take it: at least one frame, and a batch at most."""
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
