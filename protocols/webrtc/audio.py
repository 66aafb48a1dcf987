"""Sound of a call: what the client says as PCM16, what the agent says as Opus packets.

Out: our own encoder and packets that are ready to send, because aiortc's way (a frame, a thread,
a resampler to 48 kHz stereo at 96 kb/s) costs three times as much and falls over at 20 calls. In
silence nothing is sent at all. In: aiortc's own jitter buffer and decoder.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from fractions import Fraction

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler

_BYTES_PER_SAMPLE = 2
_FRAMES_PER_SECOND = 50
_FRAME_SECONDS = 1 / _FRAMES_PER_SECOND
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_CLOCK_RATE = 48_000  # of Opus in RTP, whatever the rate of the sound (RFC 7587, section 4.1)
_FRAME_TICKS = _CLOCK_RATE // _FRAMES_PER_SECOND
_TIME_BASE = Fraction(1, _CLOCK_RATE)
_BIT_RATE = 32_000
_ENCODER_OPTIONS = {"application": "audio", "compression_level": "5", "frame_duration": "20"}

# Three packets of digital silence and one that stops transmission. Browsers stretch and repeat the
# last sound if packets just stop; after these they play silence (measured in Chromium).
_CLOSING = (b"\xf8\xff\xfe", b"\xf8\xff\xfe", b"\xf8\xff\xfe", b"\xf8")

_MOST_QUEUED_SECONDS = 0.4
_LATE_SECONDS = 0.1
_PIECE_SECONDS = 0.04
_GAP_SECONDS = 0.4


def opus_rate(sample_rate: int) -> int:
    """The rate to encode sound of this rate at: its own if Opus knows it."""
    return sample_rate if sample_rate in _OPUS_RATES else _CLOCK_RATE


class Playout:
    """The agent's voice on its way out: PCM16 in, an Opus packet each 20 ms out.

    Pure: the time is passed in as seconds of a monotonic clock. RTP time runs on in silence.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._frame_bytes = sample_rate // _FRAMES_PER_SECOND * _BYTES_PER_SAMPLE
        self._encoder: AudioCodecContext | None = None
        self._rest = b""
        self._packets: deque[bytes] = deque()
        self._closing: deque[bytes] = deque()
        self._due = 0.0
        self._paused = True
        self._started_at: float | None = None
        self._ticks = -_FRAME_TICKS

    @property
    def queued_seconds(self) -> float:
        """How much voice waits."""
        return len(self._packets) * _FRAME_SECONDS

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
        """Give the packet that is due, with its time in ticks of 48 kHz; None if none is."""
        if now < self._due:
            return None
        payload = self._next_payload()
        if payload is None:
            return None
        if self._started_at is None:
            self._started_at = now
        if self._paused or now - self._due > _LATE_SECONDS:
            # After silence, or a stall that must not be followed by a burst: the clock starts anew.
            self._due = now
            elapsed = round((now - self._started_at) * _FRAMES_PER_SECOND) * _FRAME_TICKS
            self._ticks = max(self._ticks + _FRAME_TICKS, elapsed)
        else:
            self._ticks += _FRAME_TICKS
        self._due += _FRAME_SECONDS
        self._paused = self.is_silent
        return payload, self._ticks

    def wait_seconds(self, now: float) -> float | None:
        """How long until ``take`` gives something; None: not before the next ``push``."""
        return None if self.is_silent else max(0.0, self._due - now)

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
        self._closing = deque(_CLOSING)

    def _new_encoder(self) -> AudioCodecContext:
        encoder = AudioCodecContext.create("libopus", "w")
        encoder.sample_rate = self._sample_rate
        encoder.layout = "mono"
        encoder.format = "s16"
        encoder.bit_rate = _BIT_RATE
        encoder.time_base = Fraction(1, self._sample_rate)
        encoder.options = dict(_ENCODER_OPTIONS)
        return encoder


class VoiceTrack(MediaStreamTrack):
    """The agent's voice as a track of aiortc, which asks it for one packet after the other."""

    kind = "audio"

    def __init__(self, sample_rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._playout = Playout(sample_rate)
        self._clock = clock
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()

    async def play(self, pcm: bytes) -> None:
        """Take voice; waits while much of it is waiting already."""
        while self._playout.queued_seconds >= _MOST_QUEUED_SECONDS and self.readyState == "live":
            self._has_room.clear()
            await self._has_room.wait()
        self._playout.push(pcm)
        self._changed.set()

    def drop(self) -> None:
        """Stop the voice within one packet."""
        self._playout.drop()
        self._changed.set()
        self._has_room.set()

    def stop(self) -> None:
        """End the track; nobody waits for it any longer."""
        super().stop()
        self._changed.set()
        self._has_room.set()

    async def silence(self) -> None:
        """Wait until all voice was sent."""
        while not self._playout.is_silent and self.readyState == "live":
            self._has_room.clear()
            await self._has_room.wait()

    async def recv(self) -> av.Packet:
        """Give the next packet when it is due."""
        while self.readyState == "live":
            now = self._clock()
            due = self._playout.take(now)
            self._has_room.set()
            if due is not None:
                return _packet(*due)
            wait_seconds = self._playout.wait_seconds(now)
            if wait_seconds is None:
                self._changed.clear()
                await self._changed.wait()
            else:
                await asyncio.sleep(wait_seconds)
        raise MediaStreamError


class Microphone:
    """What the client says, in pieces of 40 ms of PCM16 mono at the rate of the conversation."""

    def __init__(self, sample_rate: int) -> None:
        self._piece_bytes = round(sample_rate * _PIECE_SECONDS) * _BYTES_PER_SAMPLE
        # One thread: the filter graph would start one a core for each call, and use none of them.
        self._resampler = AudioResampler(format="s16", layout="mono", rate=sample_rate, threads=1)
        self._rest = bytearray()

    def feed(self, frame: av.AudioFrame) -> bytes:
        """Take a decoded frame; give whole pieces, or nothing."""
        for resampled in self._resampler.resample(frame):
            plane = bytes(resampled.planes[0])
            self._rest += plane[: resampled.samples * _BYTES_PER_SAMPLE]
        whole = len(self._rest) - len(self._rest) % self._piece_bytes
        pieces = bytes(self._rest[:whole])
        del self._rest[:whole]
        return pieces

    def silence(self) -> bytes:
        """Give a piece of silence."""
        return bytes(self._piece_bytes)


async def listen(
    track: MediaStreamTrack, sample_rate: int, hear: Callable[[bytes], Awaitable[None]]
) -> None:
    """Hand what comes on a track to ``hear``, and silence when nothing comes.

    Voice models hear the end of a sentence in the silence after it, and some end a conversation
    that sends no sound at all. Returns when the track ends.
    """
    microphone = Microphone(sample_rate)
    patience_seconds = _GAP_SECONDS
    while True:
        try:
            async with asyncio.timeout(patience_seconds):
                frame = await track.recv()
        except TimeoutError:
            patience_seconds = _PIECE_SECONDS
            await hear(microphone.silence())
            continue
        except MediaStreamError:
            return
        patience_seconds = _GAP_SECONDS
        pcm = microphone.feed(frame) if isinstance(frame, av.AudioFrame) else b""
        if pcm:
            await hear(pcm)


def _packet(payload: bytes, ticks: int) -> av.Packet:
    packet = av.Packet(payload)
    packet.pts = ticks
    packet.time_base = _TIME_BASE
    return packet
