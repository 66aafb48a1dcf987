"""The agent's voice on its way out: PCM16 in, Opus packets of 20 ms out (pure).

Our own encoder and packets that are ready to send, because aiortc's way (a frame, a thread, a
resampler to 48 kHz stereo at 96 kb/s) costs three times as much and falls over at 20 calls. In
silence nothing is encoded and nothing is sent.

Models speak faster than they are heard: when what they said is used up, they have ended, and the
voice is closed at once. A source that gives its sound only as it is made (an echo, a live
transmission) lives from hand to mouth: it is waited for a little, and what comes late leaves late,
because silence put in its place would be a delay that stays. In a busy process that delay is
welcome: it is the cushion that keeps the voice even.
"""

from collections import deque

from protocols.webrtc.encoding import Encoding, new_encoding
from protocols.webrtc.opus import (
    CLOCK_RATE,
    CLOSING,
    FRAME_SECONDS,
    FRAME_TICKS,
    FRAMES_PER_SECOND,
)

_BYTES_PER_SAMPLE = 2
_MOST_BEHIND_TICKS = CLOCK_RATE // 10
_HAND_TO_MOUTH_PACKETS = 4
_PATIENT_TICKS = 5  # longer than one lost packet holds up what is heard: two frames and a wait
_GOOD, _QUICK = 5, 0  # complexity of libopus; the second takes half the time


class Playout:
    """Voice that waits, and the time of each packet in RTP, which runs on in silence.

    When to send is the caller's: one packet each 20 ms. The time is passed in as seconds of a
    monotonic clock.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._frame_bytes = sample_rate // FRAMES_PER_SECOND * _BYTES_PER_SAMPLE
        self._encoding: Encoding | None = None
        self._is_fresh = True
        self._most_queued = 0
        self._dry_ticks = 0
        self._is_busy = False
        self._loss_percent = 0
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

    def push(self, pcm: bytes, *, is_busy: bool = False) -> None:
        """Take voice; in a busy process less care is taken with it."""
        self._is_busy = is_busy
        self._encoder().set_complexity(_QUICK if is_busy else _GOOD)
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % self._frame_bytes
        for start in range(0, whole, self._frame_bytes):
            self._encode(sound[start : start + self._frame_bytes])
        self._rest = sound[whole:]
        self._most_queued = max(self._most_queued, len(self._packets))

    def take(self, now: float) -> tuple[bytes, int] | None:
        """Give the next packet with its time in ticks of 48 kHz; None if there is none yet."""
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
        self._restart()

    def expect_loss(self, percent: int) -> None:
        """Prepare for packets to be lost on their way: percent of them."""
        if percent != self._loss_percent:
            self._loss_percent = percent
            self._encoder().expect_loss(percent)

    def _next_payload(self) -> bytes | None:
        if self._packets:
            self._dry_ticks = 0
            return self._packets.popleft()
        if self._rest or not self._is_fresh:
            self._dry_ticks += 1
            if self._is_patient and self._dry_ticks <= _PATIENT_TICKS:
                return None
            # The end of what was said, or of what is there of it: the encoder still holds its tail.
            self._encode(self._rest.ljust(self._frame_bytes, b"\0"))
            self._rest = b""
            self._restart()
        if self._packets:
            return self._packets.popleft()
        return self._closing.popleft() if self._closing else None

    @property
    def _is_patient(self) -> bool:
        return self._most_queued <= _HAND_TO_MOUTH_PACKETS and not self._is_busy

    def _encode(self, pcm: bytes) -> None:
        self._packets.extend(self._encoder().encode(pcm))
        self._is_fresh = False
        self._closing = deque(CLOSING)

    def _encoder(self) -> Encoding:
        if self._encoding is None:
            self._encoding = new_encoding(self._sample_rate)
            self._encoding.expect_loss(self._loss_percent)
        return self._encoding

    def _restart(self) -> None:
        """Let what is said next begin without an echo of what was said before."""
        self._encoding = None
        self._is_fresh = True
        self._most_queued = 0
        self._dry_ticks = 0
