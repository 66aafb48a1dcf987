"""When the emulated model hears speech begin and end, counted in audio time; pure.

Tests may feed audio faster than real time: only the samples count.
"""

from enum import Enum, auto

import numpy as np

_FRAME_SECONDS = 0.02
_LOUD = 300  # mean of the absolute samples; room noise is below
_ONSET_FRAMES = 3


class Change(Enum):
    """What is heard newly."""

    STARTED = auto()
    ENDED = auto()


class Hearing:
    """Listens to PCM16 mono.

    Args:
        sample_rate: samples a second.
        end_silence_seconds: speech is over after so long a silence.
        max_speech_seconds: speech is taken to be over after so long, silence or not.
    """

    def __init__(
        self, sample_rate: int, end_silence_seconds: float, max_speech_seconds: float | None = None
    ) -> None:
        self._frame_bytes = int(sample_rate * _FRAME_SECONDS) * 2
        self._end_frames = round(end_silence_seconds / _FRAME_SECONDS)
        self._max_frames = None
        if max_speech_seconds is not None:
            self._max_frames = round(max_speech_seconds / _FRAME_SECONDS)
        self._waiting = bytearray()
        self._speech = bytearray()
        self._loud = 0
        self._quiet = 0
        self._length = 0
        self._is_speech = False
        self.heard_seconds = 0.0

    def feed(self, pcm: bytes) -> list[Change]:
        """Take audio of any length; give what changed within it."""
        self._waiting += pcm
        changes = []
        while len(self._waiting) >= self._frame_bytes:
            frame = bytes(self._waiting[: self._frame_bytes])
            del self._waiting[: self._frame_bytes]
            self.heard_seconds += _FRAME_SECONDS
            change = self._frame(frame)
            changes += [] if change is None else [change]
        return changes

    def take_speech(self) -> bytes:
        """The speech heard since it was taken last."""
        speech = bytes(self._speech)
        self._speech.clear()
        return speech

    def _frame(self, frame: bytes) -> Change | None:
        loud = bool(np.abs(np.frombuffer(frame, "<i2").astype(np.int32)).mean() > _LOUD)
        self._loud = self._loud + 1 if loud else 0
        self._quiet = 0 if loud else self._quiet + 1
        if not self._is_speech:
            if self._loud < _ONSET_FRAMES:
                return None
            self._is_speech, self._length = True, self._loud
            self._speech += frame
            return Change.STARTED
        self._length += 1
        self._speech += frame
        too_long = self._max_frames is not None and self._length >= self._max_frames
        if self._quiet < self._end_frames and not too_long:
            return None
        self._is_speech, self._loud = False, 0
        return Change.ENDED


def tone(hertz: float, seconds: float, sample_rate: int) -> bytes:
    """A sine wave as PCM16."""
    moments = np.arange(int(seconds * sample_rate)) / sample_rate
    return bytes((8000 * np.sin(2 * np.pi * hertz * moments)).astype("<i2").tobytes())


def resample(pcm: bytes, from_rate: int, to_rate: int) -> bytes:
    """Change the rate of PCM16, well enough for a test."""
    samples = np.frombuffer(pcm, "<i2")
    count = len(samples) * to_rate // from_rate
    moments = np.arange(count) * from_rate / to_rate
    changed = np.interp(moments, np.arange(len(samples)), samples)
    return bytes(changed.astype("<i2").tobytes())
