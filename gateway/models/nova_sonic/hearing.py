"""What the user said that the model has not shown to have heard; pure.

The service tells what it heard seconds later, and a connection can end before it does. So speech is
kept from its first sound until its transcript comes, and is said again to the next connection.
Speech is told from silence by its loudness over the noise of the room: whether it held words is for
the model to say.
"""

from collections import deque
from enum import Enum, auto

import numpy as np
from msgspec import Struct

FRAME_SECONDS = 0.02
_BYTES_PER_SAMPLE = 2
_LOUD_FRAMES = 5  # 0.1 s in a row begin speech
_QUIET_FRAMES = 25  # 0.5 s in a row end it
_PAUSE_FRAMES = 5
_QUIETEST_SPEECH = 300.0  # mean of the absolute samples
_OVER_NOISE = 3.0
_NOISE_FALLS, _NOISE_RISES, _NOISE_RISES_IN_SPEECH = 0.1, 0.005, 0.0003
_BEFORE_SECONDS = 0.4
_LATEST_SECONDS = 1.0
_LONGEST_SECONDS = 20.0


class Change(Enum):
    """What is heard newly."""

    STARTED = auto()
    STOPPED = auto()


class _Segment(Struct):
    """A stretch of speech; places are bytes since the first sound of the conversation."""

    start: int
    loud_frames: int
    end: int | None = None


class Unheard:
    """Keeps PCM16 mono of one microphone.

    Args:
        sample_rate: samples a second.
    """

    silence_seconds = _QUIET_FRAMES * FRAME_SECONDS

    def __init__(self, sample_rate: int) -> None:
        self._second = sample_rate * _BYTES_PER_SAMPLE
        self._frame = round(sample_rate * FRAME_SECONDS) * _BYTES_PER_SAMPLE
        self._audio = bytearray()
        self._begins = 0  # place of the first byte kept
        self._judged = 0  # place up to which was listened
        self._heard = 0  # place up to which the model has heard, for all we know
        self._noise = 50.0
        self._loud = 0
        self._quiet = 0
        self._segments: deque[_Segment] = deque()
        self.is_speaking = False

    @property
    def has_speech(self) -> bool:
        """Whether speech is kept, over or not."""
        return bool(self._segments)

    @property
    def waiting_seconds(self) -> float:
        """How much speech that is over was not heard yet: seconds of sound, pauses left out."""
        over = (each.loud_frames for each in self._segments if each.end is not None)
        return sum(over) * FRAME_SECONDS

    def feed(self, pcm: bytes) -> list[Change]:
        """Take what the microphone gives, in pieces of any length; tells what changed in it."""
        self._audio += pcm
        end = self._begins + len(self._audio)
        count = (end - self._judged) // self._frame
        start = self._judged - self._begins
        judged = bytes(self._audio[start : start + count * self._frame])
        frames = (
            np.frombuffer(judged, "<i2")
            .reshape(count, self._frame // _BYTES_PER_SAMPLE)
            .astype(np.int32)
        )
        changes = [
            change
            for level in np.abs(frames).mean(axis=1).tolist()
            if (change := self._judge(level)) is not None
        ]
        self._trim()
        return changes

    def heard(self) -> None:
        """The model has told what the user said: what is over was heard.

        Of speech that goes on, the model must have heard an end a moment ago: the rest is new.
        """
        latest = self._judged - self._whole(_LATEST_SECONDS)
        going_on = [each for each in self._segments if each.end is None]
        self._segments.clear()
        if self._quiet >= _PAUSE_FRAMES:
            self._heard = self._judged - self._quiet * self._frame
        else:
            self._segments.extend(_Segment(max(each.start, latest), 0) for each in going_on)
        self._trim()

    def forget(self) -> None:
        """What is over was no speech."""
        self.heard()

    def replay(self) -> bytes:
        """Give what the next connection has to hear; it is kept, for it is not heard yet."""
        return bytes(self._audio)

    def _judge(self, level: float) -> Change | None:
        """Take the mean level of the next frame."""
        self._judged += self._frame
        is_loud = level > max(_QUIETEST_SPEECH, _OVER_NOISE * self._noise)
        self._loud = self._loud + 1 if is_loud else 0
        self._quiet = 0 if is_loud else self._quiet + 1
        self._follow_noise(level)
        if self.is_speaking:
            return self._go_on(is_loud=is_loud)
        if self._loud < _LOUD_FRAMES:
            return None
        self.is_speaking = True
        self._begin(_BEFORE_SECONDS)
        return Change.STARTED

    def _go_on(self, *, is_loud: bool) -> Change | None:
        """Take a frame of speech, or of the silence that may end it."""
        segment = self._segments[-1] if self._segments else None
        if is_loud and segment is None:
            self._begin(_PAUSE_FRAMES * FRAME_SECONDS)  # what was before is heard already
        elif is_loud and segment is not None:
            segment.loud_frames += 1
        if self._quiet < _QUIET_FRAMES:
            return None
        if segment is not None:
            segment.end = self._judged
        self.is_speaking = False
        return Change.STOPPED

    def _begin(self, before_seconds: float) -> None:
        start = self._judged - self._loud * self._frame - self._whole(before_seconds)
        self._segments.append(_Segment(max(0, start), self._loud))

    def _follow_noise(self, level: float) -> None:
        pace = _NOISE_RISES_IN_SPEECH if self.is_speaking else _NOISE_RISES
        self._noise += (level - self._noise) * (_NOISE_FALLS if level < self._noise else pace)

    def _trim(self) -> None:
        """Keep what is unheard, and of silence the moment before the next sound."""
        end = self._begins + len(self._audio)
        kept_from = self._judged - self._whole(_BEFORE_SECONDS)
        if self._segments:
            kept_from = min(kept_from, self._segments[0].start)
        kept_from = max(kept_from, self._heard, end - self._whole(_LONGEST_SECONDS))
        dropped = max(0, kept_from - self._begins)
        del self._audio[:dropped]
        self._begins += dropped

    def _whole(self, seconds: float) -> int:
        """Bytes of so many seconds, in whole frames."""
        return round(seconds * self._second / self._frame) * self._frame
