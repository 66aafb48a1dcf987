"""What the model still owes the user, by the events of its answers; pure.

After a connection is lost this decides how the next one goes on: with nothing, with the question
again, with the results of tools, or with the rest of the answer.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from strands.bidi.types.events import (
    BidiAudioStopEvent,
    BidiOutputEvent,
    BidiTranscriptStopEvent,
)
from strands.types.tools import ToolResultBlock, ToolUse

_WORDS = frozenset({"bidi_transcript_start", "bidi_audio_start", "bidi_audio_delta"})


class Owed(Enum):
    """What the model has to say next."""

    NOTHING = auto()
    ANSWER = auto()  # the question is known, and nothing of the answer
    AFTER_TOOLS = auto()  # an answer that needs what tools found
    REST = auto()  # the answer has begun


class Owing:
    """Follows one conversation, over all its connections."""

    def __init__(self) -> None:
        self._calls: dict[str, ToolUse] = {}  # of the turn that is owed an answer
        self._results: dict[str, ToolResultBlock] = {}
        self._is_asked = False
        self._is_answering = False
        self._transcripts: dict[str, Any] = {}  # open, by content id: the role
        self._audio: str | None = None  # content id of open audio

    @property
    def owed(self) -> Owed:
        """What comes next."""
        if self._is_answering:
            return Owed.REST
        if self._calls:
            return Owed.AFTER_TOOLS
        return Owed.ANSWER if self._is_asked else Owed.NOTHING

    @property
    def is_waiting_for_tools(self) -> bool:
        """Whether it is the tools that the user waits for, and not the model."""
        return self._calls.keys() != self._results.keys()

    @property
    def found(self) -> list[tuple[ToolUse, ToolResultBlock]]:
        """What the tools of this turn have answered."""
        return [(self._calls[each], result) for each, result in self._results.items()]

    def typed(self) -> None:
        """The user wrote something."""
        self._begin()

    def answered(self, result: ToolResultBlock) -> None:
        """A tool has answered; one of a turn that was dropped does not matter here."""
        if result.tool_use_id in self._calls:
            self._results[result.tool_use_id] = result

    def note(self, event: Mapping[str, Any]) -> None:
        """Take an event on its way to the agent."""
        kind = event.get("type", "")
        if kind == "bidi_transcript_start":
            self._transcripts[event["content_id"]] = event["role"]
        elif kind == "bidi_transcript_stop":
            self._transcripts.pop(event["content_id"], None)
        elif kind == "bidi_audio_start":
            self._audio = event["content_id"]
        elif kind == "bidi_audio_stop":
            self._audio = None
        self._note_turn(kind, event)

    def closing(self) -> list[BidiOutputEvent]:
        """Give the events that close what a lost connection has left open.

        Without them strands would take words that were said for unknown.
        """
        events: list[BidiOutputEvent] = []
        if self._audio is not None:
            events.append(BidiAudioStopEvent(self._audio))
        for content_id, role in self._transcripts.items():
            events.append(BidiTranscriptStopEvent(role, content_id))
        self._transcripts.clear()
        self._audio = None
        return events

    def _note_turn(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind == "bidi_transcript_start" and event["role"] == "user":
            self._begin()
        elif kind in _WORDS:
            self._is_answering = True
        elif kind == "bidi_tool_use_blocks":
            self._is_answering = False
            self._calls |= {use["toolUseId"]: use for use in event["tool_uses"]}
        elif kind == "bidi_barge_in" or (
            kind == "bidi_response_stop" and not self.is_waiting_for_tools
        ):
            self._end()

    def _begin(self) -> None:
        self._end()
        self._is_asked = True

    def _end(self) -> None:
        self._is_asked = self._is_answering = False
        self._calls.clear()
        self._results.clear()
