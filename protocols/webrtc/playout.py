"""The agent's voice on its way out: PCM16 in, Opus packets of 20 ms out (pure).

Our own encoder and packets that are ready to send, because aiortc's way (a frame, a thread, a
resampler to 48 kHz stereo at 96 kb/s) costs three times as much and falls over at 20 calls. In
silence nothing is encoded and nothing is sent.
"""

from collections import deque
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext

from protocols.webrtc.opus import (
    CLOCK_RATE,
    CLOSING,
    FRAME_SECONDS,
    FRAME_TICKS,
    FRAMES_PER_SECOND,
)

_BYTES_PER_SAMPLE = 2
_BIT_RATE = 32_000
_ENCODER_OPTIONS = {"application": "audio", "compression_level": "5", "frame_duration": "20"}
_MOST_BEHIND_TICKS = CLOCK_RATE // 10


class Playout:
    """Voice that waits, and the time of each packet in RTP, which runs on in silence.

    When to send is the caller's: one packet each 20 ms. The time is passed in as seconds of a
    monotonic clock.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._frame_bytes = sample_rate // FRAMES_PER_SECOND * _BYTES_PER_SAMPLE
        self._encoder: AudioCodecContext | None = None
        self._rest = b""
        self._packets: deque[bytes] = deque()
        self._closing: deque[bytes] = deque()
        self._started_at: float | None = None
        self._paused = True
        self._ticks = -FRAME_TICKS

    @property
    def queued_seconds(self) -> float:
        """How much voice waits."""
        return len(self._packets) * FRAME_SECONDS

    @property
    def is_silent(self) -> bool:
        """Tell whether nothing is left to send."""
        return not (self._packets or self._rest or self._closing)

    def push(self, pcm: bytes) -> None:
        """Take voice."""
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % self._frame_bytes
        for start in range(0, whole, self._frame_bytes):
            self._encode(sound[start : start + self._frame_bytes])
        self._rest = sound[whole:]

    def take(self, now: float) -> tuple[bytes, int] | None:
        """Give the next packet with its time in ticks of 48 kHz; None if there is none."""
        payload = self._next_payload()
        if payload is None:
            return None
        if self._started_at is None:
            self._started_at = now
        elapsed = round((now - self._started_at) * FRAMES_PER_SECOND) * FRAME_TICKS
        following = self._ticks + FRAME_TICKS
        # After silence, and after a stall that is not caught up on, RTP goes by the clock again.
        if self._paused or elapsed - following > _MOST_BEHIND_TICKS:
            following = max(following, elapsed)
        self._ticks = following
        self._paused = self.is_silent
        return payload, following

    def drop(self) -> None:
        """Throw away what waits; the closing packets are still sent."""
        self._packets.clear()
        self._rest = b""
        self._encoder = None

    def _next_payload(self) -> bytes | None:
        if not self._packets and (self._encoder is not None or self._rest):
            # The end of what was said, or of what is there of it: the encoder still holds its tail.
            self._encode(self._rest.ljust(self._frame_bytes, b"\0"))
            self._rest = b""
            self._encoder = None
        if self._packets:
            return self._packets.popleft()
        return self._closing.popleft() if self._closing else None

    def _encode(self, pcm: bytes) -> None:
        if self._encoder is None:
            self._encoder = self._new_encoder()
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // _BYTES_PER_SAMPLE)
        plane = frame.planes[0]
        plane.update(pcm.ljust(plane.buffer_size, b"\0"))
        frame.sample_rate = self._sample_rate
        self._packets.extend(bytes(packet) for packet in self._encoder.encode(frame))
        self._closing = deque(CLOSING)

    def _new_encoder(self) -> AudioCodecContext:
        encoder = AudioCodecContext.create("libopus", "w")
        encoder.sample_rate = self._sample_rate
        encoder.layout = "mono"
        encoder.format = "s16"
        encoder.bit_rate = _BIT_RATE
        encoder.time_base = Fraction(1, self._sample_rate)
        encoder.options = dict(_ENCODER_OPTIONS)
        return encoder
