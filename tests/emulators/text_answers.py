"""What an emulated text model answers, whatever wire carries it; pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.emulators.scripting import Break

_CALL = re.compile(r"call (?P<name>[A-Za-z0-9_-]+)\s*(?P<input>\{.*\})?", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """A tool that the model calls."""

    name: str
    input: Mapping[str, Any]
    id: str = "call_1"


@dataclass(frozen=True)
class Answer:
    """Words and calls, or a refusal; ``fault`` happens after ``fault_after`` frames.

    ``stop`` is the wire's own word for why the model stopped.
    """

    words: Sequence[str] = ()
    calls: Sequence[Call] = ()
    stop: str | None = None
    status: int = 200
    message: str = "scripted by the test"
    fault: Break | None = None
    fault_after: int = 0


class TextWire(Protocol):
    """How one kind of server speaks."""

    content_type: str

    def said(self, body: Mapping[str, Any]) -> str:
        """What the user said last."""

    def results(self, body: Mapping[str, Any]) -> list[str]:
        """What tools answered since."""

    def frames(self, answer: Answer) -> Iterator[bytes]:
        """The pieces of an answer, as they are sent one by one."""

    def error(self, answer: Answer) -> Mapping[str, Any]:
        """The body of a refusal."""


def demonstrate(said: str, results: Sequence[str]) -> Answer:
    """Tell the results of tools; call the tool named in ``call NAME {json}``; else echo."""
    if results:
        return Answer((f"The tools answered: {'; '.join(results)}",))
    found = _CALL.search(said)
    if found:
        return Answer(calls=(Call(found["name"], json.loads(found["input"] or "{}")),))
    return Answer(("You", " said:", f" {said}"))


def flat(content: Any) -> str:
    """The words of a message's content, which is text or a list of parts."""
    if isinstance(content, str):
        return content
    parts: list[Mapping[str, Any]] = content or []
    return "".join(part.get("text", "") for part in parts)
