"""What a client of the native dialect may send: one JSON object, ``type`` and camelCase members.

Unknown members are ignored, so that newer clients can talk to older servers. An unknown ``type`` is
refused with the list of the known ones. A type that only servers send is ignored, because proxies
have been seen to reflect a server's own messages to it.
"""

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.inputs import ClientTool, Json, Text, ToolResult

type SampleRate = Annotated[int, Meta(ge=8_000, le=48_000)]
type Words = Annotated[str, Meta(pattern=r"\S")]
"""Some: models refuse a text in which there is nothing to be read."""

_LONGEST_PROBLEM = 200


class _Message(Struct, frozen=True, rename="camel", tag_field="type"):
    """Tagged by the member ``type``."""


class ContextItem(Struct, frozen=True):
    """Something the model should know, in the shape of AG-UI's ``context``."""

    description: str
    value: str


class SessionStart(_Message, frozen=True, tag="session.start", kw_only=True):
    """Opens the conversation. Everything in it may be left out."""

    session_id: Annotated[str, Meta(min_length=1)] | None = None
    resume_token: str | None = None
    last_seq: int | None = None
    input_sample_rate: SampleRate = 16_000
    output_sample_rate: SampleRate = 24_000
    voice: str | None = None
    language: str | None = None
    tools: tuple[ClientTool, ...] = ()
    context: tuple[ContextItem, ...] = ()
    state: Json = None
    audio: bool = True


class InputText(_Message, frozen=True, tag="input.text"):
    """Words the user typed."""

    text: Words


class InputImage(_Message, frozen=True, tag="input.image"):
    """A picture the user shows; ``data`` is base64 on the wire."""

    mime_type: Annotated[str, Meta(pattern=r"^image/[\w.+-]+$")]
    data: Annotated[bytes, Meta(min_length=1)]


class InputAudio(_Message, frozen=True, tag="input.audio"):
    """Sound from the microphone where binary frames cannot be sent; base64 on the wire."""

    data: bytes


class ToolOutcome(_Message, frozen=True, tag="tool.result"):
    """The answer of a tool that the client runs."""

    tool_call_id: str
    content: Json = None
    error: str | bool | None = None

    def result(self) -> ToolResult:
        """Give the result as the model is told it: text as it is, other values as JSON."""
        error = self.error if isinstance(self.error, str) else ""
        texts = [text for text in (_as_text(self.content), error) if text]
        return ToolResult(
            self.tool_call_id, tuple(map(Text, texts)), error=self.error not in (None, False)
        )


class ResponseCancel(_Message, frozen=True, tag="response.cancel"):
    """Stop the answer being given."""


class Playback(_Message, frozen=True, tag="playback"):
    """How much of a message's audio the user has heard, counted from its ``gateway.audio.start``.

    Without ``messageId`` it is about the message started last.
    """

    played_ms: Annotated[float, Meta(ge=0)]
    message_id: str | None = None


class SessionStop(_Message, frozen=True, tag="session.stop"):
    """End the conversation."""


type ClientMessage = (
    SessionStart
    | InputText
    | InputImage
    | InputAudio
    | ToolOutcome
    | ResponseCancel
    | Playback
    | SessionStop
)

KINDS: Mapping[str, type[ClientMessage]] = {
    "session.start": SessionStart,
    "input.text": InputText,
    "input.image": InputImage,
    "input.audio": InputAudio,
    "tool.result": ToolOutcome,
    "response.cancel": ResponseCancel,
    "playback": Playback,
    "session.stop": SessionStop,
}

_SERVER_TYPE = re.compile(
    r"gateway\..*|RAW|CUSTOM|"
    r"(RUN|STEP|TEXT_MESSAGE|TOOL_CALL|STATE|MESSAGES|ACTIVITY|REASONING|SUBAGENT|THINKING)_[A-Z_]+"
)


class _Envelope(Struct):
    type: str


def decode(text: str | bytes) -> ClientMessage | None:
    """Read one message; None stands for a reflected message of a server.

    Raises:
        InvalidInput: it is not JSON, of no known type, or a member of it is wrong.
    """
    kind_name = _convert(text, _Envelope).type
    kind = KINDS.get(kind_name)
    if kind is not None:
        return _convert(text, kind)
    if is_server_type(kind_name):
        return None
    raise InvalidInput(
        f"This message has an unknown type. Send one of: {', '.join(KINDS)}.",
        [Detail("$.type", "unknown type")],
    )


def is_server_type(kind: str) -> bool:
    """Tell whether only servers send messages of this type."""
    return _SERVER_TYPE.fullmatch(kind) is not None


def _as_text(content: Json) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return msgspec.json.encode(content).decode()


def _convert[M](text: str | bytes, kind: type[M]) -> M:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        detail = _detail(str(error))
        raise InvalidInput(
            f"The message is not as the native dialect has it: {detail.problem} at {detail.path}.",
            [detail],
        ) from error
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise InvalidInput(
            "The message is not JSON that can be read. Send one JSON object in each text frame.",
            [Detail("$", "not readable as JSON")],
        ) from error


def _detail(problem: str) -> Detail:
    # msgspec writes "<problem> - at `<path>`", about our schema and the places of the input.
    text, _, path = problem.partition(" - at ")
    return Detail(path.strip("`") or "$", text[:_LONGEST_PROBLEM])
