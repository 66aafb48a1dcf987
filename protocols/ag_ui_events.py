"""Contract events → AG-UI 1.0 events: the event language of every wire that streams.

Pure: values in, dicts out. A translator holds what is open in one run, so that whatever happens
the stream it has written can be closed in order (https://docs.ag-ui.com, lifecycle). Optional
members are left out, never null. Audio and the user's voice activity are no AG-UI events; wires
carry them beside the run.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, assert_never
from uuid import uuid4

import jsonpatch
import msgspec

from protocols.contract import events
from protocols.contract.inputs import Content, Media, Message, Part, Text, ToolCall, ToolResult
from protocols.failures import failure_of, message_of

PROTOCOL_VERSION = "1.0"

# The protocol's names, and those of its Python SDK, which its model takes as well.
_RUN_MEMBERS = ({"threadId", "runId", "messages"}, {"thread_id", "run_id", "messages"})

type AgUiEvent = dict[str, Any]

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
        self._text: str | None = None
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

    def translate(self, event: events.Event) -> list[AgUiEvent]:  # noqa: C901, PLR0911, PLR0912 - one arm per event of the closed union
        """Write one event: nothing, one or several AG-UI events."""
        match event:
            case events.TextDelta():
                return self._write_text(event)
            case events.ReasoningDelta():
                return self._write_reasoning(event)
            case events.ToolStarted():
                return self._start_call(event)
            case events.ToolArguments():
                return [_call_event("TOOL_CALL_ARGS", event.tool_call_id, delta=event.delta)]
            case events.ToolRequested():
                return self._end_call(event.tool_call_id)
            case events.ToolFinished():
                return [*self._end_call(event.tool_call_id), self._call_result(event)]
            case events.Transcript():
                return self._write_transcript(event)
            case events.StateChanged():
                return [_state_event(event)]
            case events.ActivityChanged():
                return [_activity_event(event)]
            case events.UsageReported():
                self._add_usage(event)
                return []
            case events.TurnEnded():
                return self._finish(event)
            case (
                events.TurnStarted()
                | events.AudioDelta()
                | events.SpeechStarted()
                | events.SpeechStopped()
                | events.BargeIn()
                | events.ToolResumed()
            ):
                return []
        assert_never(event)

    def fail(self, error: BaseException) -> list[AgUiEvent]:
        """End the run as failed; what is open is closed by the error itself. Once only."""
        if self.ended:
            return []
        self.ended = True
        failed = {"type": "RUN_ERROR", "message": message_of(error), "code": failure_of(error).code}
        return [failed | self._usage_member()]

    def _write_text(self, event: events.TextDelta) -> list[AgUiEvent]:
        written = self._close_reasoning()
        if self._text != event.message_id:
            written += self._close_text()
            self._text = event.message_id
            written.append(_text_event("TEXT_MESSAGE_START", event.message_id, role="assistant"))
        if event.text:
            written.append(_text_event("TEXT_MESSAGE_CONTENT", event.message_id, delta=event.text))
        return written

    def _write_reasoning(self, event: events.ReasoningDelta) -> list[AgUiEvent]:
        identifier = f"{event.message_id}-reasoning"
        written: list[AgUiEvent] = []
        if self._reasoning != identifier:
            written = [*self._close_reasoning(), *self._close_text()]
            self._reasoning = identifier
            opened = {"type": "REASONING_MESSAGE_START", "messageId": identifier}
            written.append({"type": "REASONING_START", "messageId": identifier})
            written.append(opened | {"role": "reasoning"})
        if event.text:
            content = {"type": "REASONING_MESSAGE_CONTENT", "messageId": identifier}
            written.append(content | {"delta": event.text})
        if event.signature is not None:
            written.append(
                {
                    "type": "REASONING_ENCRYPTED_VALUE",
                    "subtype": "message",
                    "entityId": identifier,
                    "encryptedValue": event.signature,
                }
            )
        return written

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

    def _start_call(self, event: events.ToolStarted) -> list[AgUiEvent]:
        written = [*self._close_reasoning(), *self._close_text()]
        self._calls[event.tool_call_id] = None
        if event.client:
            self._pending[event.tool_call_id] = None
        written.append(
            _call_event(
                "TOOL_CALL_START",
                event.tool_call_id,
                toolCallName=event.name,
                parentMessageId=event.message_id,
            )
        )
        return written

    def _end_call(self, tool_call_id: str) -> list[AgUiEvent]:
        if tool_call_id not in self._calls:
            return []
        del self._calls[tool_call_id]
        return [_call_event("TOOL_CALL_END", tool_call_id)]

    def _call_result(self, event: events.ToolFinished) -> AgUiEvent:
        self._pending.pop(event.tool_call_id, None)
        result = _call_event(
            "TOOL_CALL_RESULT",
            event.tool_call_id,
            messageId=self._new_id(),
            content=content_value(event.content),
            role="tool",
        )
        if event.error:
            result["metadata"] = {"gateway": {"error": True}}
        return result

    def _close_text(self) -> list[AgUiEvent]:
        if self._text is None:
            return []
        closed, self._text = self._text, None
        return [_text_event("TEXT_MESSAGE_END", closed)]

    def _close_reasoning(self) -> list[AgUiEvent]:
        if self._reasoning is None:
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
        written = [*self._close_reasoning(), *self._close_text()]
        written += [_text_event("TEXT_MESSAGE_END", identifier) for identifier in self._speech]
        written += [_call_event("TOOL_CALL_END", identifier) for identifier in self._calls]
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
        return [*written, finished | self._usage_member()]

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


def ag_ui_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Show a history as AG-UI messages; tool results become messages of their own."""
    shown: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "assistant":
            shown.append(_assistant_message(message))
        else:
            shown += _user_messages(message)
    return shown


