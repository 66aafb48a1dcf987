"""Speech as bytes: sample rates, WAV files and raw ``audio/l16``.

Inside it is always PCM16: signed 16-bit little-endian, mono. FFmpeg (PyAV) does the arithmetic; it
is loaded with the first sound, not with the server.
"""

import io
import sys
import wave
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

from protocols.contract.errors import InvalidInput, NotSupported, TooLarge

if TYPE_CHECKING:  # PyAV takes a tenth of a second and 20 MB to load
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

LONGEST_WAV_SECONDS = 600.0

_BYTES_PER_SAMPLE = 2
_LOWEST_RATE, _HIGHEST_RATE = 4_000, 192_000
_MOST_CHANNELS = 8


class Resampler:
    """Changes the sample rate of a stream of PCM16, piece by piece, without clicks between pieces.

    Equal rates pass through untouched. A piece has to hold whole samples. After ``flush`` or
    ``reset`` the next piece begins a new stream.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._from_rate = from_rate
        self._to_rate = to_rate
        self._resampler: AudioResampler | None = None

    def feed(self, pcm: bytes) -> bytes:
        """Take a piece; give what can be given already."""
        if self._from_rate == self._to_rate or not pcm:
            return pcm
        if self._resampler is None:
            self._resampler = _to_pcm16(self._to_rate)
        return _joined(self._resampler.resample(_frame(pcm, self._from_rate)))

    def flush(self) -> bytes:
        """End the stream; give what was held back."""
        resampler, self._resampler = self._resampler, None
        return b"" if resampler is None else _joined(resampler.resample(None))

    def reset(self) -> None:
        """Forget the stream and what was held back."""
        self._resampler = None


def resample(pcm: bytes, from_rate: int, to_rate: int) -> bytes:
    """Change the sample rate of a whole recording."""
    resampler = Resampler(from_rate, to_rate)
    return resampler.feed(pcm) + resampler.flush()


def read_wav(data: bytes, longest_seconds: float = LONGEST_WAV_SECONDS) -> tuple[bytes, int]:
    """Read a WAV file of any PCM or float form as PCM16 mono; gives it with its sample rate.

    Takes some milliseconds for each minute of sound: call it in a thread.

    Raises:
        InvalidInput: it is no WAV file, or holds no sound, or is damaged.
        NotSupported: its encoding is not one of PCM.
        TooLarge: it is longer than allowed.
    """
    import av  # noqa: PLC0415 - loaded with the first sound, not with the server

    try:
        with av.open(io.BytesIO(data), "r", format="wav") as container:
            stream = container.streams.audio[0]
            _check_form(stream.codec_context.name, stream.rate, stream.channels)
            # The clock of the file: a broken header must not make a resampling ratio of its own.
            rate = int(stream.rate)
            most_bytes = int(longest_seconds * rate) * _BYTES_PER_SAMPLE
            pcm = _decoded(container.decode(stream), rate, most_bytes)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise InvalidInput(
            "The body is not a WAV file that can be read. Send RIFF/WAVE with PCM, "
            "for example 16-bit mono at 16000 Hz."
        ) from error
    if not pcm:
        raise InvalidInput("The WAV file holds no sound. Send a recording of speech.")
    return pcm, rate


def write_wav(pcm: bytes, sample_rate: int) -> bytes:
    """Make a WAV file of PCM16 mono."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_BYTES_PER_SAMPLE)
        file.setframerate(sample_rate)
        file.writeframes(pcm)
    return written.getvalue()


def parse_l16(content_type: str) -> tuple[int, int]:
    """Read sample rate and channels from ``audio/l16;rate=16000;channels=1`` (RFC 2586).

    Raises:
        InvalidInput: ``rate`` is missing or a parameter is out of range.
    """
    parameters: dict[str, str] = {}
    for item in content_type.split(";"):
        name, _, value = item.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    try:
        rate, channels = int(parameters["rate"]), int(parameters.get("channels", "1"))
    except (KeyError, ValueError):
        rate = channels = 0
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE or channels not in {1, 2}:
        raise InvalidInput(
            "audio/l16 needs its sample rate and at most two channels: "
            "for example Content-Type: audio/l16;rate=16000;channels=1."
        )
    return rate, channels


def read_l16(data: bytes, content_type: str) -> tuple[bytes, int]:
    """Read raw ``audio/l16`` (big-endian on the wire) as PCM16 mono; gives it with its rate.

    Raises:
        InvalidInput: a parameter is wrong, or the body is not a whole number of samples.
    """
    rate, channels = parse_l16(content_type)
    if not data or len(data) % (_BYTES_PER_SAMPLE * channels):
        raise InvalidInput(
            "The audio/l16 body is empty or ends inside a sample. "
            "Send 2 bytes for each sample of each channel."
        )
    samples = array("h", data)
    if sys.byteorder == "little":
        samples.byteswap()
    if channels == 1:
        return samples.tobytes(), rate
    to_mono = _to_pcm16(rate)
    frame = _frame(samples.tobytes(), rate, "stereo")
    return _joined(to_mono.resample(frame)) + _joined(to_mono.resample(None)), rate


def _to_pcm16(rate: int) -> "AudioResampler":
    import av  # noqa: PLC0415 - loaded with the first sound, not with the server

    # One thread: the filter graph would start one a core for each stream, and use none of them.
    return av.AudioResampler(format="s16", layout="mono", rate=rate, threads=1)


def _frame(pcm: bytes, rate: int, layout: str = "mono") -> "AudioFrame":
    import av  # noqa: PLC0415 - loaded with the first sound, not with the server

    channels = 2 if layout == "stereo" else 1
    frame = av.AudioFrame(
        format="s16", layout=layout, samples=len(pcm) // _BYTES_PER_SAMPLE // channels
    )
    frame.sample_rate = rate
    plane = frame.planes[0]
    plane.update(pcm.ljust(plane.buffer_size, b"\0"))
    return frame


def _joined(frames: "Iterable[AudioFrame]") -> bytes:
    # A plane is padded for the processor; only ``samples`` of it are sound.
    return b"".join(bytes(frame.planes[0])[: frame.samples * _BYTES_PER_SAMPLE] for frame in frames)


def _decoded(frames: "Iterable[AudioFrame]", rate: int, most_bytes: int) -> bytes:
    to_mono = _to_pcm16(rate)
    sound = bytearray()
    for frame in frames:
        sound += _joined(to_mono.resample(frame))
        if len(sound) > most_bytes:
            seconds = most_bytes // _BYTES_PER_SAMPLE // rate
            raise TooLarge(f"The recording is longer than {seconds} seconds. Send a shorter one.")
    return bytes(sound + _joined(to_mono.resample(None)))


def _check_form(codec: str, rate: int, channels: int) -> None:
    if not codec.startswith("pcm_"):
        raise NotSupported("The WAV file is compressed. Send PCM, 8 to 32 bit or float.")
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE or not 1 <= channels <= _MOST_CHANNELS:
        raise InvalidInput(
            "The WAV file has an unusual form. Send 8000 to 48000 Hz, mono or stereo."
        )
