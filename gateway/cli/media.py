"""Sound to and from a peer connection: the microphone as a track, the remote track on a tape."""

import asyncio
from fractions import Fraction

import numpy as np
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame, Packet

from gateway.cli.call import Call
from gateway.cli.microphone import Microphone
from gateway.cli.sound import FRAME_SECONDS, silence
from protocols.webrtc.encoding import new_encoding
from protocols.webrtc.opus import CLOCK_RATE, FRAME_TICKS, opus_rate

TAPE_SAMPLE_RATE = 48_000  # what Opus decodes to
_LONGEST_GAP_SECONDS = 30.0
_EXPECTED_LOSS_PERCENT = 10


class MicrophoneTrack(MediaStreamTrack):
    """Gives a packet of the microphone every 20 ms, ready to send.

    Each carries a copy of the one before, as browsers do it: a lost one is not missed.
    """

    kind = "audio"

    def __init__(self, microphone: Microphone) -> None:
        super().__init__()
        self._microphone = microphone
        self._encoding = new_encoding(opus_rate(microphone.sample_rate))
        self._encoding.expect_loss(_EXPECTED_LOSS_PERCENT)
        self._frames = 0
        self._began_at: float | None = None

    async def recv(self) -> Packet:
        """Wait for the time of the next packet."""
        while True:
            now = asyncio.get_running_loop().time()
            if self._began_at is None:
                self._began_at = now
            await asyncio.sleep(max(0.0, self._began_at + self._frames * FRAME_SECONDS - now))
            self._frames += 1
            for payload in self._encoding.encode(self._microphone.frame()):
                packet = Packet(payload)
                packet.pts = (self._frames - 1) * FRAME_TICKS
                packet.time_base = Fraction(1, CLOCK_RATE)
                return packet


class Tape:
    """Records a remote track: PCM, signed 16-bit little-endian, mono."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._pcm = bytearray()
        self._next_pts: int | None = None

    @property
    def pcm(self) -> bytes:
        """Everything so far."""
        return bytes(self._pcm)

    def record(self, frame: AudioFrame) -> None:
        """Add a frame in its place; where none came there is silence."""
        channels = len(frame.layout.channels)
        samples = frame.to_ndarray().reshape(-1, channels).astype(np.int32)
        pcm = samples.mean(axis=1).astype("<i2").tobytes()
        if frame.pts is not None:
            if self._next_pts is not None and frame.pts > self._next_pts:
                gap_seconds = (frame.pts - self._next_pts) / frame.sample_rate
                gap_seconds = min(gap_seconds, _LONGEST_GAP_SECONDS)
                self._pcm += silence(gap_seconds, frame.sample_rate)
            self._next_pts = frame.pts + frame.samples
        self._pcm += pcm
        self._call.hear_sound(pcm, frame.sample_rate)