def content_value(content: Sequence[Content]) -> str | list[dict[str, Any]]:
    """Show content as AG-UI does: a string where there is only text, otherwise a list of parts."""
    if all(isinstance(part, Text) for part in content):
        return "".join(part.text for part in content if isinstance(part, Text))
    return [_content_part(part) for part in content]


def _assistant_message(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": message.id, "role": "assistant"}
    text = "".join(part.text for part in message.content if isinstance(part, Text))
    if text:
        shown["content"] = text
    calls = [part for part in message.content if isinstance(part, ToolCall)]
    if calls:
        shown["toolCalls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ]
    return shown


def _user_messages(message: Message) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    said: list[Content] = []
    for part in message.content:
        if isinstance(part, ToolResult):
            shown.append(_tool_message(message.id, part))
        elif isinstance(part, Text | Media):
            said.append(part)
    if said:
        shown.append({"id": message.id, "role": "user", "content": content_value(said)})
    return shown


def _tool_message(message_id: str, result: ToolResult) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": f"{message_id}-{result.tool_call_id}",
        "role": "tool",
        "toolCallId": result.tool_call_id,
        "content": content_value(result.content),
    }
    if result.error:
        shown["error"] = "The tool failed."
    return shown


def _content_part(part: Part) -> dict[str, Any]:
    if isinstance(part, Media):
        source = {"type": "data", "value": _base64(part.data), "mimeType": part.mime_type}
        return {"type": part.kind, "source": source}
    return {"type": "text", "text": part.text if isinstance(part, Text) else ""}


def _base64(data: bytes) -> str:
    return msgspec.to_builtins(data)  # type: ignore[no-any-return]  # bytes become base64 text


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


type _TextEventType = Literal["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"]


def _text_event(kind: _TextEventType, message_id: str, **members: str) -> AgUiEvent:
    return {"type": kind, "messageId": message_id, **members}


def _call_event(kind: str, tool_call_id: str, **members: Any) -> AgUiEvent:
    return {"type": kind, "toolCallId": tool_call_id, **members}
