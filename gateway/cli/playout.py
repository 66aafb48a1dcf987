"""A loudspeaker without sound: what would have been heard, and how far it is; pure.

Audio comes ahead of its time and is played without gaps; a flush drops what was not played yet.
So the recording is what a listener would have heard, pauses included.
"""

from bisect import bisect_right

from gateway.cli.sound import BYTES_PER_SAMPLE, seconds_of, silence


class Playout:
    """Plays one conversation at one sample rate; times are in seconds."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._recording = bytearray()
        self._received_seconds = 0.0
        self._ends_at: float | None = None
        self._message_ids: list[str] = []
        self._message_starts: list[float] = []  # in seconds of received audio, ascending

    @property
    def recording(self) -> bytes:
        """Everything up to the end of the last piece."""
        return bytes(self._recording)

    def start_message(self, message_id: str) -> None:
        """Count what comes from here on as audio of this message."""
        self._message_ids.append(message_id)
        self._message_starts.append(self._received_seconds)

    def receive(self, pcm: bytes, now: float) -> None:
        """Take a piece; it is heard as soon as all before it was."""
        if self._ends_at is None:
            self._ends_at = now
        if now > self._ends_at:
            self._recording += silence(now - self._ends_at, self.sample_rate)
            self._ends_at = now
        seconds = seconds_of(pcm, self.sample_rate)
        self._recording += pcm
        self._received_seconds += seconds
        self._ends_at += seconds

    def waiting_seconds(self, now: float) -> float:
        """Audio that is not played yet."""
        return 0.0 if self._ends_at is None else max(0.0, self._ends_at - now)

    def played_seconds(self, now: float) -> float:
        """Audio that was heard, pauses left out."""
        return self._received_seconds - self.waiting_seconds(now)

    def heard(self, now: float) -> tuple[str, float] | None:
        """Give the message that is being heard, and the seconds heard of it."""
        played = self.played_seconds(now)
        index = bisect_right(self._message_starts, played) - 1
        if index < 0:
            return None
        return self._message_ids[index], played - self._message_starts[index]

    def flush(self, now: float) -> None:
        """Drop what is not played yet."""
        dropped_seconds = self.waiting_seconds(now)
        if dropped_seconds:
            dropped_bytes = round(dropped_seconds * self.sample_rate) * BYTES_PER_SAMPLE
            del self._recording[max(0, len(self._recording) - dropped_bytes) :]
            self._received_seconds -= dropped_seconds
            self._ends_at = now
