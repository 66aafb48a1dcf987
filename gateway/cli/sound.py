"""Where in a piece of sound somebody speaks; pure. PCM is signed 16-bit little-endian mono."""

import numpy as np
from numpy.typing import NDArray

BYTES_PER_SAMPLE = 2
FRAME_SECONDS = 0.02
AUDIBLE_LEVEL = 150.0  # root mean square; about -47 dBFS, above comfort noise and codec residue

_MARGIN_SECONDS = 0.2  # kept around the sound when silence is cut off


def seconds_of(pcm: bytes, sample_rate: int) -> float:
    """Length of a piece."""
    return len(pcm) / (BYTES_PER_SAMPLE * sample_rate)


def silence(seconds: float, sample_rate: int) -> bytes:
    """Make a silent piece."""
    return bytes(round(seconds * sample_rate) * BYTES_PER_SAMPLE)


def audible_after_seconds(pcm: bytes, sample_rate: int) -> float | None:
    """Find the first frame with anything to hear; None if there is none."""
    audible = np.flatnonzero(_levels(pcm, sample_rate) > AUDIBLE_LEVEL)
    return float(audible[0]) * FRAME_SECONDS if audible.size else None


def speech_end_seconds(pcm: bytes, sample_rate: int) -> float:
    """Find where the speech ends.

    The last frame that is nearer to the loud ones than to the quiet ones, on a scale of
    decibels: so constant noise below the voice does not count.
    """
    levels = _levels(pcm, sample_rate)
    if levels.size == 0 or levels.max() <= AUDIBLE_LEVEL:
        return seconds_of(pcm, sample_rate)
    decibels = 20 * np.log10(np.maximum(levels, 1.0))
    quiet, loud = np.percentile(decibels, (5, 95))
    speaking = np.flatnonzero(decibels >= (quiet + loud) / 2)
    return float(speaking[-1] + 1) * FRAME_SECONDS


def trimmed(pcm: bytes, sample_rate: int) -> bytes:
    """Cut the silence before the first and behind the last audible frame."""
    audible = np.flatnonzero(_levels(pcm, sample_rate) > AUDIBLE_LEVEL)
    if audible.size == 0:
        return b""
    first = int(audible[0]) * FRAME_SECONDS - _MARGIN_SECONDS
    last = int(audible[-1] + 1) * FRAME_SECONDS + _MARGIN_SECONDS
    start = round(max(0.0, first) * sample_rate) * BYTES_PER_SAMPLE
    return pcm[start : round(last * sample_rate) * BYTES_PER_SAMPLE]


def _levels(pcm: bytes, sample_rate: int) -> NDArray[np.float64]:
    """Root mean square of each whole frame."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    size = round(FRAME_SECONDS * sample_rate)
    frames = samples[: samples.size // size * size].reshape(-1, size)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), dtype=np.float64)
