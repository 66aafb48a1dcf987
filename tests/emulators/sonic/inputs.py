"""The order in which a client may send events to Nova Sonic; pure.

    sessionStart promptStart (SYSTEM text) (USER text, then ASSISTANT or USER text)*
    (audio | typed text | tool result)* promptEnd (sessionEnd | connectionEnd)

A content is contentStart, its inputs, contentEnd. The audio stays open beside all others.
"""

import base64
import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import msgspec
from msgspec import UNSET

from tests.emulators.sonic.shapes import (
    EVENTS,
    AudioInput,
    ContentEnd,
    ContentStart,
    Event,
    Nothing,
    PromptEnd,
    PromptStart,
    SessionStart,
    TextInput,
    ToolResult,
)


class InputViolation(Exception):
    """The client sent what Nova Sonic would refuse; the text says what."""


@dataclass(frozen=True)
class Opened:
    """The session is set up."""

    prompt_name: str
    output_rate: int
    voice: str
    tools: tuple[str, ...]


@dataclass(frozen=True)
class Listening:
    """The microphone is open, at this rate."""

    input_rate: int


@dataclass(frozen=True)
class Heard:
    """A piece of PCM16."""

    pcm: bytes


@dataclass(frozen=True)
class Said:
    """A text is complete; one that is not interactive is the prompt or history."""

    role: str
    text: str
    interactive: bool


@dataclass(frozen=True)
class ToolAnswered:
    """The result of a tool is complete."""

    tool_use_id: str
    result: Any


@dataclass(frozen=True)
class Ended:
    """The client wants no more."""


type Input = Opened | Listening | Heard | Said | ToolAnswered | Ended


class _Stage(Enum):
    NEW = auto()
    STARTED = auto()
    PROMPTED = auto()
    PROMPT_ENDED = auto()
    ENDED = auto()


@dataclass
class _OpenContent:
    start: ContentStart
    inputs: list[str] = field(default_factory=list)


