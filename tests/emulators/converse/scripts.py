"""What the model behind Converse should do with a request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.converse.shapes import ConverseRequest
from tests.emulators.scripting import Fault, Refusal


@dataclass(frozen=True)
class Text:
    """Words, sent word by word."""

    text: str


@dataclass(frozen=True)
class Reasoning:
    """Thinking; it is sent with a signature that must come back with it."""

    text: str


@dataclass(frozen=True)
class RedactedReasoning:
    """Thinking that only the model can read."""

    data: bytes


@dataclass(frozen=True)
class ToolUse:
    """A call of a tool; its arguments are sent in pieces of JSON."""

    name: str
    input: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class CitedText:
    """Words that rest on sources: each citation as Bedrock has it."""

    text: str
    citations: tuple[Mapping[str, Any], ...]


type Block = Text | Reasoning | RedactedReasoning | ToolUse | CitedText


@dataclass(frozen=True)
class Usage:
    """Tokens counted for a request."""

    input_tokens: int = 20
    output_tokens: int = 10
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """An answer; ``fault`` happens after ``fault_after`` events of the stream.

    ``wait_seconds`` pass before anything is sent, ``pause_seconds`` before every event of it.
    ``trace`` is a guardrail's assessment, sent with the metadata.
    """

    blocks: tuple[Block, ...]
    stop_reason: str | None = None
    usage: Usage = Usage()
    wait_seconds: float = 0.0
    pause_seconds: float = 0.0
    fault: Fault | None = None
    fault_after: int = 0
    trace: Mapping[str, Any] | None = None


type Script = Reply | Refusal | Callable[[ConverseRequest], Reply | Refusal]


def says(text: str, **more: Any) -> Reply:
    """A reply of words alone."""
    return Reply((Text(text),), **more)


def calls(*tools: ToolUse, before: str = "", **more: Any) -> Reply:
    """A reply that calls tools, after some words or none."""
    words: tuple[Block, ...] = (Text(before),) if before else ()
    return Reply((*words, *tools), **more)
