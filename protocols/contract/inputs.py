"""What a caller says to the agent, whatever the wire it came by."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

type Json = Any  # an arbitrary JSON value; narrowed where it is used


class Citation(Struct, frozen=True, omit_defaults=True):
    """Where words of the assistant come from.

    ``text_offset`` counts UTF-16 code units of the message's text up to where the words end.
    ``location`` says where in the source: a ``type`` (``documentPage``, ``web`` ...) and members of
    that type, as Amazon Bedrock names them. ``passages`` are the words of the source.
    """

    text_offset: int
    title: str | None = None
    source: str | None = None
    passages: tuple[str, ...] = ()
    location: dict[str, Json] | None = None


class Text(Struct, frozen=True, tag="text"):
    """Words."""

    text: str


class CitedText(Text, frozen=True, tag="cited_text"):
    """Words of the assistant that rest on sources; their offsets count from where this begins."""

    citations: tuple[Citation, ...]


def code_units(text: str) -> int:
    """Count what JavaScript counts, so that clients can slice with it: UTF-16 code units."""
    return len(text) + sum(1 for character in text if character > "\uffff")


class Media(Struct, frozen=True, tag="media"):
    """An image, document, audio or video as bytes; ``mime_type`` such as ``image/png``."""

    kind: Literal["image", "document", "audio", "video"]
    mime_type: str
    data: bytes
    name: str = ""


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A call the model made in an earlier turn.

    ``arguments`` is JSON text as the model wrote it; ``signature`` is the provider's proof of the
    thinking behind the call, needed to send it back.
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """The answer to an earlier call."""

    tool_call_id: str
    content: tuple["Text | Media", ...]
    error: bool = False


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """Thinking of an earlier turn.

    ``signature`` is the provider's proof, needed to send it back.
    """

    text: str
    signature: str | None = None


type Content = Text | Media
type Part = Text | CitedText | Media | ToolCall | ToolResult | Reasoning


class Message(Struct, frozen=True):
    """One entry of a conversation's history. ``id`` is stable and unique within the session."""

    id: str
    role: Literal["user", "assistant"]
    content: tuple[Part, ...]


class ClientTool(Struct, frozen=True):
    """A tool that the client runs itself; ``parameters`` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Json = None


class InterruptAnswer(Struct, frozen=True):
    """The user's answer to a question an earlier turn stopped for."""

    interrupt_id: str
    status: Literal["resolved", "cancelled"]
    payload: Json = None


class UserTurn(Struct, frozen=True, kw_only=True):
    """One question to the agent.

    ``history`` is None where the session remembers (HTTP, voice), and the complete earlier
    conversation where the client owns it (AG-UI). ``instructions`` are added to the system
    prompt, in order. ``content`` may be empty only if the history ends in tool results that the
    model has not seen yet. With ``waits_for_tools`` a call of one of the ``client_tools`` waits for
    ``TextTurn.answer``; without, the turn ends there, and the results come with the next one.
    """

    content: tuple[Content, ...]
    history: tuple[Message, ...] | None = None
    instructions: tuple[str, ...] = ()
    client_tools: tuple[ClientTool, ...] = ()
    waits_for_tools: bool = False
    answers: tuple[InterruptAnswer, ...] = ()
    state: Json | UnsetType = UNSET


class AudioChunk(Struct, frozen=True):
    """Live audio: signed 16-bit little-endian mono PCM at the model's ``input_sample_rate``."""

    pcm: bytes


type LiveInput = Text | Media | AudioChunk


class LiveOptions(Struct, frozen=True, kw_only=True):
    """What a caller may choose when it opens a live conversation.

    None takes the setting's value. ``state`` is what client and agent share; UNSET leaves what the
    session has. A call of one of the ``client_tools`` waits for ``LiveConversation.answer``.
    """

    voice: str | None = None
    language: str | None = None
    instructions: tuple[str, ...] = ()
    client_tools: tuple[ClientTool, ...] = ()
    state: Json | UnsetType = UNSET
