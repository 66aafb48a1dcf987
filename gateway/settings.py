"""Every setting of the gateway: one frozen tree, read from the environment once.

The name of a variable is ``GATEWAY_`` and the name of its field. Parts with options of their own
declare them beside their code; they are sections of the tree, and their fields are variables like
all others. A value that does not fit, or a ``GATEWAY_`` variable nobody knows, stops the start: a
mistyped setting must not be silently ignored.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from protocols.ag_ui.options import MediaOptions
from protocols.webrtc.options import WebRtcOptions
from protocols.websocket.options import WebSocketOptions

PREFIX = "GATEWAY_"

_TYPES = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}
_EXPECTED = re.compile(
    rf"Expected `(?P<type>{'|'.join(_TYPES)})(?: \| null)?`(?:, got `\w+`)?(?P<rest>.*)"
)


class SettingsError(Exception):
    """A setting is wrong; the text is one line that names the variable and the fault."""


class Limits(Struct, frozen=True, kw_only=True):
    """What one request, one turn and one process may take."""

    max_body_bytes: Annotated[
        int, Meta(ge=1024, le=100_000_000, description="largest body of a request")
    ] = 10_000_000
    max_text_bytes: Annotated[
        int, Meta(ge=1, description="longest text of one message, in UTF-8")
    ] = 1_000_000
    max_sessions: Annotated[
        int, Meta(ge=1, description="conversations remembered; the longest unused is forgotten")
    ] = 10_000
    max_memory_bytes: Annotated[
        int, Meta(ge=1_000_000, description="all conversations remembered, about, in bytes")
    ] = 1_000_000_000
    max_messages: Annotated[
        int, Meta(ge=1, description="messages of the conversation that a client brings")
    ] = 2_000
    max_client_tools: Annotated[
        int, Meta(ge=0, description="tools that a client offers with a run")
    ] = 128
    body_seconds: Annotated[
        float, Meta(gt=0, description="how long the body of a request may take to arrive")
    ] = 15.0
    max_turns: Annotated[
        int, Meta(ge=1, description="turns and live conversations running at once")
    ] = 200
    max_voices: Annotated[
        int, Meta(ge=1, description="spoken conversations at once on the embedded speech engines")
    ] = 8
    tool_seconds: Annotated[float, Meta(gt=0, description="longest run of one tool")] = 60.0
    turn_seconds: Annotated[float, Meta(gt=0, description="longest turn")] = 900.0
    live_seconds: Annotated[float, Meta(gt=0, description="longest live conversation")] = 3600.0
    idle_seconds: Annotated[
        float, Meta(gt=0, description="a live conversation is ended after so long a silence")
    ] = 900.0
    keep_alive_seconds: Annotated[
        float, Meta(gt=0, description="silence after which an event stream sends a comment")
    ] = 15.0
    drain_seconds: Annotated[
        float, Meta(ge=0, description="how long running turns may go on after SIGTERM")
    ] = 20.0


class ModelOptions(Struct, frozen=True, kw_only=True):
    """How text models are asked."""

    model_connect_seconds: Annotated[
        float, Meta(gt=0, description="longest a text model's service may take to be connected to")
    ] = 5.0
    first_token_seconds: Annotated[
        float, Meta(gt=0, description="longest wait for the first token of a text model")
    ] = 60.0
    between_tokens_seconds: Annotated[
        float, Meta(gt=0, description="longest wait for the next token of a text model")
    ] = 60.0
    prompt_cache: Annotated[
        bool, Meta(description="let models that can (Claude) keep instructions, tools and history")
    ] = True


class VoiceOptions(Struct, frozen=True, kw_only=True):
    """How voice models that are services are spoken with."""

    voice_input_rate: Annotated[
        Literal[8000, 16000, 24000], Meta(description="hertz of the sound that Nova Sonic hears")
    ] = 16000
    voice_output_rate: Annotated[
        Literal[8000, 16000, 24000], Meta(description="hertz of the sound that Nova Sonic makes")
    ] = 24000
    voice_turn_sensitivity: Annotated[
        Literal["low", "medium", "high"] | None,
        Meta(description="how soon Nova Sonic takes a pause for the end: `high` is soonest"),
    ] = None
    voice_start_seconds: Annotated[
        float, Meta(gt=0, description="longest a voice model may take to be connected to")
    ] = 5.0
    voice_answer_seconds: Annotated[
        float, Meta(gt=0, description="longest a voice model that owes an answer may be silent")
    ] = 6.0
    voice_renew_seconds: Annotated[
        float,
        Meta(
            ge=30,
            le=440,
            description="Nova Sonic ends a connection after 480 s; after so many the next pause of "
            "the conversation is used for a new one",
        ),
    ] = 390.0


class Settings(Struct, frozen=True, kw_only=True):
    """The tree."""

    host: Annotated[str, Meta(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 picks one")] = 8080
    text_model: Annotated[
        str,
        Meta(
            pattern=r"^[a-z_]+(/.+)?$",
            description="who answers text: `offline`, `bedrock`, `openai`, `anthropic`, `ollama` "
            "or another provider, with an optional `/model id` (docs/howto/model.md lists them)",
        ),
    ] = "offline"
    fallback_models: Annotated[
        tuple[str, ...],
        Meta(
            description="text models that are asked in this order while the one before is down; "
            "comma-separated"
        ),
    ] = ()
    voice_model: Annotated[
        str,
        Meta(
            pattern=r"^[a-z_]+(/.+)?$",
            description="who answers speech: `offline`, `bedrock` (Nova Sonic), `openai` "
            "(Realtime) or `gemini` (Live) with an optional `/model id`, or `cascade` (the text "
            "model with embedded speech)",
        ),
    ] = "offline"
    system_prompt: Annotated[str, Meta(description="instructions for every model")] = (
        "You are a helpful assistant. Answer in short sentences that can be read aloud. "
        "Use the tools for arithmetic, dates, times and notes instead of guessing."
    )
    voice: Annotated[str, Meta(description="voice of the speech; empty: the model's own")] = ""
    language: Annotated[str, Meta(description="language of the speech (BCP 47)")] = "en-US"
    tools: Annotated[
        str, Meta(min_length=1, description="tool lists, `module:attribute`, comma-separated")
    ] = "tools.catalog:TOOLS"
    session_store: Annotated[
        str,
        Meta(
            description="where conversations wait between their turns: `memory`, or `file:PATH`, "
            "a folder that later and other processes can read",
        ),
    ] = "memory"
    auth: Annotated[
        Literal["none", "platform"] | None,
        Meta(
            description="who may call: `none` (everybody; the default on loopback) or `platform` "
            "(Amazon Bedrock AgentCore has already authenticated)"
        ),
    ] = None
    errors: Annotated[
        Literal["status", "in_band"],
        Meta(
            description="`in_band`: errors of /invocations travel under HTTP 200, since AgentCore "
            "replaces the body of any other status"
        ),
    ] = "status"
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(description="origins of browsers besides our own; comma-separated, `*` for all"),
    ] = ()
    capture_content: Annotated[
        bool, Meta(description="prompts, replies and transcripts in telemetry")
    ] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level that is logged")
    ] = "info"
    limits: Limits = Limits()
    model: ModelOptions = ModelOptions()
    speech: VoiceOptions = VoiceOptions()
    media: MediaOptions = MediaOptions()
    webrtc: WebRtcOptions = WebRtcOptions()
    websocket: WebSocketOptions = WebSocketOptions()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the tree.

        Raises:
            SettingsError: a variable is unknown or its value does not fit.
        """
        names = {name: path for name, path, _ in variables(cls)}
        tree: dict[str, Any] = {}
        for variable, value in environ.items():
            if not variable.startswith(PREFIX):
                continue
            if variable not in names:
                raise SettingsError(_unknown(variable, names))
            section, field = names[variable]
            place = tree if section is None else tree.setdefault(section, {})
            place[field] = value
        return _convert(cls, _split_lists(cls, tree))


