"""What a caller has heard so far, and whether the answer is complete; pure.

Fed with events and the time in seconds, by whichever wire.
"""

from typing import Literal

from msgspec import Struct

from gateway.cli.client import described
from gateway.cli.failures import CommandFailed
from gateway.cli.received import (
    ConversationEnded,
    GatewayFailed,
    LatencyReported,
    Received,
    RunFailed,
    RunFinished,
    RunStarted,
    SessionOpened,
    SpeechChanged,
    TextAdded,
    TextStarted,
    ToolCallArguments,
    ToolCallResult,
    ToolCallStarted,
)
from gateway.cli.run_text import content_text, verb

MORE_SPEECH_SECONDS = 1.5  # an endpointer has noticed a pause by then
PATIENCE_SECONDS = 10.0  # without a run: nothing was understood
RUN_PATIENCE_SECONDS = 60.0  # with a run, and nothing heard of it

type State = Literal["listening", "answered", "not understood", "stalled"]


class ToolUse(Struct):
    """One call, as it becomes known."""

    name: str
    arguments: str = ""
    answer: str = ""


class Listener:
    """Follows one live conversation."""

    def __init__(self) -> None:
        self.session_id = ""
        self.model = ""
        self.tool_uses: dict[str, ToolUse] = {}
        self.figures: dict[str, float | str] = {}
        self.failure: CommandFailed | None = None
        self.ended_reason: str | None = None
        self._messages: dict[str, tuple[str, str]] = {}
        self._run_is_open = False
        self._is_speaking = False
        self._finished_runs = 0
        self._heard_at = 0.0

    def hear(self, event: Received, now: float) -> None:
        """Take in one event."""
        if not isinstance(event, LatencyReported):  # of the connection they come again and again
            self._heard_at = now
        self._follow_run(event)
        self._follow_content(event)
        match event:
            case SessionOpened():
                self.session_id, self.model = event.session_id, event.model
            case SpeechChanged():
                self._is_speaking = event.state == "started"
            case LatencyReported():
                self.figures |= event.figures
            case ConversationEnded():
                self.ended_reason = event.reason
            case _:
                pass

    def said(self, role: str) -> str:
        """Give all words of the user or the assistant, one line a message."""
        return "\n".join(text.strip() for who, text in self._messages.values() if who == role)

    def state(self, now: float, said_at: float | None) -> State:
        """Tell how it stands; ``said_at`` is when the question was said to its end."""
        if said_at is None:
            return "listening"
        quiet_seconds = now - max(said_at, self._heard_at)
        if self._run_is_open:
            return "stalled" if quiet_seconds > RUN_PATIENCE_SECONDS else "listening"
        if self._has_answer() and not self._is_speaking:
            return "answered" if now - said_at >= MORE_SPEECH_SECONDS else "listening"
        return "not understood" if quiet_seconds > PATIENCE_SECONDS else "listening"

    def _has_answer(self) -> bool:
        return self._finished_runs > 0 and bool(self.said("assistant"))

    def _follow_run(self, event: Received) -> None:
        match event:
            case RunStarted():
                self._run_is_open = True
            case RunFinished():
                self._run_is_open = False
                self._finished_runs += event.outcome.type != "cancelled"
            case RunFailed():
                self._run_is_open = False
                self.failure = described(event.message, event.code)
            case GatewayFailed():
                self.failure = described(event.error, event.code)
            case _:
                pass

    def _follow_content(self, event: Received) -> None:
        match event:
            case TextStarted():
                self._messages.setdefault(event.message_id, (event.role, ""))
            case TextAdded() if event.message_id in self._messages:
                role, text = self._messages[event.message_id]
                self._messages[event.message_id] = (role, text + event.delta)
            case ToolCallStarted():
                self.tool_uses[event.tool_call_id] = ToolUse(event.tool_call_name)
            case ToolCallArguments() if event.tool_call_id in self.tool_uses:
                self.tool_uses[event.tool_call_id].arguments += event.delta
            case ToolCallResult() if event.tool_call_id in self.tool_uses:
                answer = f"{verb(event)} {content_text(event.content)}"
                self.tool_uses[event.tool_call_id].answer = answer
            case _:
                pass
