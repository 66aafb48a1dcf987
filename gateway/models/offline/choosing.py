"""Which tool a request speaks of, by the words of the tools' own descriptions.

A word that many tools share weighs less than one of a single tool, and a request whose words a
tool leaves unexplained is probably not meant for it. Nothing here knows a particular tool.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from gateway.models.offline.arguments import Filled, fill
from gateway.models.offline.language import STOP_WORDS, stem, vocabulary
from gateway.models.offline.request import Request
from gateway.models.offline.toolbox import ACTION_STEMS, WEAK_STEMS, Tool

THRESHOLD = 1.8
CANDIDATES = 6

_MISSING_COSTS = 1.0
_QUESTION_COSTS = 0.7
_OTHER_ACTION_COSTS = 1.0
_EXACT_WORD_GIVES = 0.05
_ALL_EXPLAINED_GIVES = 0.5
_QUESTION_WORDS = vocabulary(
    "what whats which do does did is are how who when where tell show give"
)


class Choice(NamedTuple):
    """A tool that fits a request, with its arguments as far as the request names them."""

    tool: Tool
    filled: Filled
    score: float


def choose(
    request: Request, tools: Sequence[Tool], *, at_least: float | None = THRESHOLD
) -> Choice | None:
    """Return the tool that a request asks for, or None where none fits well enough."""
    named = [tool for tool in tools if tool.is_named_in(request.text)]
    said = _said_stems(request)
    likenesses = [_likeness(said, tool, tools) for tool in tools]
    order = sorted(range(len(tools)), key=lambda position: -likenesses[position])
    choices = [
        _rated(request, tools[position], likenesses[position])
        for rank, position in enumerate(order)
        if tools[position] in named
        or (not named and (rank < CANDIDATES or _reads(tools[position], request)))
    ]
    best = max(choices, key=lambda choice: choice.score, default=None)
    if best is not None and at_least is not None and best.score < at_least and not named:
        return None
    return best


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
    """1 for a word of one tool, towards a half for a word of all."""
    count = len(tools)
    having = sum(1 for tool in tools if word in tool.weights)
    return 0.5 + 0.5 * math.log(1 + count / having) / math.log(1 + count)


def _reads(tool: Tool, request: Request) -> bool:
    """Whether a tool takes what the request is made of, though no word of it is said."""
    if request.arithmetic is not None and request.arithmetic.certain:
        return any(parameter.is_expression() for parameter in tool.parameters)
    if request.quantity is not None and request.quantity.wanted is not None:
        return sum(parameter.is_unit() for parameter in tool.parameters) > 1
    return False


def _does_something_else(tool: Tool, request: Request) -> bool:
    """Whether a request names an action, but not that of the tool's name."""
    asked = {stem(token.text) for token in request.read} & ACTION_STEMS
    does = tool.name_stems & ACTION_STEMS
    return bool(asked and does and asked.isdisjoint(does))


def _rated(request: Request, tool: Tool, likeness: float) -> Choice:
    filled = fill(tool.schema, request, frozenset(tool.weights), tool.name_stems)
    left = [
        token
        for token in request.read
        if token.kind != "symbol"
        and token.text not in STOP_WORDS
        and not any(start <= token.start < end for start, end in filled.used)
    ]
    content = {stem(token.text) for token in left} - WEAK_STEMS
    explained = len(content & tool.weights.keys()) + len(filled.used)
    coverage = explained / max(1, len(content) + len(filled.used))
    score = likeness + (filled.worth if likeness or filled.is_sure else 0.0)
    score *= 0.3 + 0.7 * coverage
    if coverage == 1 and not filled.is_loose:
        score += _ALL_EXPLAINED_GIVES
    if not {token.text for token in request.read}.isdisjoint(tool.name_words):
        score += _EXACT_WORD_GIVES
    if _does_something_else(tool, request):
        score -= _OTHER_ACTION_COSTS
    if tool.is_changing and {token.text for token in request.read[:1]} & _QUESTION_WORDS:
        score -= _QUESTION_COSTS
    return Choice(tool, filled, score - _MISSING_COSTS * len(filled.missing))
