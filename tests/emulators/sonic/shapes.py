"""The events a client sends to Nova Sonic, each with the shape it must have."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

type Name = Annotated[str, Meta(min_length=1, max_length=64)]
type Share = Annotated[float, Meta(ge=0, le=1)]
type Rate = Literal[8000, 16000, 24000]


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What all shapes have in common."""


class InferenceConfiguration(Shape, frozen=True, kw_only=True):
    max_tokens: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    top_p: Share | UnsetType = UNSET
    temperature: Share | UnsetType = UNSET


class TurnDetectionConfiguration(Shape, frozen=True, kw_only=True):
    endpointing_sensitivity: Literal["LOW", "MEDIUM", "HIGH"]


class SessionStart(Shape, frozen=True, kw_only=True):
    inference_configuration: InferenceConfiguration | UnsetType = UNSET
    turn_detection_configuration: TurnDetectionConfiguration | UnsetType = UNSET


class PlainText(Shape, frozen=True, kw_only=True):
    media_type: Literal["text/plain"]


class Json(Shape, frozen=True, kw_only=True):
    media_type: Literal["application/json"]


class AudioInputConfiguration(Shape, frozen=True, kw_only=True):
    media_type: Literal["audio/lpcm"]
    sample_rate_hertz: Rate
    sample_size_bits: Literal[16]
    channel_count: Literal[1]
    audio_type: Literal["SPEECH"]
    encoding: Literal["base64"]


class AudioOutputConfiguration(AudioInputConfiguration, frozen=True, kw_only=True):
    voice_id: Name


class SchemaText(Shape, frozen=True, kw_only=True):
    json: str


class ToolSpec(Shape, frozen=True, kw_only=True):
    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: Annotated[str, Meta(min_length=1)]
    input_schema: SchemaText


class Tool(Shape, frozen=True, kw_only=True):
    tool_spec: ToolSpec


class ToolConfiguration(Shape, frozen=True, kw_only=True):
    tools: list[Tool]


class PromptStart(Shape, frozen=True, kw_only=True):
    prompt_name: Name
    text_output_configuration: PlainText
    audio_output_configuration: AudioOutputConfiguration
    tool_use_output_configuration: Json | UnsetType = UNSET
    tool_configuration: ToolConfiguration | UnsetType = UNSET


class ToolResultInputConfiguration(Shape, frozen=True, kw_only=True):
    tool_use_id: Name
    type: Literal["TEXT"]
    text_input_configuration: PlainText


class ContentStart(Shape, frozen=True, kw_only=True):
    prompt_name: Name
    content_name: Name
    type: Literal["TEXT", "AUDIO", "TOOL"]
    role: Literal["SYSTEM", "USER", "ASSISTANT", "TOOL"]
    interactive: bool
    text_input_configuration: PlainText | UnsetType = UNSET
    audio_input_configuration: AudioInputConfiguration | UnsetType = UNSET
    tool_result_input_configuration: ToolResultInputConfiguration | UnsetType = UNSET


class Content(Shape, frozen=True, kw_only=True):
    """Body of textInput, audioInput and toolResult."""

    prompt_name: Name
    content_name: Name
    content: str


class ContentEnd(Shape, frozen=True, kw_only=True):
    prompt_name: Name
    content_name: Name


class PromptEnd(Shape, frozen=True, kw_only=True):
    prompt_name: Name


class Nothing(Shape, frozen=True, kw_only=True):
    """Body of sessionEnd, and of the undocumented connectionEnd that strands sends instead."""


class TextInput(Content, frozen=True, kw_only=True): ...


class AudioInput(Content, frozen=True, kw_only=True): ...


class ToolResult(Content, frozen=True, kw_only=True): ...


type Event = (
    SessionStart
    | PromptStart
    | ContentStart
    | TextInput
    | AudioInput
    | ToolResult
    | ContentEnd
    | PromptEnd
    | Nothing
)

EVENTS: dict[str, type[Event]] = {
    "sessionStart": SessionStart,
    "promptStart": PromptStart,
    "contentStart": ContentStart,
    "textInput": TextInput,
    "audioInput": AudioInput,
    "toolResult": ToolResult,
    "contentEnd": ContentEnd,
    "promptEnd": PromptEnd,
    "sessionEnd": Nothing,
    "connectionEnd": Nothing,
}
