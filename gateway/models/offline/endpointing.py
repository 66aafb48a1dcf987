"""Where the user's speech begins and ends, decided frame by frame.

``Endpointer`` is pure: probabilities of speech go in, signals come out. ``Ear`` puts the detector
in front of it. One ear hears one conversation and is used from one thread at a time.

A frame is 32 ms of PCM16 mono at 16 kHz, what the Silero detector takes. The figures below were
measured with it: shorter end silences cut people off, longer ones are felt as slowness.
"""

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct

SAMPLE_RATE = 16_000
FRAME_BYTES = 1024
FRAME_SECONDS = 0.032

# Below this a line is silent and the detector is not asked: it costs 0.75 ms a frame.
IDLE_LEVEL_DBFS = -55.0

type Detector = Callable[[bytes], float]


class Endpointing(Struct, frozen=True):
    """When speech counts as begun, as meant, as paused and as ended.

    Of 60 cuts of 120 ms of speech, as short as a cough, none held the minimum; a third would have
    held 160 ms.
    """

    start_probability: float = 0.5
    keep_probability: float = 0.35
    start_seconds: float = 0.096
    pre_roll_seconds: float = 0.35
    minimum_seconds: float = 0.2
    pause_seconds: float = 0.2
    end_seconds: float = 0.55
    piece_seconds: float = 20.0


class SpeechBegan(Struct, frozen=True):
    """Something like speech is heard."""


class SpeechConfirmed(Struct, frozen=True):
    """It lasted long enough to be meant: no cough, no click."""


class PauseBegan(Struct, frozen=True):
    """A short silence: ``audio`` may already be all of it, so recognise it ahead of time."""

    audio: bytes


class PauseEnded(Struct, frozen=True):
    """Speech went on after the short silence; what was recognised ahead of time is void."""


class SpeechPiece(Struct, frozen=True):
    """The speech is too long to be recognised at once; this is the part up to here."""

    audio: bytes


class SpeechEnded(Struct, frozen=True):
    """The user stopped. ``audio`` is the rest of the speech, empty if nothing is left to hear."""

    audio: bytes
    silence_seconds: float


class SpeechDropped(Struct, frozen=True):
    """What began was too short to be speech."""

    silence_seconds: float


type Signal = (
    SpeechBegan
    | SpeechConfirmed
    | PauseBegan
    | PauseEnded
    | SpeechPiece
    | SpeechEnded
    | SpeechDropped
)


class Endpointer:
    """Turns probabilities of speech into the signals of an utterance."""

    def __init__(self, rules: Endpointing | None = None) -> None:
        rules = rules or Endpointing()
        self._rules = rules
        self._start_frames = _frames(rules.start_seconds)
        self._minimum_frames = _frames(rules.minimum_seconds)
        self._pause_frames = _frames(rules.pause_seconds)
        self._end_frames = _frames(rules.end_seconds)
        self._piece_frames = _frames(rules.piece_seconds)
        # The frames that prove the start are kept behind the pre-roll.
        self._before: deque[bytes] = deque(
            maxlen=_frames(rules.pre_roll_seconds) + self._start_frames
        )
        self._speaking = False
        self._confirmed = False
        self._paused = False
        self._voiced_frames = 0
        self._silent_frames = 0
        self._utterance: list[bytes] = []

    @property
    def is_idle(self) -> bool:
        """Whether nobody speaks."""
        return not self._speaking

    def push(self, frame: bytes, probability: float) -> list[Signal]:
        """Take the next frame and say what it changes."""
        if not self._speaking:
            return self._wait_for_speech(frame, probability)
        self._utterance.append(frame)
        needed = (
            self._rules.start_probability if self._silent_frames else self._rules.keep_probability
        )
        signals = self._go_on() if probability >= needed else self._fall_silent()
        if self._speaking and len(self._utterance) >= self._piece_frames:
            signals.append(self._cut_piece())
        return signals

    def finish(self) -> list[Signal]:
        """End what is being said now: no more audio will come."""
        return [self._end()] if self._speaking else []

    def _wait_for_speech(self, frame: bytes, probability: float) -> list[Signal]:
        self._before.append(frame)
        if probability < self._rules.start_probability:
            self._voiced_frames = 0
            return []
        self._voiced_frames += 1
        if self._voiced_frames < self._start_frames:
            return []
        self._speaking = True
        self._utterance = list(self._before)
        self._before.clear()
        return [SpeechBegan()]

    def _go_on(self) -> list[Signal]:
        signals: list[Signal] = [PauseEnded()] if self._paused else []
        self._paused = False
        self._silent_frames = 0
        self._voiced_frames += 1
        if self._voiced_frames == self._minimum_frames and not self._confirmed:
            self._confirmed = True
            signals.append(SpeechConfirmed())
        return signals

    def _fall_silent(self) -> list[Signal]:
        self._silent_frames += 1
        if self._silent_frames >= self._end_frames:
            return [self._end()]
        if self._silent_frames == self._pause_frames and self._is_worth_hearing():
            self._paused = True
            return [PauseBegan(b"".join(self._utterance))]
        return []

    def _cut_piece(self) -> Signal:
        audio = b"".join(self._utterance)
        self._utterance = []
        self._voiced_frames = 0
        self._paused = False
        return SpeechPiece(audio)

    def _end(self) -> Signal:
        silence_seconds = round(self._silent_frames * FRAME_SECONDS, 3)
        if not self._confirmed:
            self._rest()
            return SpeechDropped(silence_seconds)
        # The same audio as at the pause, so that what was recognised ahead of time holds.
        surplus = max(0, self._silent_frames - self._pause_frames)
        kept = self._utterance[: len(self._utterance) - surplus]
        audio = b"".join(kept) if self._is_worth_hearing() else b""
        self._rest()
        return SpeechEnded(audio, silence_seconds)

    def _is_worth_hearing(self) -> bool:
        return self._voiced_frames >= self._minimum_frames

    def _rest(self) -> None:
        self._speaking = self._confirmed = self._paused = False
        self._voiced_frames = self._silent_frames = 0
        self._utterance = []


class Ear:
    """One conversation's detector and endpointer. Blocks for the detector: not for the loop."""

    def __init__(self, detector: Detector, rules: Endpointing | None = None) -> None:
        self._detector = detector
        self._endpointer = Endpointer(rules)

    def hear(self, frames: Iterable[bytes]) -> list[Signal]:
        """Take whole frames, in order."""
        signals: list[Signal] = []
        for frame in frames:
            silent = self._endpointer.is_idle and level_dbfs(frame) < IDLE_LEVEL_DBFS
            signals += self._endpointer.push(frame, 0.0 if silent else self._detector(frame))
        return signals

    def finish(self) -> list[Signal]:
        """No more audio will come."""
        return self._endpointer.finish()


def split_frames(pcm: bytes) -> list[bytes]:
    """Cut audio into whole frames; the last one is filled up with silence."""
    return [
        pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        for start in range(0, len(pcm), FRAME_BYTES)
    ]


def level_dbfs(frame: bytes) -> float:
    """How loud a frame is, against full scale."""
    samples = array("h", frame)
    power = math.sumprod(samples, samples) / len(samples)
    return 10 * math.log10(power / 32768**2) if power else -math.inf


def _frames(seconds: float) -> int:
    return math.ceil(round(seconds / FRAME_SECONDS, 6))
