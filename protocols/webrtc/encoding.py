"""PCM to Opus packets of 20 ms: by libopus itself, or by PyAV where that cannot be loaded."""

from fractions import Fraction
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext

from protocols.webrtc.libopus import Encoder, NoLibopus

_BIT_RATE = 32_000
_OPTIONS = {"application": "audio", "compression_level": "5", "frame_duration": "20"}
_BYTES_PER_SAMPLE = 2


class Encoding(Protocol):
    """One stream of voice."""

    def set_complexity(self, complexity: int) -> None:
        """Choose between 0, quick, and 10, good."""
        ...

    def expect_loss(self, percent: int) -> None:
        """Make packets carry a copy of the one before, if so many of them are lost."""
        ...

    def encode(self, pcm: bytes) -> list[bytes]:
        """Encode 20 ms of PCM16 mono; packets may come later, never more than one for each call."""
        ...


def new_encoding(sample_rate: int) -> Encoding:
    """Begin a stream; the rate is one of ``opus.RATES``."""
    try:
        return _ByLibopus(sample_rate)
    except NoLibopus:
        return _ByPyAv(sample_rate)


class _ByLibopus(Encoding):
    def __init__(self, sample_rate: int) -> None:
        self._encoder = Encoder(sample_rate, _BIT_RATE)

    def set_complexity(self, complexity: int) -> None:
        self._encoder.set_complexity(complexity)

    def expect_loss(self, percent: int) -> None:
        self._encoder.expect_loss(percent)

    def encode(self, pcm: bytes) -> list[bytes]:
        return [self._encoder.encode(pcm)]


class _ByPyAv(Encoding):
    """Takes half as long again; its options are fixed."""

    def __init__(self, sample_rate: int) -> None:
        encoder = AudioCodecContext.create("libopus", "w")
        encoder.sample_rate = sample_rate
        encoder.layout = "mono"
        encoder.format = "s16"
        encoder.bit_rate = _BIT_RATE
        encoder.time_base = Fraction(1, sample_rate)
        encoder.options = dict(_OPTIONS)
        self._sample_rate = sample_rate
        self._encoder = encoder

    def set_complexity(self, complexity: int) -> None:
        pass

    def expect_loss(self, percent: int) -> None:
        pass

    def encode(self, pcm: bytes) -> list[bytes]:
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // _BYTES_PER_SAMPLE)
        plane = frame.planes[0]
        plane.update(pcm.ljust(plane.buffer_size, b"\0"))
        frame.sample_rate = self._sample_rate
        return [bytes(packet) for packet in self._encoder.encode(frame)]