class InputOrder:
    """Takes the events of one session and gives what they mean."""

    def __init__(self) -> None:
        self._stage = _Stage.NEW
        self._prompt_name = ""
        self._open: dict[str, _OpenContent] = {}
        self._names: set[str] = set()
        self._has_system = False
        self._has_history = False
        self._is_live = False
        self._asked: set[str] = set()

    @property
    def is_ended(self) -> bool:
        """Whether the client has said that it wants no more."""
        return self._stage is _Stage.ENDED

    def ask(self, tool_use_id: str) -> None:
        """From now on, a result of this tool use may come."""
        self._asked.add(tool_use_id)

    def receive(self, name: str, body: Any) -> Input | None:
        """Take an event.

        Raises:
            InputViolation: it may not come, or not now, or not so.
        """
        if name not in EVENTS:
            raise InputViolation(f"unknown event {name}")
        try:
            event = msgspec.convert(body, EVENTS[name])
        except msgspec.ValidationError as error:
            raise InputViolation(f"{name}: {error}") from error
        try:
            return self._take(event)
        except InputViolation as violation:
            raise InputViolation(f"{name}: {violation}") from violation.__cause__

    def _take(self, event: Event) -> Input | None:
        match event:
            case SessionStart():
                self._advance(_Stage.NEW, _Stage.STARTED)
            case PromptStart():
                return self._prompt(event)
            case ContentStart():
                return self._start(event)
            case TextInput() | AudioInput() | ToolResult():
                return self._input(event)
            case ContentEnd():
                return self._end(event)
            case PromptEnd():
                self._end_prompt(event)
            case Nothing():
                self._advance(_Stage.PROMPT_ENDED, _Stage.ENDED)
                return Ended()
        return None

    def _advance(self, before: _Stage, after: _Stage) -> None:
        if self._stage is not before:
            raise InputViolation(f"may not come when the session is {self._stage.name}")
        self._stage = after

    def _check_prompt(self, name: str) -> None:
        self._advance(_Stage.PROMPTED, _Stage.PROMPTED)
        if name != self._prompt_name:
            raise InputViolation(f"promptName should be {self._prompt_name}, not {name}")

    def _prompt(self, event: PromptStart) -> Opened:
        self._advance(_Stage.STARTED, _Stage.PROMPTED)
        self._prompt_name = event.prompt_name
        tools: tuple[str, ...] = ()
        if event.tool_configuration is not UNSET:
            if event.tool_use_output_configuration is UNSET:
                raise InputViolation("tools need a toolUseOutputConfiguration")
            specs = [tool.tool_spec for tool in event.tool_configuration.tools]
            tools = tuple(spec.name for spec in specs)
            for spec in specs:
                _object(spec.input_schema.json, f"the schema of {spec.name}")
        audio = event.audio_output_configuration
        return Opened(event.prompt_name, audio.sample_rate_hertz, audio.voice_id, tools)

    def _end_prompt(self, event: PromptEnd) -> None:
        self._check_prompt(event.prompt_name)
        if self._open:
            raise InputViolation(f"contents are still open: {', '.join(self._open)}")
        self._advance(_Stage.PROMPTED, _Stage.PROMPT_ENDED)

    def _start(self, event: ContentStart) -> Listening | None:
        self._check_prompt(event.prompt_name)
        if event.content_name in self._names:
            raise InputViolation(f"contentName {event.content_name} was used before")
        # The audio is open beside others; there is one audio, and one other, at a time.
        kinds = [content.start.type for content in self._open.values()]
        if any((kind == "AUDIO") == (event.type == "AUDIO") for kind in kinds):
            raise InputViolation(f"another content is open: {', '.join(kinds)}")
        listening = self._admit(event)
        self._names.add(event.content_name)
        self._open[event.content_name] = _OpenContent(event)
        return listening

    def _admit(self, event: ContentStart) -> Listening | None:
        """Check what a content is, and whether it may be there yet or still."""
        configurations = {
            "TEXT": event.text_input_configuration,
            "AUDIO": event.audio_input_configuration,
            "TOOL": event.tool_result_input_configuration,
        }
        given = [
            kind for kind, configuration in configurations.items() if configuration is not UNSET
        ]
        if given != [event.type]:
            raise InputViolation(f"{event.type} with the configuration of {given or 'nothing'}")
        if event.type == "TEXT" and not event.interactive:
            self._admit_history(event.role)
            return None
        if not self._has_system:
            raise InputViolation("the SYSTEM text must come first")
        self._is_live = True
        if event.tool_result_input_configuration is not UNSET:
            self._admit_result(event, event.tool_result_input_configuration.tool_use_id)
        elif event.role != "USER" or not event.interactive:
            raise InputViolation(f"{event.type} should be interactive and of the USER")
        if event.audio_input_configuration is not UNSET:
            return Listening(event.audio_input_configuration.sample_rate_hertz)
        return None

    def _admit_history(self, role: str) -> None:
        if self._is_live:
            raise InputViolation("history may not come after audio or typed text")
        if (role == "SYSTEM") == self._has_system:
            raise InputViolation("exactly one SYSTEM text comes first")
        if role == "TOOL" or (role == "ASSISTANT" and not self._has_history):
            raise InputViolation(f"history may not start with, or hold, text of the {role}")
        self._has_history = self._has_system
        self._has_system = True

    def _admit_result(self, event: ContentStart, tool_use_id: str) -> None:
        if event.role != "TOOL" or event.interactive:
            raise InputViolation("a tool result should be of the role TOOL and not interactive")
        if tool_use_id not in self._asked:
            raise InputViolation(f"nobody asked for a result of {tool_use_id}")
        self._asked.discard(tool_use_id)

    def _input(self, event: TextInput | AudioInput | ToolResult) -> Heard | None:
        self._check_prompt(event.prompt_name)
        kind = {TextInput: "TEXT", AudioInput: "AUDIO", ToolResult: "TOOL"}[type(event)]
        content = self._content(event.content_name)
        if content.start.type != kind:
            raise InputViolation(f"{event.content_name} is {content.start.type}")
        if isinstance(event, AudioInput):
            return Heard(_pcm(event.content))
        if isinstance(event, ToolResult):
            _object(event.content, "the result")
        content.inputs.append(event.content)
        return None

    def _end(self, event: ContentEnd) -> Said | ToolAnswered | None:
        self._check_prompt(event.prompt_name)
        content = self._content(event.content_name)
        del self._open[event.content_name]
        start = content.start
        if start.type == "AUDIO":
            return None
        if not content.inputs:
            raise InputViolation(f"{event.content_name} is empty")
        if start.tool_result_input_configuration is not UNSET:
            if len(content.inputs) != 1:
                raise InputViolation("a tool result is one event")
            result = json.loads(content.inputs[0])
            return ToolAnswered(start.tool_result_input_configuration.tool_use_id, result)
        return Said(start.role, "".join(content.inputs), start.interactive)

    def _content(self, name: str) -> _OpenContent:
        if name not in self._open:
            raise InputViolation(f"no content {name} is open")
        return self._open[name]


def _object(text: str, what: str) -> None:
    try:
        loaded = json.loads(text)
    except ValueError as error:
        raise InputViolation(f"{what} is no JSON") from error
    if not isinstance(loaded, dict):
        raise InputViolation(f"{what} is no JSON object")


def _pcm(content: str) -> bytes:
    try:
        pcm = base64.b64decode(content, validate=True)
    except ValueError as error:
        raise InputViolation("the audio is no base64") from error
    if not pcm or len(pcm) % 2:
        raise InputViolation(f"{len(pcm)} bytes are no whole samples")
    return pcm
