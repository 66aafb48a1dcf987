"""Opus at the rate of a model, both ways, by the libopus that PyAV brings with it.

PyAV decodes Opus to 48 kHz only, can neither conceal a lost packet nor use the copy of it in the
next one, and fixes an encoder's options when it is made. The library itself does all of it, in half
the time.
"""

import ctypes
import ctypes.util
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from protocols.webrtc.opus import CLOCK_RATE, FRAMES_PER_SECOND

_BYTES_PER_SAMPLE = 2
_LONGEST_SECONDS = 0.12
_LONGEST_PACKET_BYTES = 1_275

# opus_defines.h
_APPLICATION_AUDIO = 2049
_SET_BITRATE = 4002
_SET_COMPLEXITY = 4010
_SET_INBAND_FEC = 4012
_SET_PACKET_LOSS_PERCENT = 4014
_BUNDLES = ("../av.libs/libopus-*.so*", "../av.libs/libopus.so*", ".dylibs/libopus*.dylib")


class NoLibopus(Exception):
    """There is no libopus here that could be loaded."""


@cache
def library_path() -> str | None:
    """Find the library without loading anything; None if there is none."""
    spec = find_spec("av")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        for pattern in _BUNDLES:
            *folders, name = pattern.split("/")
            for found in sorted(package.joinpath(*folders).glob(name)):
                return str(found)
    return ctypes.util.find_library("opus")


class Decoder:
    """One mono stream of packets.

    Args:
        sample_rate: hertz of the PCM16 that is given; one of ``opus.RATES``.

    Raises:
        NoLibopus: it cannot be had.
    """

    def __init__(self, sample_rate: int) -> None:
        self._library = _library()
        self._rate = sample_rate
        self._most_samples = round(sample_rate * _LONGEST_SECONDS)
        self._pcm = ctypes.create_string_buffer(self._most_samples * _BYTES_PER_SAMPLE)
        self._sound = memoryview(self._pcm)
        # The state is one block of memory without pointers to others: ours, freed with us.
        self._state = ctypes.create_string_buffer(self._library.opus_decoder_get_size(1))
        if self._library.opus_decoder_init(self._state, sample_rate, 1):
            raise NoLibopus(f"libopus does not decode at {sample_rate} Hz")

    def decode(self, payload: bytes) -> bytes:
        """Decode a packet; a damaged one gives nothing."""
        return self._decoded(payload, self._most_samples, 0) if payload else b""

    def recover(self, payload: bytes, ticks: int) -> bytes:
        """Decode the copy of the packet before, or conceal it if there is no copy."""
        return self._decoded(payload, self._samples(ticks), 1)

    def conceal(self, ticks: int) -> bytes:
        """Make up sound from what was decoded before."""
        return self._decoded(None, self._samples(ticks), 0)

    def silence(self, ticks: int) -> bytes:
        """Give silence; what was decoded before is not changed."""
        return bytes(ticks * self._rate // CLOCK_RATE * _BYTES_PER_SAMPLE)

    def _samples(self, ticks: int) -> int:
        return min(ticks * self._rate // CLOCK_RATE, self._most_samples)

    def _decoded(self, payload: bytes | None, samples: int, from_next: int) -> bytes:
        size = len(payload) if payload is not None else 0
        count = self._library.opus_decode(self._state, payload, size, self._pcm, samples, from_next)
        return self._sound[: count * _BYTES_PER_SAMPLE].tobytes() if count > 0 else b""


class Encoder:
    """One mono stream of frames of 20 ms.

    Args:
        sample_rate: hertz of the PCM16 that is taken; one of ``opus.RATES``.
        bit_rate: bits a second.

    Raises:
        NoLibopus: it cannot be had.
    """

    def __init__(self, sample_rate: int, bit_rate: int) -> None:
        self._library = _library()
        self._samples = sample_rate // FRAMES_PER_SECOND
        self._packet = ctypes.create_string_buffer(_LONGEST_PACKET_BYTES)
        self._bytes = memoryview(self._packet)
        self._state = ctypes.create_string_buffer(self._library.opus_encoder_get_size(1))
        if self._library.opus_encoder_init(self._state, sample_rate, 1, _APPLICATION_AUDIO):
            raise NoLibopus(f"libopus does not encode at {sample_rate} Hz")
        self._set(_SET_BITRATE, bit_rate)

    def set_complexity(self, complexity: int) -> None:
        """Choose between 0, quick, and 10, good."""
        self._set(_SET_COMPLEXITY, complexity)

    def expect_loss(self, percent: int) -> None:
        """Make packets carry a copy of the one before, if so many of them are lost; 0: none do."""
        self._set(_SET_INBAND_FEC, int(percent > 0))
        self._set(_SET_PACKET_LOSS_PERCENT, percent)

    def encode(self, pcm: bytes) -> bytes:
        """Encode one frame of 20 ms."""
        size = self._library.opus_encode(
            self._state, pcm, self._samples, self._packet, _LONGEST_PACKET_BYTES
        )
        return self._bytes[: max(0, size)].tobytes()

    def _set(self, option: int, value: int) -> None:
        self._library.opus_encoder_ctl(self._state, option, value)


@cache
def _library() -> ctypes.PyDLL:
    path = library_path()
    if path is None:
        raise NoLibopus("libopus was not found")
    try:
        # Not CDLL: that would let go of the interpreter's lock and fight for it after each packet.
        library = ctypes.PyDLL(path)
        library.opus_encoder_get_size.argtypes = [ctypes.c_int]
        library.opus_encoder_init.argtypes = [
            ctypes.c_void_p,
            ctypes.c_int32,
            ctypes.c_int,
            ctypes.c_int,
        ]
        library.opus_encode.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_int32,
        ]
        library.opus_encoder_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int]  # and one of its own
        library.opus_decoder_get_size.argtypes = [ctypes.c_int]
        library.opus_decoder_init.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int]
        library.opus_decode.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
        ]
    except (OSError, AttributeError) as error:
        raise NoLibopus(f"libopus cannot be used: {type(error).__name__}") from error
    return library
