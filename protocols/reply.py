"""A turn's events, folded into one reply (pure)."""

import base64
from typing import Any

import msgspec

from protocols.ag_ui_events import interrupt_value
from protocols.ag_ui_history import content_value
from protocols.contract import events


class Reply:
    """Collects one turn; ``document`` gives what the caller reads.

    ``audio`` is PCM16 mono at the conversation's rate; ``interrupts`` are AG-UI interrupts.
    """

    def __init__(self, session_id: str) -> None:
        self.audio = bytearray()
        self.interrupts: list[dict[str, Any]] = []
        self._session_id = session_id
        self._answered: dict[str, list[str]] = {}
        self._heard: dict[str, list[str]] = {}
        self._calls: dict[str, dict[str, Any]] = {}
        self._arguments: dict[str, list[str]] = {}
        self._usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        self._stop_reason = "end_turn"

    def add(self, event: events.Event) -> None:
        """Take in one event."""
        match event:
            case events.TextDelta():
                self._answered.setdefault(event.message_id, []).append(event.text)
            case events.Transcript():
                said = self._answered if event.role == "assistant" else self._heard
                said.setdefault(event.message_id, []).append(event.delta)
            case events.AudioDelta():
                self.audio += event.pcm
            case events.UsageReported():
                self._usage["input_tokens"] += event.input_tokens
                self._usage["output_tokens"] += event.output_tokens
                self._usage["total_tokens"] += event.total_tokens
            case events.TurnStarted():
                # Of a spoken answer that was cut off nobody heard anything.
                self._answered.clear()
                self.audio.clear()
            case events.InputRequested():
                self.interrupts.append(interrupt_value(event))
            case events.TurnEnded():
                self._stop_reason = event.stop_reason
            case _:
                self._add_call(event)

    def document(self) -> dict[str, Any]:
        """The reply as the interface promises it; with what it asks, if the turn waits for that."""
        asks = {"interrupts": self.interrupts} if self.interrupts else {}
        return asks | {
            "response": self.response,
            "session_id": self._session_id,
            "stop_reason": self._stop_reason,
            "tool_calls": list(self._calls.values()),
            "usage": self._usage,
        }

    def spoken_document(self, wav: bytes) -> dict[str, Any]:
        """The reply to a spoken question: the document, the user's transcript and the audio."""
        audio = base64.b64encode(wav).decode()
        return self.document() | {"transcript": self.transcript, "audio": audio}

    @property
    def response(self) -> str:
        """What the assistant wrote or said."""
        return _joined(self._answered, "\n")

    @property
    def transcript(self) -> str:
        """What the user was heard to say."""
        return _joined(self._heard, " ")

    def _add_call(self, event: events.Event) -> None:
        match event:
            case events.ToolStarted():
                self._arguments[event.tool_call_id] = []
                self._calls[event.tool_call_id] = _call(event.tool_call_id, event.name, {})
            case events.ToolResumed():
                given = _json(event.arguments)
                self._calls[event.tool_call_id] = _call(event.tool_call_id, event.name, given)
            case events.ToolArguments():
                self._arguments[event.tool_call_id].append(event.delta)
            case events.ToolRequested():
                arguments = "".join(self._arguments[event.tool_call_id])
                self._calls[event.tool_call_id]["input"] = _json(arguments)
            case events.ToolFinished():
                call = self._calls[event.tool_call_id]
                call["result"] = content_value(event.content)
                call["status"] = "error" if event.error else "success"
            case _:
                pass


def _call(tool_call_id: str, name: str, given: Any) -> dict[str, Any]:
    return {"id": tool_call_id, "name": name, "input": given, "result": None, "status": "pending"}


def _joined(messages: dict[str, list[str]], separator: str) -> str:
    """Put messages one after the other; an empty one (the model only called a tool) is none."""
    texts = ("".join(pieces) for pieces in messages.values())
    return separator.join(text for text in texts if text)


def _json(text: str) -> Any:
    """Arguments as JSON; as they are where the model wrote no JSON."""
    try:
        return msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return text
