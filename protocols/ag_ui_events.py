"""Contract events → AG-UI 1.0 events: the event language of every wire that streams.

Pure: values in, dicts out. A translator holds what is open in one run, so that whatever happens
the stream it has written can be closed in order (https://docs.ag-ui.com, lifecycle). Optional
members are left out, never null. Audio and the user's voice activity are no AG-UI events; wires
carry them beside the run.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal
from uuid import uuid4

import jsonpatch
import msgspec

from protocols.ag_ui_lanes import Document, Lane
from protocols.contract import events
from protocols.contract.errors import GatewayError
from protocols.failures import failure_of, message_of

PROTOCOL_VERSION = "1.0"

# The protocol's names, and those of its Python SDK, which its model takes as well.
_RUN_MEMBERS = ({"threadId", "runId", "messages"}, {"thread_id", "run_id", "messages"})

type AgUiEvent = Document

_FAILURES = {
    "failed": ("The agent failed before it had an answer.", "SUBAGENT_FAILED"),
    "cancelled": ("The agent was cancelled.", "CANCELLED"),
}

_encoder = msgspec.json.Encoder()


def encode(event: AgUiEvent) -> bytes:
    """Encode one event as JSON text in UTF-8."""
    return _encoder.encode(event)


def is_run_input(document: Any) -> bool:
    """Tell whether a JSON document is meant as a ``RunAgentInput``."""
    return isinstance(document, dict) and any(m <= document.keys() for m in _RUN_MEMBERS)


def new_identifier() -> str:
    """Make an identifier at the time of need (never at start-up: snapshots would repeat it)."""
    return str(uuid4())


_ORDINARY_STOPS = frozenset({"end_turn", "tool_use", "interrupt"})


class RunTranslator:
    """Writes one run.

    Args:
        thread_id: echoed exactly as the client sent it.
        run_id: echoed exactly as the client sent it.
        new_id: makes the identifiers that no contract event carries (tool result messages).
    """

    def __init__(
        self, thread_id: str, run_id: str, new_id: Callable[[], str] = new_identifier
    ) -> None:
        self.thread_id = thread_id
        self.run_id = run_id
        self.ended = False
        self._new_id = new_id
        self._lane = Lane(new_id)
        self._lanes: dict[str, Lane] = {}
        self._parents: dict[str, str | None] = {}
        self._suspended: dict[str, str] = {}
        self._speech: dict[str, None] = {}
        self._interrupts: list[dict[str, Any]] = []
        self._usage: dict[str, int] = {}

    def start(self, known: Sequence[AgUiEvent] = ()) -> list[AgUiEvent]:
        """Open the run; ``known`` events follow the start at once."""
        started = {
            "type": "RUN_STARTED",
            "threadId": self.thread_id,
            "runId": self.run_id,
            "protocolVersion": PROTOCOL_VERSION,
        }
        return [started, *known]

    def translate(self, event: events.Event) -> list[AgUiEvent]:  # noqa: C901, PLR0911 - one arm per event of the closed union
        """Write one event: nothing, one or several AG-UI events."""
        match event:
            case events.TextDelta():  # first: there are hundreds of them
                return self._lane.write(event)
            case events.Delegated():
                return self._write_delegated(event)
            case events.SubagentStarted():
                return self._start_subagent(event)
            case events.SubagentEnded():
                return self._end_subagent(event)
            case events.Transcript():
                return self._write_transcript(event)
            case events.StateChanged():
                return [_state_event(event)]
            case events.InputRequested():
                return self._ask(event)
            case events.UsageReported():
                self._add_usage(event)
                return []
            case events.TurnEnded():
                return self._finish(event)
            case (
                events.TurnStarted()
                | events.ToolResumed()
                | events.AudioDelta()
                | events.SpeechStarted()
                | events.SpeechStopped()
                | events.BargeIn()
                | events.ModelReconnecting()
            ):
                return []
            case _:
                return self._lane.write(event)

    def fail(self, error: BaseException) -> list[AgUiEvent]:
        """End the run as failed; what is open is closed by the error itself. Once only."""
        if self.ended:
            return []
        self.ended = True
        message = f"{message_of(error)}{_places(error)}"
        failed = {"type": "RUN_ERROR", "message": message, "code": failure_of(error).code}
        return [failed | self._usage_member()]

    def _write_transcript(self, event: events.Transcript) -> list[AgUiEvent]:
        identifier = event.message_id
        written: list[AgUiEvent] = []
        if identifier not in self._speech:
            self._speech[identifier] = None
            written.append(_text_event("TEXT_MESSAGE_START", identifier, role=event.role))
        if event.delta:
            written.append(_text_event("TEXT_MESSAGE_CONTENT", identifier, delta=event.delta))
        if event.final:
            del self._speech[identifier]
            written.append(_text_event("TEXT_MESSAGE_END", identifier))
        return written

    def _write_delegated(self, event: events.Delegated) -> list[AgUiEvent]:
        lane = self._lanes.get(event.subagent_id)
        if lane is None:
            return []  # its work is told to be over
        match event.event:
            case events.SubagentStarted() as started:
                return self._start_subagent(started, event.subagent_id)
            case events.SubagentEnded() as ended:
                return self._end_subagent(ended)
            case inner:
                return lane.write(inner)

    def _start_subagent(
        self, event: events.SubagentStarted, parent: str | None = None
    ) -> list[AgUiEvent]:
        if event.subagent_id in self._lanes:
            return []
        self._lanes[event.subagent_id] = Lane(self._new_id, event.subagent_id)
        self._parents[event.subagent_id] = parent
        members = {
            "description": event.description,
            "parentSubagentRunId": parent,
            "parentToolCallId": event.tool_call_id,
            "parentMessageId": event.message_id,
        }
        started = {
            "type": "SUBAGENT_STARTED",
            "subagentRunId": event.subagent_id,
            "name": event.name,
        }
        return [started | {name: value for name, value in members.items() if value is not None}]

    def _end_subagent(self, event: events.SubagentEnded) -> list[AgUiEvent]:
        """End an agent's work, and before it that of whoever works for it."""
        lane = self._lanes.get(event.subagent_id)
        if lane is None:
            return []
        written: list[AgUiEvent] = []
        for child in [each for each, of in self._parents.items() if of == event.subagent_id]:
            written += self._end_subagent(events.SubagentEnded(child, event.outcome))
        del self._lanes[event.subagent_id], self._parents[event.subagent_id]
        self._suspended |= dict.fromkeys(event.interrupt_ids, event.subagent_id)
        return [*written, *lane.close(), _subagent_end(event)]

    def _ask(self, event: events.InputRequested) -> list[AgUiEvent]:
        asked = interrupt_value(event)
        if event.interrupt_id in self._suspended:
            asked["subagentRunId"] = self._suspended[event.interrupt_id]
        self._interrupts.append(asked)
        return []

    def _finish(self, event: events.TurnEnded) -> list[AgUiEvent]:
        if self.ended:
            return []
        self.ended = True
        written: list[AgUiEvent] = []
        for top in [each for each, of in self._parents.items() if of is None]:
            written += self._end_subagent(events.SubagentEnded(top, event.outcome))
        written += self._lane.close()
        written += [_text_event("TEXT_MESSAGE_END", identifier) for identifier in self._speech]
        outcome: dict[str, Any] = {"type": "success"}
        if event.outcome == "cancelled":
            outcome = {"type": "cancelled"}
        elif self._interrupts:
            outcome = {"type": "interrupt", "interrupts": self._interrupts}
        elif self._lane.pending:
            outcome["pendingToolCallIds"] = list(self._lane.pending)
        finished = {
            "type": "RUN_FINISHED",
            "threadId": self.thread_id,
            "runId": self.run_id,
            "outcome": outcome,
        }
        return [*written, finished | self._usage_member() | _stop_member(event)]

    def _add_usage(self, event: events.UsageReported) -> None:
        counted = {
            "inputTokens": event.input_tokens,
            "outputTokens": event.output_tokens,
            "totalTokens": event.total_tokens,
            "cachedInputTokens": event.cache_read_tokens,
            "cacheWriteInputTokens": event.cache_write_tokens,
        }
        for name, tokens in counted.items():
            if tokens is not None:
                self._usage[name] = self._usage.get(name, 0) + tokens

    def _usage_member(self) -> dict[str, Any]:
        return {"usage": [dict(self._usage)]} if self._usage else {}


