"""What a gateway sends to a client: AG-UI events and gateway messages, decoded once.

Only the kinds that a command shows or acts on; all others decode to None, as AG-UI asks of a
client (an unknown event is survivable, a malformed one is not).
"""

from typing import Any

import msgspec
from msgspec import Struct

from gateway.cli.failures import CommandFailed


class _Received(Struct, frozen=True, rename="camel", tag_field="type"):
    """Tagged by its ``type`` on the wire."""


class RunStarted(_Received, frozen=True, tag="RUN_STARTED"):
    """A run begins."""

    thread_id: str
    run_id: str


class Question(Struct, frozen=True):
    """What a run that was interrupted waits for."""

    id: str
    reason: str = ""
    message: str | None = None


class Outcome(Struct, frozen=True):
    """How a run ended: ``success``, ``cancelled``, ``interrupt``."""

    type: str
    interrupts: list[Question] = []


class RunFinished(_Received, frozen=True, tag="RUN_FINISHED"):
    """A run ended well or was stopped."""

    outcome: Outcome = Outcome("success")


class RunFailed(_Received, frozen=True, tag="RUN_ERROR"):
    """A run failed."""

    message: str
    code: str = ""


class TextStarted(_Received, frozen=True, tag="TEXT_MESSAGE_START"):
    """A message begins."""

    message_id: str
    role: str = "assistant"


class TextAdded(_Received, frozen=True, tag="TEXT_MESSAGE_CONTENT"):
    """Words of an open message."""

    message_id: str
    delta: str


class TextEnded(_Received, frozen=True, tag="TEXT_MESSAGE_END"):
    """A message is complete."""

    message_id: str


class ToolCallStarted(_Received, frozen=True, tag="TOOL_CALL_START"):
    """The model calls a tool."""

    tool_call_id: str
    tool_call_name: str
    parent_message_id: str | None = None


class ToolCallArguments(_Received, frozen=True, tag="TOOL_CALL_ARGS"):
    """A piece of the arguments: JSON text."""

    tool_call_id: str
    delta: str


class ToolCallEnded(_Received, frozen=True, tag="TOOL_CALL_END"):
    """The arguments are complete."""

    tool_call_id: str


class ToolCallResult(_Received, frozen=True, tag="TOOL_CALL_RESULT"):
    """The tool answered: text, or a list of content parts."""

    message_id: str
    tool_call_id: str
    content: str | list[dict[str, Any]]
    metadata: dict[str, Any] = {}


class ReasoningStarted(_Received, frozen=True, tag="REASONING_MESSAGE_START"):
    """The model begins to think aloud."""

    message_id: str


class ReasoningAdded(_Received, frozen=True, tag="REASONING_MESSAGE_CONTENT"):
    """Words of the thinking."""

    message_id: str
    delta: str


class EncryptedValue(_Received, frozen=True, tag="REASONING_ENCRYPTED_VALUE"):
    """A provider's proof of a message or tool call, to be sent back with it."""

    subtype: str
    entity_id: str
    encrypted_value: str


class MessagesSnapshot(_Received, frozen=True, tag="MESSAGES_SNAPSHOT"):
    """The complete conversation as the gateway knows it."""

    messages: list[dict[str, Any]]


class SessionOpened(_Received, frozen=True, tag="gateway.session"):
    """The live conversation is open; audio may be sent."""

    session_id: str
    model: str = ""
    input_sample_rate: int = 16_000
    output_sample_rate: int = 24_000


class AudioStarted(_Received, frozen=True, tag="gateway.audio.start"):
    """The audio that follows is of this message."""

    message_id: str


class AudioFlushed(_Received, frozen=True, tag="gateway.audio.flush"):
    """Audio that is not played yet is to be dropped."""

    reason: str = ""


class SpeechChanged(_Received, frozen=True, tag="gateway.speech"):
    """The user was heard to start or stop speaking."""

    state: str


class LatencyReported(Struct, frozen=True):
    """``gateway.latency``: figures of a run or of the call, by name.

    Those in milliseconds end in ``Ms``, those in percent in ``Percent``; ``underruns`` is a number
    and ``path`` a word.
    """

    figures: dict[str, float | str]


class GatewayFailed(_Received, frozen=True, tag="gateway.error"):
    """Something went wrong outside of a run."""

    error: str
    code: str = ""


class ReofferAsked(_Received, frozen=True, tag="gateway.reoffer"):
    """The client should come over to a fresh connection: this one will not last."""


class ConversationEnded(_Received, frozen=True, tag="gateway.end"):
    """The gateway ends the live conversation."""

    reason: str = ""


type Received = (
    RunStarted
    | RunFinished
    | RunFailed
    | TextStarted
    | TextAdded
    | TextEnded
    | ToolCallStarted
    | ToolCallArguments
    | ToolCallEnded
    | ToolCallResult
    | ReasoningStarted
    | ReasoningAdded
    | EncryptedValue
    | MessagesSnapshot
    | SessionOpened
    | AudioStarted
    | AudioFlushed
    | SpeechChanged
    | LatencyReported
    | GatewayFailed
    | ReofferAsked
    | ConversationEnded
)

_KINDS: dict[str, type[_Received]] = {
    str(kind.__struct_config__.tag): kind for kind in _Received.__subclasses__()
}


def decode(text: str | bytes) -> Received | None:
    """Decode one JSON object; None for what no command needs: other kinds, work of subagents.

    Raises:
        CommandFailed: it is not what a gateway sends.
    """
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
        name = document.get("type")
        if name == "gateway.latency":
            return LatencyReported(_figures(document))
        kind = None if "subagentRunId" in document else _KINDS.get(str(name))
        return None if kind is None else msgspec.convert(document, kind)  # type: ignore[return-value]  # every subclass is in the union
    except msgspec.MsgspecError as error:
        raise CommandFailed(f"the gateway sent an event that is not AG-UI 1.0: {error}") from None


def _figures(document: dict[str, Any]) -> dict[str, float | str]:
    numbers: dict[str, float | str] = {
        name: float(value)
        for name, value in document.items()
        if (name.endswith(("Ms", "Percent")) or name == "underruns")
        and isinstance(value, int | float)
    }
    path = document.get("path")
    return numbers | {"path": path} if isinstance(path, str) else numbers
