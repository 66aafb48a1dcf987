"""What one agent of a run does, as AG-UI events: the one that was asked, or one that works for it.

Pure. Each agent has a lane of its own, since several may work at once: what is open in it belongs
to its agent, and nothing another one does closes it (AG-UI 1.0, subagents, ownership).
"""

from collections.abc import Callable
from typing import Any, assert_never

from protocols.ag_ui_history import citations_metadata, content_value
from protocols.contract import events
from protocols.contract.inputs import Citation

type Document = dict[str, Any]

PREDICT_STATE = "PredictState"
"""The name of the CUSTOM event that CopilotKit and the dojo of AG-UI listen to."""


class Lane:
    """Writes what one agent does.

    Args:
        new_id: makes the identifiers of tool result messages.
        owner: the ``subagentRunId`` of the agent; None for the one that was asked.
    """

    def __init__(self, new_id: Callable[[], str], owner: str | None = None) -> None:
        self.pending: dict[str, None] = {}
        self._new_id = new_id
        self._tag = {} if owner is None else {"subagentRunId": owner}
        self._text: str | None = None
        self._reasoning: str | None = None
        self._thinking = ""
        self._thoughts: dict[str, int] = {}
        self._calls: dict[str, None] = {}
        self._steps: dict[str, None] = {}
        self._citations: dict[str, list[Citation]] = {}

    def write(self, event: events.AgentEvent) -> list[Document]:  # noqa: C901, PLR0911 - one arm per event of the closed union
        """Write one event: nothing, one or several AG-UI events."""
        match event:
            case events.TextDelta():
                return self._write_text(event)
            case events.Cited():
                return self._cite(event)
            case events.ReasoningDelta():
                return self._write_reasoning(event)
            case events.ToolStarted():
                return self._start_call(event)
            case events.ToolArguments():
                return [self._of_call("TOOL_CALL_ARGS", event.tool_call_id, delta=event.delta)]
            case events.ToolRequested():
                return self._end_call(event.tool_call_id)
            case events.ToolFinished():
                return [*self._end_call(event.tool_call_id), self._call_result(event)]
            case events.ActivityChanged():
                return [self._activity(event)]
            case events.StatePredicted():
                return [self._prediction(event)]
            case events.StepStarted():
                self._steps[event.name] = None
                return [self._tagged("STEP_STARTED", stepName=event.name)]
            case events.StepEnded():
                return self._end_step(event.name)
            case events.SubagentStarted() | events.SubagentEnded():
                return []  # these open and close lanes: whoever keeps them writes them
        assert_never(event)

    def close(self) -> list[Document]:
        """Close whatever is open."""
        written = [*self._close_reasoning(), *self._close_text()]
        for call in list(self._calls):
            written += self._end_call(call)
        for step in list(self._steps):
            written += self._end_step(step)
        return written

    def _write_text(self, event: events.TextDelta) -> list[Document]:
        identifier = event.message_id
        written = self._close_reasoning()
        if self._text != identifier:
            written += [*self._close_text(), self._open_text(identifier)]
        if event.text:
            content = {"type": "TEXT_MESSAGE_CONTENT", "messageId": identifier, "delta": event.text}
            written.append(content | self._tag if self._tag else content)
        return written

    def _open_text(self, identifier: str) -> Document:
        self._text = identifier
        return self._tagged("TEXT_MESSAGE_START", messageId=identifier, role="assistant")

    def _cite(self, event: events.Cited) -> list[Document]:
        """Keep a citation for the end of its message: metadata replace those sent before."""
        self._citations.setdefault(event.message_id, []).append(event.citation)
        return []

    def _write_reasoning(self, event: events.ReasoningDelta) -> list[Document]:
        written: list[Document] = []
        if self._reasoning is None or self._thinking != event.message_id:
            written = [*self._close_reasoning(), *self._close_text()]
            written += self._open_reasoning(event.message_id)
        identifier = self._reasoning
        if event.text:
            written.append(
                self._tagged("REASONING_MESSAGE_CONTENT", messageId=identifier, delta=event.text)
            )
        if event.signature is not None:
            written.append(self._encrypted("message", identifier, event.signature))
            written += self._close_reasoning()  # what follows has a signature of its own
        return written

    def _open_reasoning(self, message_id: str) -> list[Document]:
        count = self._thoughts[message_id] = self._thoughts.get(message_id, 0) + 1
        identifier = f"{message_id}-reasoning" + (f"-{count}" if count > 1 else "")
        self._reasoning, self._thinking = identifier, message_id
        opened = self._tagged("REASONING_MESSAGE_START", messageId=identifier, role="reasoning")
        return [self._tagged("REASONING_START", messageId=identifier), opened]

    def _start_call(self, event: events.ToolStarted) -> list[Document]:
        written = [*self._close_reasoning(), *self._close_text()]
        call = event.tool_call_id
        self._calls[call] = None
        if event.client:
            self.pending[call] = None
        members = {"toolCallName": event.name, "parentMessageId": event.message_id}
        written.append(self._of_call("TOOL_CALL_START", call, **members))
        if event.signature is not None:
            written.append(self._encrypted("tool-call", call, event.signature))
        return written

    def _end_call(self, tool_call_id: str) -> list[Document]:
        if tool_call_id not in self._calls:
            return []
        del self._calls[tool_call_id]
        return [self._of_call("TOOL_CALL_END", tool_call_id)]

    def _call_result(self, event: events.ToolFinished) -> Document:
        self.pending.pop(event.tool_call_id, None)
        result = self._of_call(
            "TOOL_CALL_RESULT",
            event.tool_call_id,
            messageId=self._new_id(),
            content=content_value(event.content),
            role="tool",
        )
        if event.error:
            result["metadata"] = {"gateway": {"error": True}}
        return result

    def _activity(self, event: events.ActivityChanged) -> Document:
        return self._tagged(
            "ACTIVITY_SNAPSHOT",
            messageId=event.activity_id,
            activityType=event.kind,
            content=event.content,
        )

    def _prediction(self, event: events.StatePredicted) -> Document:
        value = [
            {"state_key": key, "tool": event.tool, "tool_argument": argument}
            for key, argument in event.arguments.items()
        ]
        return self._tagged("CUSTOM", name=PREDICT_STATE, value=value)

    def _end_step(self, name: str) -> list[Document]:
        if name not in self._steps:
            return []
        del self._steps[name]
        return [self._tagged("STEP_FINISHED", stepName=name)]

    def _close_text(self) -> list[Document]:
        if self._text is None:
            return []
        closed, self._text = self._text, None
        ended = self._tagged("TEXT_MESSAGE_END", messageId=closed)
        if closed in self._citations:
            ended["metadata"] = citations_metadata(self._citations[closed])
        return [ended]

    def _close_reasoning(self) -> list[Document]:
        if self._reasoning is None:
            return []
        closed, self._reasoning = self._reasoning, None
        return [
            self._tagged("REASONING_MESSAGE_END", messageId=closed),
            self._tagged("REASONING_END", messageId=closed),
        ]

    def _encrypted(self, subtype: str, entity: str | None, value: str) -> Document:
        return self._tagged(
            "REASONING_ENCRYPTED_VALUE", subtype=subtype, entityId=entity, encryptedValue=value
        )

    def _of_call(self, kind: str, tool_call_id: str, **members: Any) -> Document:
        return {"type": kind, "toolCallId": tool_call_id, **members, **self._tag}

    def _tagged(self, kind: str, **members: Any) -> Document:
        return {"type": kind, **members, **self._tag}
