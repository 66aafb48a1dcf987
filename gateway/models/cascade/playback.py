"""What the user has heard so far, by our own clock. Pure: the time is passed in.

Speech is made faster than it is played. It is played, as far as we can know, from the moment it is
taken from us and without gaps. Positions are seconds of speech since the last cut.
"""

from dataclasses import dataclass, field

from strands.types.content import Message

from gateway.models.offline.endpointing import SAMPLE_RATE

BYTES_PER_SECOND = 2 * SAMPLE_RATE


@dataclass
class Piece:
    """Words, and where their sound lies."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(eq=False)
class Answer:
    """One answer of the model as it is spoken."""

    pieces: list[Piece] = field(default_factory=list)
    recorded: Message | None = None
    """Its message in the history, once it is complete."""

    def heard(self, position_seconds: float) -> str:
        """Give the words heard when the playback is there; a sentence counts by its share."""
        heard = ""
        for piece in self.pieces:
            if piece.end_seconds <= position_seconds:
                heard += piece.text
                continue
            share = (position_seconds - piece.start_seconds) / (
                piece.end_seconds - piece.start_seconds
            )
            words = piece.text.split()
            heard += " ".join(words[: int(len(words) * max(0.0, share))])
            break
        return heard.strip()

    def is_heard(self, position_seconds: float) -> bool:
        """Whether all of it was played."""
        return not self.pieces or self.pieces[-1].end_seconds <= position_seconds


class Playback:
    """The clock of what was queued, taken and played. Sizes are bytes, so that sums are exact."""

    def __init__(self) -> None:
        self._queued_bytes = 0
        self._taken_bytes = 0
        self._ends_at_seconds = 0.0

    def queue(self, text: str, size_bytes: int) -> Piece:
        """Note words whose sound is queued behind all others."""
        start = self._queued_bytes
        self._queued_bytes += size_bytes
        return Piece(text, start / BYTES_PER_SECOND, self._queued_bytes / BYTES_PER_SECOND)

    def taken(self, size_bytes: int, now_seconds: float) -> None:
        """Note that so much sound left for the user."""
        self._taken_bytes += size_bytes
        begins = max(now_seconds, self._ends_at_seconds)
        self._ends_at_seconds = begins + size_bytes / BYTES_PER_SECOND

    def is_playing(self, now_seconds: float) -> bool:
        """Whether something is still to be heard, on the way or waiting."""
        return self._queued_bytes > self._taken_bytes or now_seconds < self._ends_at_seconds

    def position(self, now_seconds: float) -> float:
        """Tell how far the user has heard."""
        to_come = max(0.0, self._ends_at_seconds - now_seconds)
        return self._taken_bytes / BYTES_PER_SECOND - to_come

    def cut(self) -> None:
        """Forget everything: it is not played any more."""
        self._queued_bytes = self._taken_bytes = 0
        self._ends_at_seconds = 0.0
