"""The agent's voice as a track of aiortc, which sends one packet after the other as they are given.

``recv`` gives packets that are ready to send: no thread, no resampler, no frame on the way.
"""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from protocols.webrtc.opus import CLOCK_RATE
from protocols.webrtc.playout import Playout
from protocols.webrtc.ticker import Ticker

_TIME_BASE = Fraction(1, CLOCK_RATE)
_MOST_QUEUED_SECONDS = 0.4
_MOST_PERMITS = 5  # what is not sent for so long (100 ms) is not caught up on


class VoiceTrack(MediaStreamTrack):
    """Sends one packet a tick, and the first one after silence at once.

    Args:
        sample_rate: hertz of what is played; one of ``opus.RATES``.
        ticker: of the process.
        clock: monotonic seconds.
    """

    kind = "audio"

    def __init__(
        self, sample_rate: int, ticker: Ticker, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._playout = Playout(sample_rate)
        self._ticker = ticker
        self._clock = clock
        self._permits = 0
        self._may_send = asyncio.Event()
        self._has_room = asyncio.Event()

    @property
    def queued_seconds(self) -> float:
        """How much voice has not left yet."""
        return self._playout.queued_seconds

    async def play(self, pcm: bytes) -> None:
        """Take voice; waits while much of it is waiting already. A track that ended takes none."""
        while self._playout.queued_seconds >= _MOST_QUEUED_SECONDS and self.readyState == "live":
            self._has_room.clear()
            await self._has_room.wait()
        if self.readyState != "live":
            return
        was_silent = self._playout.is_silent
        self._playout.push(pcm, is_busy=self._ticker.is_busy)
        if was_silent:
            self._ticker.add(self._tick)
            self._permits = max(self._permits, 1)
        self._may_send.set()

    def drop(self) -> None:
        """Stop the voice within one packet."""
        self._playout.drop()
        self._has_room.set()

    def stop(self) -> None:
        """End the track; nobody waits for it any longer."""
        super().stop()
        self._ticker.remove(self._tick)
        self._may_send.set()
        self._has_room.set()

    async def silence(self) -> None:
        """Wait until all voice was sent."""
        while not self._playout.is_silent and self.readyState == "live":
            self._has_room.clear()
            await self._has_room.wait()

    async def recv(self) -> av.Packet:
        """Give the next packet when it is due."""
        while self.readyState == "live":
            due = self._playout.take(self._clock()) if self._permits else None
            if due is not None:
                self._permits -= 1
                self._has_room.set()
                return _packet(*due)
            self._may_send.clear()
            await self._may_send.wait()
        raise MediaStreamError

    def expect_loss(self, percent: int) -> None:
        """Prepare for packets to be lost on their way: percent of them."""
        self._playout.expect_loss(percent)

    def _tick(self, _now: float, count: int) -> None:
        if self._playout.is_silent:
            # What was not used must not become a burst at the next word.
            self._permits = 0
            self._ticker.remove(self._tick)
            self._has_room.set()
            return
        self._permits = min(self._permits + count, _MOST_PERMITS)
        self._may_send.set()


def _packet(payload: bytes, ticks: int) -> av.Packet:
    packet = av.Packet(payload)
    packet.pts = ticks
    packet.time_base = _TIME_BASE
    return packet
