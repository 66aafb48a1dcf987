"""A microphone that says a question once and is silent before and after; pure.

An endpointer needs the silence: without it the question never ends.
"""

from gateway.cli.answer import Question
from gateway.cli.sound import BYTES_PER_SAMPLE, FRAME_SECONDS, seconds_of


class Microphone:
    """Gives frames of 20 ms, one a call."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._frame_bytes = round(FRAME_SECONDS * question.sample_rate) * BYTES_PER_SAMPLE
        self._position: int | None = None
        self.speech_ends_at: float | None = None
        self.said_at: float | None = None

    @property
    def sample_rate(self) -> int:
        """Hertz of the frames."""
        return self._question.sample_rate

    def start(self, now: float) -> None:
        """Begin to say the question with the next frame."""
        self._position = 0
        seconds = seconds_of(self._question.pcm, self._question.sample_rate)
        self.speech_ends_at = now + self._question.speech_end_seconds
        self.said_at = now + seconds

    def frame(self) -> bytes:
        """Give the next frame."""
        if self._position is None:
            return bytes(self._frame_bytes)
        pcm = self._question.pcm[self._position : self._position + self._frame_bytes]
        self._position += len(pcm)
        return pcm.ljust(self._frame_bytes, b"\0")
