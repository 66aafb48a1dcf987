"""A tool's answer as one short sentence that can be read and spoken."""

import json
import re
from collections.abc import Mapping
from typing import Any

from gateway.models.offline.arithmetic import arithmetic_in
from gateway.models.offline.conversation import Outcome
from gateway.models.offline.language import joined, words
from gateway.models.offline.spoken_arithmetic import said_of

MAXIMUM_CHARACTERS = 600
MAXIMUM_ITEMS = 10
MAXIMUM_REPEATED = 60

_INSIDE = re.compile(r"^(?:Error:\s*)?(?:\w+(?:Error|Exception)\s*[-:]\s*)?(?:Error:\s*)?")
_DONE = re.compile(r"(?:ok|okay|done|success|successful|null|none|true)?\.?", re.IGNORECASE)
# The key of an answer that has but one thing to say.
_ANSWER_KEYS = ("answer", "result", "value", "text", "message", "content", "output")


def answer(outcome: Outcome) -> str:
    """Say what a tool answered, or what went wrong."""
    tool = " ".join(words(outcome.tool)) or outcome.tool
    said = _said(outcome)
    if outcome.failed:
        fault = _INSIDE.sub("", said).strip(" .") or "it gave no reason"
        return _closed(f"The {tool} tool could not do that: {fault}")
    sentences = []
    if not _DONE.fullmatch(said):
        sentences.append(_sentence(tool, outcome.arguments, said))
    if outcome.media:
        sentences.append(f"The {tool} tool sent media I cannot see: {joined(outcome.media)}.")
    return " ".join(sentences) or f"Done: {tool}."


def _said(outcome: Outcome) -> str:
    """The words of an answer on one line; data is put into words."""
    parts = [_text(text) for text in outcome.texts] or [_data(value) for value in outcome.values]
    lines = [line.strip() for part in parts for line in part.splitlines()]
    return _shortened("; ".join(line for line in lines if line))


def _text(text: str) -> str:
    if text[:1] in {"{", "[", '"'}:
        try:
            return _data(json.loads(text))
        except ValueError:  # text that only begins like JSON
            return text
    return text


def _data(value: Any) -> str:
    if isinstance(value, Mapping):
        return _fields(value)
    if isinstance(value, list):
        if not value:
            return "nothing"
        more = ["more"] if len(value) > MAXIMUM_ITEMS else []
        return joined([_data(item) for item in value[:MAXIMUM_ITEMS]] + more)
    if value is True or value is False:
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _fields(value: Mapping[str, Any]) -> str:
    if len(value) == 1:
        return _data(next(iter(value.values())))
    for key in _ANSWER_KEYS:
        if isinstance(value.get(key), str | int | float) and value[key] not in (True, False, ""):
            return str(value[key])
    named = [
        f"{' '.join(words(key)) or key} {_data(item)}" for key, item in value.items() if _data(item)
    ]
    return ", ".join(named[:MAXIMUM_ITEMS])


def _shortened(text: str) -> str:
    if len(text) <= MAXIMUM_CHARACTERS:
        return text
    return f"{text[:MAXIMUM_CHARACTERS].rpartition(' ')[0]} and so on"


def _sentence(tool: str, arguments: Mapping[str, Any], said: str) -> str:
    strings = [value for value in arguments.values() if isinstance(value, str)]
    texts = [value for value in strings if len(value) <= MAXIMUM_REPEATED and words(value)]
    calculation = next((text for text in strings if _is_calculation(text)), None)
    if calculation is not None and (value := said.rpartition("=")[2].strip(" .")):
        if not _is_sentence(value):
            return _closed(f"{said_of(calculation)} is {value}")
        return _closed(said)
    if _is_sentence(said):
        named = any(word in said.lower() for text in texts for word in words(text))
        return _closed(said if named or not texts else f"{joined(texts)}: {said}")
    about = f" for {joined(texts)}" if texts else ""
    return _closed(f"{tool}{about}: {said}")


def _is_calculation(text: str) -> bool:
    found = arithmetic_in(text)
    return found is not None and found.whole


def _is_sentence(text: str) -> bool:
    return len(words(text)) >= 3


def _closed(text: str) -> str:
    """Begin with a capital letter and end with a stop."""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.!?' else '.'}"
