"""A run as lines of text for a terminal; pure.

The assistant's words stream as they come; a tool call stands on lines of its own.
"""

import msgspec

from gateway.cli.printable import one_line, printable
from gateway.cli.received import (
    MessagesSnapshot,
    Question,
    Received,
    RunFinished,
    TextAdded,
    TextEnded,
    TextStarted,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallResult,
    ToolCallStarted,
)

RESULT_LENGTH = 500  # characters of a tool's answer worth a line


class RunText:
    """Writes one run."""

    def __init__(self) -> None:
        self._line_is_open = False
        self._calls: dict[str, tuple[str, str]] = {}
        self._roles: dict[str, str] = {}

    def show(self, event: Received) -> str:
        """Give the text to print for one event."""
        match event:
            case TextStarted():
                self._roles[event.message_id] = event.role
                return self._fresh_line()
            case TextAdded() if self._roles.get(event.message_id) == "assistant":
                return self._words(printable(event.delta))
            case TextEnded() | RunFinished():
                return self._finished(event)
            case _:
                return self._tool_line(event)

    def end_line(self) -> str:
        """Give the line feed that is missing, if one is."""
        return self._fresh_line()

    def _words(self, text: str) -> str:
        if text:
            self._line_is_open = not text.endswith("\n")
        return text

    def _finished(self, event: TextEnded | RunFinished) -> str:
        text = self._fresh_line()
        if isinstance(event, RunFinished) and event.outcome.type != "success":
            text += f"[{one_line(event.outcome.type)}]\n"
            text += "".join(map(_question, event.outcome.interrupts))
        return text

    def _tool_line(self, event: Received) -> str:
        match event:
            case ToolCallStarted():
                self._calls[event.tool_call_id] = (event.tool_call_name, "")
            case ToolCallArguments() if event.tool_call_id in self._calls:
                name, arguments = self._calls[event.tool_call_id]
                self._calls[event.tool_call_id] = (name, arguments + event.delta)
            case ToolCallEnded() if event.tool_call_id in self._calls:
                name, arguments = self._calls[event.tool_call_id]
                return self._own_line(f"{name} {arguments}")
            case ToolCallResult():
                name, _ = self._calls.get(event.tool_call_id, ("tool", ""))
                return self._own_line(f"{name} {verb(event)} {content_text(event.content)}")
            case MessagesSnapshot():
                return self._own_line("the conversation went on elsewhere; it is known here now")
            case _:
                pass
        return ""

    def _own_line(self, text: str) -> str:
        line = one_line(text)
        shown = line if len(line) <= RESULT_LENGTH else f"{line[:RESULT_LENGTH]}..."
        return f"{self._fresh_line()}[{shown}]\n"

    def _fresh_line(self) -> str:
        if not self._line_is_open:
            return ""
        self._line_is_open = False
        return "\n"


def _question(question: Question) -> str:
    return f"{one_line(question.message or question.reason)} (yes, no, or an answer)\n"


def verb(result: ToolCallResult) -> str:
    """Tell a tool's answer from its failure."""
    marks = result.metadata.get("gateway")
    return "failed:" if isinstance(marks, dict) and marks.get("error") is True else "->"


def content_text(content: str | list[dict[str, object]]) -> str:
    """Show a tool's answer as text."""
    return content if isinstance(content, str) else msgspec.json.encode(content).decode()
