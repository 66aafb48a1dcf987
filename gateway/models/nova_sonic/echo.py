"""Keeps back the transcript of what we asked ourselves; pure.

A question that is asked again is in the conversation already, and what we ask on the user's behalf
never was. Whether the service transcribes typed text is not known; this serves both.
"""

from strands.bidi.types.events import BidiOutputEvent


class Echo:
    """Looks at the first transcript of the user on a connection."""

    def __init__(self) -> None:
        self._expected: str | None = None
        self._held: BidiOutputEvent | None = None
        self._dropped: str | None = None

    def expect(self, text: str | None) -> None:
        """Keep this text back if it comes; None expects nothing any more."""
        self._expected = text
        self._held = None
        self._dropped = None

    def passed(self, event: BidiOutputEvent) -> list[BidiOutputEvent]:
        """Give what may go on of an event and of those held before it."""
        kind = event.get("type", "")
        if kind.startswith("bidi_transcript") and event.get("content_id") == self._dropped:
            return []
        if self._held is not None:
            return self._decide(self._held, event)
        is_start = kind == "bidi_transcript_start" and event.get("role") == "user"
        if self._expected is None or not is_start:
            return [event]
        self._held = event
        return []

    def _decide(self, held: BidiOutputEvent, event: BidiOutputEvent) -> list[BidiOutputEvent]:
        """Take the event after a held start: the transcript's first words."""
        self._held = None
        expected, self._expected = self._expected, None
        if event.get("delta") == expected and event.get("content_id") == held["content_id"]:
            self._dropped = held["content_id"]
            return []
        return [held, event]
