"""Which tool a request speaks of, by the words of the tools' own descriptions.

A tool's name weighs most; a word that many tools share weighs little. Nothing here knows a
particular tool.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from gateway.models.offline.arguments import Filled, fill
from gateway.models.offline.language import STOP_WORDS, stem, stems, vocabulary, words
from gateway.models.offline.request import Request

THRESHOLD = 1.8
CANDIDATES = 5
READ_OF_DESCRIPTION = 1_000
MISSING_COSTS = 1.0

# Verbs and nouns of nearly every description: they may decide between tools, not call one.
WEAK_STEMS = frozenset(
    stem(word)
    for word in vocabulary(
        "get set current tool list add delete use call run do function return value number text "
        "string result given user data information name type kind optional default parameter "
        "argument example such ask say word thing first last more other different question answer "
        "help today good best next what which"
    )
)


class Tool(NamedTuple):
    """A tool as the model sees it: ``weights`` are those of its words."""

    name: str
    schema: dict[str, Any]
    weights: dict[str, float]

    @property
    def spoken(self) -> str:
        """The name as one says it."""
        return " ".join(words(self.name)) or self.name


class Choice(NamedTuple):
    """A tool that fits a request, with its arguments as far as the request names them."""

    tool: Tool
    filled: Filled
    score: float


def tool_of(name: str, description: str, schema: dict[str, Any]) -> Tool:
    """Weigh the words of a tool."""
    weights: dict[str, float] = {}
    properties: dict[str, Any] = schema.get("properties") or {}
    for parameter, about in properties.items():
        details = about if isinstance(about, dict) else {}
        _weigh(weights, stems(str(details.get("description", ""))), 0.5)
        _weigh(weights, stems(" ".join(words(parameter))), 0.8)
        for value in details.get("enum") or ():
            _weigh(weights, stems(str(value)), 1.5)
    _weigh(weights, stems(description[:READ_OF_DESCRIPTION]), 1.0)
    _weigh(weights, stems(name), 3.0)
    for weak in WEAK_STEMS & weights.keys():
        weights[weak] = min(weights[weak], 1.0)
    return Tool(name, schema, weights)


def choose(
    request: Request, tools: Sequence[Tool], *, at_least: float | None = THRESHOLD
) -> Choice | None:
    """Return the tool that a request asks for, or None where none fits well enough."""
    named = [tool for tool in tools if is_named(request.text, tool)]
    said = _said_stems(request)
    rated = sorted(
        ((_likeness(said, tool, tools), position) for position, tool in enumerate(tools)),
        key=lambda pair: (-pair[0], pair[1]),
    )
    choices = [
        _rated(request, tools[position], likeness, said)
        for likeness, position in rated[:CANDIDATES]
        if not named or tools[position] in named
    ] + [
        _rated(request, tool, 0.0, said)
        for tool in named
        if tool not in [tools[position] for _, position in rated[:CANDIDATES]]
    ]
    best = max(choices, key=lambda choice: choice.score, default=None)
    if best is not None and at_least is not None and best.score < at_least and not named:
        return None
    return best


def is_named(text: str, tool: Tool) -> bool:
    """Whether a request gives the tool's very name, as programs write names."""
    return not tool.name.isalpha() and tool.name.lower() in text.lower()


def _weigh(weights: dict[str, float], added: Collection[str], weight: float) -> None:
    for word in added:
        weights[word] = max(weights.get(word, 0.0), weight)


def _said_stems(request: Request) -> set[str]:
    """The stems a tool is looked for by; signs of arithmetic count as the words they stand for."""
    said = {
        stem(token.text)
        for token in request.read
        if token.kind == "word" and token.text not in STOP_WORDS and not request.is_operator(token)
    }
    calculation = request.arithmetic
    if calculation is not None and calculation.certain:
        signs = {"+": "add sum plus", "-": "subtract minus", "*": "multiply product"}
        signs |= {"/": "divide quotient", "**": "power", "sqrt": "root square", "%": "percent"}
        for operator in calculation.operators:
            said |= {stem(word) for word in signs.get(operator, "").split()}
    return said


def _likeness(said: Collection[str], tool: Tool, tools: Sequence[Tool]) -> float:
    return sum(tool.weights[word] * _rarity(word, tools) for word in said if word in tool.weights)


def _rarity(word: str, tools: Sequence[Tool]) -> float:
    """1 for a word of one tool, less for a word of many."""
    count = len(tools)
    having = sum(1 for tool in tools if word in tool.weights)
    return math.log(1 + count / having) / math.log(1 + count)


def _rated(request: Request, tool: Tool, likeness: float, said: Collection[str]) -> Choice:
    filled = fill(tool.schema, request, frozenset(tool.weights))
    left = [
        token
        for token in request.read
        if token.kind != "symbol"
        and token.text not in STOP_WORDS
        and not any(start <= token.start < end for start, end in filled.used)
    ]
    content = {stem(token.text) for token in left} - WEAK_STEMS
    known = content & tool.weights.keys()
    explained = len(known) + len(filled.used)
    coverage = explained / max(1, len(content) + len(filled.used))
    worth = filled.worth if likeness or filled.is_sure else 0.0
    score = (likeness + worth) * (0.4 + 0.6 * coverage) - MISSING_COSTS * len(filled.missing)
    return Choice(tool, filled, score)