def _places(error: BaseException) -> str:
    """Say where the faults are, which the event has no member for."""
    if not isinstance(error, GatewayError) or not error.details:
        return ""
    return f" ({'; '.join(f'{each.path}: {each.problem}' for each in error.details)})"


def _stop_member(event: events.TurnEnded) -> AgUiEvent:
    """Why the model stopped, where that is not because all was said: AG-UI has no word for it."""
    if event.outcome != "completed" or event.stop_reason in _ORDINARY_STOPS:
        return {}
    return {"metadata": {"gateway": {"stopReason": event.stop_reason}}}


def _state_event(event: events.StateChanged) -> AgUiEvent:
    """A patch (RFC 6902) against the state the client has; the whole state if that is no object."""
    if not (isinstance(event.before, dict) and isinstance(event.after, dict)):
        return {"type": "STATE_SNAPSHOT", "snapshot": event.after}
    patch = jsonpatch.make_patch(event.before, event.after)
    return {"type": "STATE_DELTA", "delta": patch.patch}


def interrupt_value(event: events.InputRequested) -> dict[str, Any]:
    """Show a question as AG-UI does, and as its answer names it."""
    members = {
        "id": event.interrupt_id,
        "reason": event.reason,
        "message": event.message,
        "toolCallId": event.tool_call_id,
        "responseSchema": event.schema,
        "metadata": event.metadata,
    }
    return {name: value for name, value in members.items() if value is not None}


def _subagent_end(event: events.SubagentEnded) -> AgUiEvent:
    ended: AgUiEvent = {"subagentRunId": event.subagent_id}
    if event.outcome in _FAILURES:
        message, code = _FAILURES[event.outcome]
        return {"type": "SUBAGENT_ERROR", **ended, "message": message, "code": code}
    if event.outcome == "suspended":
        ended["outcome"] = {"type": "suspended"}
        if event.interrupt_ids:
            ended["outcome"]["interruptIds"] = list(event.interrupt_ids)
    return {"type": "SUBAGENT_FINISHED", **ended}


type _TextEventType = Literal["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"]


def _text_event(kind: _TextEventType, message_id: str, **members: str) -> AgUiEvent:
    return {"type": kind, "messageId": message_id, **members}
