"""The shapes that Converse takes, as far as agents send them; fields nobody knows are refused."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

type ToolName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
type ToolUseId = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.:-]{1,64}$")]
type Share = Annotated[float, Meta(ge=0, le=1)]


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What all shapes have in common."""


class Union(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A shape of which exactly one member is set."""

    def __post_init__(self) -> None:
        count = len(self.members())
        if count != 1:
            raise ValueError(f"exactly one member must be set, not {count}")

    def members(self) -> list[str]:
        """Names of what is set."""
        return [name for name in self.__struct_fields__ if getattr(self, name) is not UNSET]


class S3Location(Shape, frozen=True, kw_only=True):
    uri: Annotated[str, Meta(pattern=r"^s3://")]
    bucket_owner: str | UnsetType = UNSET


class Source(Union, frozen=True, kw_only=True):
    data: bytes | UnsetType = field(name="bytes", default=UNSET)
    s3_location: S3Location | UnsetType = UNSET


class Image(Shape, frozen=True, kw_only=True):
    format: Literal["png", "jpeg", "gif", "webp"]
    source: Source


class Document(Shape, frozen=True, kw_only=True):
    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9\s()\[\]-]{1,200}$")]
    source: Source
    format: Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"] = "txt"
    context: str | UnsetType = UNSET
    citations: dict[str, bool] | UnsetType = UNSET


class Video(Shape, frozen=True, kw_only=True):
    format: Literal["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]
    source: Source


class ToolUseShape(Shape, frozen=True, kw_only=True):
    tool_use_id: ToolUseId
    name: ToolName
    input: dict[str, Any]


class ResultContent(Union, frozen=True, kw_only=True):
    text: str | UnsetType = UNSET
    json: dict[str, Any] | UnsetType = UNSET
    image: Image | UnsetType = UNSET
    document: Document | UnsetType = UNSET
    video: Video | UnsetType = UNSET


class ToolResult(Shape, frozen=True, kw_only=True):
    tool_use_id: ToolUseId
    content: list[ResultContent]
    status: Literal["success", "error"] = "success"


class ReasoningText(Shape, frozen=True, kw_only=True):
    text: str
    signature: str | UnsetType = UNSET


class Reasoning(Union, frozen=True, kw_only=True):
    reasoning_text: ReasoningText | UnsetType = UNSET
    redacted_content: bytes | UnsetType = UNSET


class CachePoint(Shape, frozen=True, kw_only=True):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] | UnsetType = UNSET


class Block(Union, frozen=True, kw_only=True):
    text: str | UnsetType = UNSET
    image: Image | UnsetType = UNSET
    document: Document | UnsetType = UNSET
    video: Video | UnsetType = UNSET
    tool_use: ToolUseShape | UnsetType = UNSET
    tool_result: ToolResult | UnsetType = UNSET
    reasoning_content: Reasoning | UnsetType = UNSET
    cache_point: CachePoint | UnsetType = UNSET
    guard_content: dict[str, Any] | UnsetType = UNSET
    citations_content: dict[str, Any] | UnsetType = UNSET


class Message(Shape, frozen=True, kw_only=True):
    role: Literal["user", "assistant"]
    content: Annotated[list[Block], Meta(min_length=1)]


class SystemBlock(Union, frozen=True, kw_only=True):
    text: str | UnsetType = UNSET
    guard_content: dict[str, Any] | UnsetType = UNSET
    cache_point: CachePoint | UnsetType = UNSET


class JsonSchema(Shape, frozen=True, kw_only=True):
    json: dict[str, Any]


class ToolSpec(Shape, frozen=True, kw_only=True):
    name: ToolName
    input_schema: JsonSchema
    description: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    strict: bool | UnsetType = UNSET


class Tool(Union, frozen=True, kw_only=True):
    tool_spec: ToolSpec | UnsetType = UNSET
    cache_point: CachePoint | UnsetType = UNSET


class NamedTool(Shape, frozen=True, kw_only=True):
    name: ToolName


class ToolChoice(Union, frozen=True, kw_only=True):
    auto: dict[str, Any] | UnsetType = UNSET
    any: dict[str, Any] | UnsetType = UNSET
    tool: NamedTool | UnsetType = UNSET


class ToolConfig(Shape, frozen=True, kw_only=True):
    tools: Annotated[list[Tool], Meta(min_length=1)]
    tool_choice: ToolChoice | UnsetType = UNSET


class InferenceConfig(Shape, frozen=True, kw_only=True):
    max_tokens: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    temperature: Share | UnsetType = UNSET
    top_p: Share | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET


class GuardrailConfig(Shape, frozen=True, kw_only=True):
    guardrail_identifier: str
    guardrail_version: str
    trace: Literal["enabled", "disabled", "enabled_full"] = "disabled"
    stream_processing_mode: Literal["sync", "async"] = "sync"


class ConverseRequest(Shape, frozen=True, kw_only=True):
    """The body of Converse and ConverseStream."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    system: list[SystemBlock] = []
    tool_config: ToolConfig | UnsetType = UNSET
    inference_config: InferenceConfig | UnsetType = UNSET
    guardrail_config: GuardrailConfig | UnsetType = UNSET
    additional_model_request_fields: dict[str, Any] | UnsetType = UNSET
    additional_model_response_field_paths: list[str] | UnsetType = UNSET
    service_tier: dict[str, str] | UnsetType = UNSET
    request_metadata: dict[str, str] | UnsetType = UNSET
    performance_config: dict[str, str] | UnsetType = UNSET
    output_config: dict[str, Any] | UnsetType = UNSET

    @property
    def tool_names(self) -> list[str]:
        """Names of the tools offered."""
        if not isinstance(self.tool_config, ToolConfig):
            return []
        specs = [tool.tool_spec for tool in self.tool_config.tools]
        return [spec.name for spec in specs if isinstance(spec, ToolSpec)]
