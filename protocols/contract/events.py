"""What an agent does, as a closed union of values.

A text turn yields events up to one ``TurnEnded``. A live conversation yields any number of turns,
each opened by ``TurnStarted`` and closed by ``TurnEnded``, with ``SpeechStarted``,
``SpeechStopped``, ``BargeIn`` and ``ModelReconnecting`` at any place.

``message_id`` names one message of the conversation: text, speech and the tool calls that the
model makes in the same breath share it.
"""

from typing import Literal

from msgspec import Struct

from protocols.contract.inputs import Citation, Content, Json

type Outcome = Literal["completed", "cancelled"]
type SubagentOutcome = Literal["completed", "failed", "cancelled", "suspended"]


class _Event(Struct, frozen=True, tag=True):
    """Tagged by class name, so that events encode and compare as values."""


class TurnStarted(_Event, frozen=True):
    """A turn of a live conversation begins."""

    turn_id: str


class TextDelta(_Event, frozen=True):
    """Written words of the assistant."""

    message_id: str
    text: str


class ReasoningDelta(_Event, frozen=True):
    """Thinking aloud.

    One that carries the provider's ``signature`` is the last of its block: what a message thinks
    after it has a signature of its own.
    """

    message_id: str
    text: str
    signature: str | None = None


class Cited(_Event, frozen=True):
    """The words of a message so far rest on a source."""

    message_id: str
    citation: Citation


class ToolStarted(_Event, frozen=True):
    """The model begins to call a tool. ``client`` tells that the client has to run it.

    ``signature`` is the provider's proof of the thinking behind the call.
    """

    message_id: str
    tool_call_id: str
    name: str
    client: bool = False
    signature: str | None = None


class ToolArguments(_Event, frozen=True):
    """A piece of the call's arguments: JSON text, in order."""

    tool_call_id: str
    delta: str


class ToolRequested(_Event, frozen=True):
    """The call's arguments are complete."""

    tool_call_id: str


class ToolFinished(_Event, frozen=True):
    """The tool answered; ``error`` if it raised or ran over its time."""

    tool_call_id: str
    content: tuple[Content, ...]
    error: bool = False


class Transcript(_Event, frozen=True):
    """A piece of what was said aloud, in order.

    ``final`` closes the message (and may hold no text).
    """

    message_id: str
    role: Literal["user", "assistant"]
    delta: str
    final: bool = False


class AudioDelta(_Event, frozen=True):
    """Speech of the assistant.

    PCM, signed 16-bit little-endian, mono, at the conversation's ``output_sample_rate``.
    """

    message_id: str
    pcm: bytes


class SpeechStarted(_Event, frozen=True):
    """The user began to speak."""


class SpeechStopped(_Event, frozen=True):
    """The user fell silent, ``silence_seconds`` before this was noticed."""

    silence_seconds: float = 0.0


class BargeIn(_Event, frozen=True):
    """The user spoke over the assistant: whatever is not played yet is to be dropped."""


class ModelReconnecting(_Event, frozen=True):
    """The model's service was lost, and is not back at once: whoever waits should know why."""


class StateChanged(_Event, frozen=True):
    """A tool changed the state that client and agent share; both are whole JSON values."""

    before: Json
    after: Json


class ActivityChanged(_Event, frozen=True):
    """A tool tells how far it is; the newest of an ``activity_id`` takes the place of the others.

    ``kind`` names the form of ``content`` to whoever shows it.
    """

    activity_id: str
    kind: str
    content: dict[str, Json]


class StatePredicted(_Event, frozen=True):
    """The arguments of the calls that follow show what the state will be.

    ``arguments`` names for each key of the state the argument of ``tool`` that becomes its value.
    """

    tool: str
    arguments: dict[str, str]


class StepStarted(_Event, frozen=True):
    """A named part of the work begins: a node of a graph, the turn of an agent in a swarm."""

    name: str


class StepEnded(_Event, frozen=True):
    """The part of the work is over."""

    name: str


class SubagentStarted(_Event, frozen=True):
    """Another agent begins to work, for the call of a tool or as a part of a team."""

    subagent_id: str
    name: str
    description: str | None = None
    tool_call_id: str | None = None
    message_id: str | None = None


class SubagentEnded(_Event, frozen=True):
    """The other agent is done, and whoever works for it.

    ``suspended``: it goes on when the user has answered ``interrupt_ids``.
    """

    subagent_id: str
    outcome: SubagentOutcome = "completed"
    interrupt_ids: tuple[str, ...] = ()


type AgentEvent = (
    TextDelta
    | Cited
    | ReasoningDelta
    | ToolStarted
    | ToolArguments
    | ToolRequested
    | ToolFinished
    | ActivityChanged
    | StatePredicted
    | StepStarted
    | StepEnded
    | SubagentStarted
    | SubagentEnded
)
"""What an agent does, be it the one that was asked or one that works for it."""


class Delegated(_Event, frozen=True):
    """What another agent does. No part of the answer: only shown, never spoken or remembered."""

    subagent_id: str
    event: AgentEvent


class InputRequested(_Event, frozen=True):
    """A tool asks the user something, and the turn ends (stop reason ``interrupt``) to wait for it.

    ``reason`` names the kind of question, ``message`` is for the user to read, ``schema`` (JSON
    schema) is what the answer's payload has to look like. The answer is an ``InterruptAnswer`` of
    a later turn.
    """

    interrupt_id: str
    reason: str
    message: str | None = None
    tool_call_id: str | None = None
    schema: dict[str, Json] | None = None
    metadata: dict[str, Json] | None = None


class ToolResumed(_Event, frozen=True):
    """A call of an earlier turn, which waited for the user, is taken up again.

    ``arguments`` is its complete JSON text.
    """

    tool_call_id: str
    name: str
    arguments: str


class UsageReported(_Event, frozen=True):
    """Tokens spent since the last report.

    Cache tokens are parts of ``input_tokens``. None means not known.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None


class TurnEnded(_Event, frozen=True):
    """The turn is over; ``stop_reason`` is the model's.

    ``tool_use``: a client tool waits for its answer; ``interrupt``: a question does.
    """

    outcome: Outcome = "completed"
    stop_reason: str = "end_turn"


type Event = (
    AgentEvent
    | Delegated
    | TurnStarted
    | Transcript
    | AudioDelta
    | SpeechStarted
    | SpeechStopped
    | BargeIn
    | ModelReconnecting
    | StateChanged
    | InputRequested
    | ToolResumed
    | UsageReported
    | TurnEnded
)
