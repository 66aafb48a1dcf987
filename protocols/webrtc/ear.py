"""What the client says, from packets to PCM16: our jitter buffer and decoder in front of a model.

No thread, no queue between threads, no resampler: a packet is decoded where it comes in, at the
model's own rate, and handed on at once with whatever came together with it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiortc.rtp import RtpPacket

from protocols.webrtc.jitter import Conceal, Counts, Decode, JitterBuffer, Recover, Silence, Step
from protocols.webrtc.libopus import Decoder
from protocols.webrtc.opus import FRAME_SECONDS, FRAME_TICKS, FRAMES_PER_SECOND
from protocols.webrtc.ticker import Ticker

_MOST_WAITING_SECONDS = 2.0
_BYTES_PER_SAMPLE = 2


class Ear:
    """One microphone.

    Args:
        sample_rate: hertz of what is given; one of ``opus.RATES``.
        ticker: of the process.
        clock: monotonic seconds.

    Raises:
        NoLibopus: nothing can be decoded here.
    """

    def __init__(
        self, sample_rate: int, ticker: Ticker, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._decoder = Decoder(sample_rate)
        self._most_bytes = round(_MOST_WAITING_SECONDS * sample_rate) * _BYTES_PER_SAMPLE
        self._frame_bytes = sample_rate // FRAMES_PER_SECOND * _BYTES_PER_SAMPLE
        self._ticker = ticker
        self._clock = clock
        self._buffer: JitterBuffer | None = None
        self._ssrc: int | None = None
        self._taken_at = 0.0
        self._heard = bytearray()
        self._changed = asyncio.Event()
        self._is_listening = False
        self._silence: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> Counts:
        """What became of the packets so far."""
        return self._buffer.counts if self._buffer is not None else Counts()

    @property
    def wait_seconds(self) -> float:
        """How long a missing packet is waited for now."""
        return self._buffer.wait_seconds if self._buffer is not None else 0.0

    def take(self, packet: RtpPacket) -> None:
        """Take a packet as it comes in; those that come while nobody listens are not heard."""
        if self._buffer is None or not self._is_listening:
            return
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._buffer.restart()
        self._taken_at = now = self._clock()
        self._buffer.put(packet.sequence_number, packet.timestamp, packet.payload, now)
        self._look(self._buffer, now)

    async def listen(self, hear: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand what is heard to ``hear``, without end; silence when nothing comes."""
        self._buffer = JitterBuffer(now := self._clock())
        self._is_listening = True
        self._ticker.add(self._tick)
        self._look(self._buffer, now)
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                pcm = bytes(self._heard)
                self._heard.clear()
                await hear(pcm)
        finally:
            self._is_listening = False
            self._ticker.remove(self._tick)
            self._cancel_silence()

    def _tick(self, now: float, _count: int) -> None:
        # While packets come they are the clock.
        if self._buffer is not None and now - self._taken_at >= FRAME_SECONDS / 2:
            self._look(self._buffer, now)

    def _look(self, buffer: JitterBuffer, now: float) -> None:
        """Hear what is due, and wait for silence if it comes next.

        Silence is to come when packets would have: the clock of all calls ticks in between. Given
        at its ticks, the silence of an echo comes back up to 20 ms out of step with its sound, and
        browsers take that for jitter. Models do not care: many calls do without.
        """
        self._hear(buffer.take(now))
        self._cancel_silence()
        due_at = buffer.silence_due_at
        if due_at is not None and due_at > now and not self._ticker.is_busy:
            loop = asyncio.get_running_loop()
            self._silence = loop.call_later(due_at - now, self._be_silent, buffer)

    def _be_silent(self, buffer: JitterBuffer) -> None:
        self._look(buffer, self._clock())

    def _cancel_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _hear(self, steps: list[Step]) -> None:
        if not steps:
            return
        for step in steps:
            self._heard += self._sound(step)
        if len(self._heard) > self._most_bytes:
            # Whoever listens is behind by seconds: what is said now counts more.
            del self._heard[: len(self._heard) - self._most_bytes]
        if len(self._heard) >= self._piece_bytes():
            self._changed.set()

    def _piece_bytes(self) -> int:
        """How much is handed on at once: less often where there are many calls."""
        return 3 * self._frame_bytes if self._ticker.is_busy else 1

    def _sound(self, step: Step) -> bytes:
        match step:
            case Decode(payload):
                return self._decoder.decode(payload) or self._decoder.conceal(FRAME_TICKS)
            case Recover(payload, ticks):
                return self._decoder.recover(payload, ticks)
            case Conceal(ticks):
                return self._decoder.conceal(ticks)
            case Silence(ticks):
                return self._decoder.silence(ticks)