def variables(tree: type[Struct]) -> Iterator[tuple[str, tuple[str | None, str], Any]]:
    """Yield each variable's name, its place (section or None, field), and its msgspec field."""
    for field in msgspec.structs.fields(tree):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            for inner in msgspec.structs.fields(field.type):
                yield PREFIX + inner.name.upper(), (field.name, inner.name), inner
        else:
            yield PREFIX + field.name.upper(), (None, field.name), field


def markdown_table() -> str:
    """The settings as a table for the README."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, _, field in variables(Settings):
        lines.append(f"| `{name}` | {_shown(field.default)} | {_description(field.type)} |")
    return "\n".join(lines)


def _shown(default: Any) -> str:
    if default is None:
        return "not set"
    if default in ("", ()):
        return "none"
    return f"`{','.join(default) if isinstance(default, tuple) else msgspec.to_builtins(default)}`"


def _description(field_type: Any) -> str:
    metas = [item for item in get_args(field_type)[1:] if isinstance(item, Meta)]
    return next((meta.description for meta in metas if meta.description), "")


def _split_lists(tree: type[Struct], values: dict[str, Any]) -> dict[str, Any]:
    """Turn comma-separated text into lists where the field is a tuple."""
    for name, hint in get_type_hints(tree).items():
        value = values.get(name)
        if isinstance(value, dict):
            _split_lists(hint, value)
        elif isinstance(value, str) and get_origin(hint) is tuple:
            values[name] = [item.strip() for item in value.split(",") if item.strip()]
    return values


def _convert(tree: type[Settings], values: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(values, tree, strict=False)
    except msgspec.ValidationError as error:
        fault, _, path = str(error).partition(" - at `$.")
        if fault.startswith(PREFIX):  # a section checked itself and named the setting
            raise SettingsError(fault) from None
        name = PREFIX + path.rstrip("`").split(".")[-1].split("[")[0].upper()
        if fault.startswith("Invalid enum value"):
            fault = f"must be one of {', '.join(_choices(tree, name))}"
        raise SettingsError(f"{name}: {_in_words(fault)}") from None


def _in_words(fault: str) -> str:
    """Say for people what msgspec says of types; all values of an environment are text."""
    found = _EXPECTED.fullmatch(fault)
    return f"must be {_TYPES[found['type']]}{found['rest']}" if found else fault


def _choices(tree: type[Struct], name: str) -> list[str]:
    """The values that a setting may have."""
    field_type = next(field.type for variable, _, field in variables(tree) if variable == name)
    nested = [field_type]
    for each in nested:
        if get_origin(each) is Literal:
            return [str(choice) for choice in get_args(each)]
        nested += get_args(each)
    return []


def _unknown(variable: str, names: Mapping[str, Any]) -> str:
    close = get_close_matches(variable, names, n=1, cutoff=0.9)  # the prefix alone makes much alike
    hint = f"did you mean {close[0]}?" if close else "the README lists all settings."
    return f"{variable}: no such setting; {hint}"
