"""How far the listener is in what was sent: by the clock, corrected by the listener's own reports.

Pure: the time is passed in as seconds of a monotonic clock. Positions are seconds on one axis that
holds all the audio ever sent.
"""

from collections import deque
from math import inf

from msgspec import Struct

_REPORTS_STALE_AFTER_SECONDS = 2.0
_BETWEEN_REPORTS_SECONDS = 0.25
_MOST_SEGMENTS = 16
_ROUNDING_SECONDS = 1e-6
_UNHEARD_PAUSE_SECONDS = 0.02


class _Segment(Struct):
    """The audio of one message: from ``start`` to ``end`` on the axis."""

    message_id: str
    start: float
    end: float


class Playhead:
    """What was sent, and how much of it has been heard.

    ``ahead_seconds`` may be sent ahead by the clock alone, ``reported_ahead_seconds`` while the
    listener reports; None takes no notice of reports.
    """

    def __init__(self, ahead_seconds: float, reported_ahead_seconds: float | None) -> None:
        self._ahead_seconds = ahead_seconds
        self._reported_ahead_seconds = reported_ahead_seconds
        self._sent = 0.0
        self._heard_at = -inf  # when all that was sent will have been heard, by the clock
        self._segments: deque[_Segment] = deque(maxlen=_MOST_SEGMENTS)
        self._reported: float | None = None
        self._follow_until = -inf
        self._paused_at: float | None = None
        self.underruns = 0  # pauses in the middle of a message: the model was too slow

    @property
    def sent_seconds(self) -> float:
        """The position up to which audio was sent."""
        return self._sent

    def heard_until(self, now: float) -> float:
        """The position up to which audio was heard; the last report counts for a moment only."""
        by_clock = self._sent - self.heard_in_seconds(now)
        if self._reported is not None and self._follows_reports(now):
            return min(by_clock, max(self._reported, 0.0) + _BETWEEN_REPORTS_SECONDS)
        return by_clock

    def heard_of(self, message_id: str, heard_until: float) -> float:
        """How much of a message was heard when the listener was there."""
        segment = self._segment(message_id)
        if segment is None:
            return 0.0
        return min(max(heard_until - segment.start, 0.0), segment.end - segment.start)

    def sent_of(self, message_id: str) -> float:
        """How much of a message was sent."""
        segment = self._segment(message_id)
        return 0.0 if segment is None else segment.end - segment.start

    def pause(self, now: float) -> None:
        """The listener is gone; nothing is heard until ``resume``."""
        if self._paused_at is None:
            self._paused_at = self.heard_until(now)
            self._heard_at = inf

    def resume(self, position: float, now: float) -> None:
        """A listener is there again; what was sent beyond this position will be sent again."""
        self._paused_at = None
        self._reported = None
        self._follow_until = -inf
        self._sent = position
        self._heard_at = now
        while self._segments and self._segments[-1].start >= position:
            self._segments.pop()
        if self._segments:
            self._segments[-1].end = min(self._segments[-1].end, position)

    def send(self, message_id: str, seconds: float, now: float) -> None:
        """Count audio that goes out now."""
        if self.is_heard(now):
            self._note_pause(message_id, now)
            self._settle(now)
        self._heard_at = max(self._heard_at, now) + seconds
        if not self._segments or self._segments[-1].message_id != message_id:
            self._segments.append(_Segment(message_id, self._sent, self._sent))
        self._sent += seconds
        self._segments[-1].end = self._sent

    def report(self, message_id: str | None, played_seconds: float, now: float) -> None:
        """Take what the listener says about a message, or about the last one.

        A report about a message that is not known any more (it was dropped) changes nothing.
        """
        segment = self._segment(message_id)
        if segment is None or self._reported_ahead_seconds is None:
            return
        position = min(segment.start + played_seconds, segment.end)
        self._reported = position
        self._follow_until = now + _REPORTS_STALE_AFTER_SECONDS
        self._heard_at = now + (self._sent - position)

    def drop(self, now: float) -> None:
        """Forget what has not been heard: the listener was told to throw it away."""
        self._segments.clear()
        if self._paused_at is None:
            self._heard_at = now
            self._settle(now)
        else:
            self._paused_at = self._sent

    def is_heard(self, now: float) -> bool:
        """Tell whether everything sent has been heard."""
        if self._paused_at is not None:
            return self._paused_at >= self._sent
        return now >= self._heard_at

    def heard_in_seconds(self, now: float) -> float:
        """How long until everything sent will have been heard."""
        if self._paused_at is not None:
            return self._sent - self._paused_at
        return max(0.0, self._heard_at - now)

    def room_in_seconds(self, seconds: float, now: float) -> float:
        """How long until this much more may be sent; 0 now."""
        by_clock = self.heard_in_seconds(now) + seconds - self._ahead_seconds
        if not self._follows_reports(now):
            return max(0.0, by_clock)
        if self._reported_lead + seconds <= self._reported_limit + _ROUNDING_SECONDS:
            return 0.0
        # A report may come any time and is looked at then; without one the clock counts again.
        return self._follow_until - now

    def _segment(self, message_id: str | None) -> _Segment | None:
        named = (s for s in reversed(self._segments) if message_id in {None, s.message_id})
        return next(named, None)

    @property
    def _reported_lead(self) -> float:
        return self._sent - (self._reported or 0.0)

    @property
    def _reported_limit(self) -> float:
        return self._reported_ahead_seconds or 0.0

    def _follows_reports(self, now: float) -> bool:
        return self._reported is not None and now < self._follow_until

    def _note_pause(self, message_id: str, now: float) -> None:
        is_same = bool(self._segments) and self._segments[-1].message_id == message_id
        if is_same and now - self._heard_at > _UNHEARD_PAUSE_SECONDS:
            self.underruns += 1

    def _settle(self, now: float) -> None:
        # Listeners report while they play: between messages silence is no sign of a lost listener.
        if self._reported is not None:
            self._reported = self._sent
            self._follow_until = now + _REPORTS_STALE_AFTER_SECONDS
