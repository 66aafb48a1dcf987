"""Arithmetic said in words or signs, as an expression a calculator tool can take.

Recognisers write numbers that sound like other words ("forty for", "ate times won", "at 25 and
17"); such words count as numbers where only a number can stand.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.models.offline.arithmetic_words import (
    COMMANDS,
    HEARD_AS_ADD,
    OPERATORS,
    PERCENT,
    PLAIN_SIGNS,
    POLITE,
    PREFIXES,
    SIGNS,
    SUFFIXES,
    as_meant,
    phrase,
)
from gateway.models.offline.language import Number, Token, number_at, tokens

MAXIMUM_TOKENS = 400
MAXIMUM_DEPTH = 20


class Arithmetic(NamedTuple):
    """A calculation found in a request.

    ``whole``: the request asks for nothing else. ``certain``: no other reading is likely.
    """

    expression: str
    operators: frozenset[str]
    start: int
    end: int
    whole: bool
    certain: bool


class _Part(NamedTuple):
    """A piece of an expression that was read up to the token ``following``."""

    text: str
    following: int
    operators: frozenset[str]


# Signs that make a calculation certain: they mean nothing else.
_CLEAR_SIGNS = (
    frozenset(word for phrases in OPERATORS.values() for words, _ in phrases for word in words)
    - PLAIN_SIGNS
)


def arithmetic_in(text: str) -> Arithmetic | None:
    """Find the first calculation in a request; at least one operator makes one."""
    read = as_meant(tokens(text)[:MAXIMUM_TOKENS])
    if not any(number_at(read, index) for index in range(len(read))):
        return None  # spares the search among brackets and roots of nothing
    for index in range(len(read)):
        part = _expression(read, index, 0)
        if part is not None and part.operators:
            return _found(read, index, part)
    return None


def _found(read: Sequence[Token], index: int, part: _Part) -> Arithmetic:
    outside = [*read[:index], *read[part.following :]]
    inside = read[index : part.following]
    whole = all(token.text in POLITE for token in outside)
    signs = {token.text for token in inside} & _CLEAR_SIGNS
    return Arithmetic(
        part.text,
        part.operators,
        inside[0].start,
        inside[-1].end,
        whole,
        whole or bool(signs) or "(" in part.text,
    )


def _expression(read: Sequence[Token], index: int, depth: int) -> _Part | None:
    part = _command(read, index, depth) or _operand(read, index, depth)
    while part is not None:
        sign = phrase(read, part.following, OPERATORS)
        operand = _operand(read, sign[1], depth) if sign else None
        if sign is None or operand is None:
            return part
        part = _Part(
            f"{part.text} {sign[0]} {operand.text}",
            operand.following,
            part.operators | operand.operators | {sign[0]},
        )
    return None


def _command(read: Sequence[Token], index: int, depth: int) -> _Part | None:
    """Read "subtract 5 from 20" and its like."""
    if read[index].text in HEARD_AS_ADD and index == _opening(read):
        heard = _operands(read, index + 1, depth, (frozenset({"and", "to"}), "{0} + {1}"))
        return heard if heard and heard.following >= _closing(read) else None
    command = phrase(read, index, COMMANDS)
    return command and _operands(read, command[1], depth, command[0])


def _operands(
    read: Sequence[Token], index: int, depth: int, rule: tuple[frozenset[str], str]
) -> _Part | None:
    between, made = rule
    part = _operand(read, index, depth)
    count = 1
    while part is not None and part.following < len(read):
        joins = part.following
        while joins < len(read) and read[joins].text in between | {",", "away"}:
            joins += 1
        operand = _operand(read, joins, depth) if joins > part.following else None
        if operand is None:
            break
        sign = made[4]
        text = made.format(part.text, operand.text)
        part = _Part(text, operand.following, part.operators | operand.operators | {sign})
        count += 1
        if sign not in "+*":
            break
    return part if count > 1 else None


def _operand(read: Sequence[Token], index: int, depth: int) -> _Part | None:
    if index >= len(read) or depth > MAXIMUM_DEPTH:
        return None
    if (prefix := phrase(read, index, PREFIXES)) is not None:
        operand = _operand(read, prefix[1], depth + 1)
        return operand and _prefixed(prefix[0], operand)
    if read[index].text in SIGNS:
        operand = _operand(read, index + 1, depth + 1)
        return operand and operand._replace(text=f"-{operand.text}")
    if read[index].text == "(":
        return _bracket(read, index, depth)
    number = number_at(read, index)
    return None if number is None else _with_suffix(read, number, depth)


def _prefixed(template: str, operand: _Part) -> _Part:
    bare = operand.text
    if template == "sqrt({})" and bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1]
    sign = next(sign for sign in ("sqrt", "*", "/") if sign in template)
    return _Part(template.format(bare), operand.following, operand.operators | {sign})


def _bracket(read: Sequence[Token], index: int, depth: int) -> _Part | None:
    if index + 1 >= len(read) or depth >= MAXIMUM_DEPTH:
        return None
    inner = _expression(read, index + 1, depth + 1)
    if inner is None or inner.following >= len(read) or read[inner.following].text != ")":
        return None
    text = f"({inner.text})"
    if (suffix := phrase(read, inner.following + 1, SUFFIXES)) is not None:
        return _Part(f"{text} {suffix[0]}", suffix[1], inner.operators | {"**"})
    return _Part(text, inner.following + 1, inner.operators)


def _with_suffix(read: Sequence[Token], number: Number, depth: int) -> _Part:
    """Read what may follow a number: "squared", "percent", "percent of 80"."""
    text = f"{number.value:f}"
    if (suffix := phrase(read, number.following, SUFFIXES)) is not None:
        return _Part(f"{text} {suffix[0]}", suffix[1], frozenset({"**"}))
    percent = phrase(read, number.following, PERCENT)
    if percent is None:
        return _Part(text, number.following, frozenset())
    if percent[1] < len(read) and read[percent[1]].text == "of":
        whole = _operand(read, percent[1] + 1, depth + 1)
        if whole is not None:
            operators = whole.operators | {"%"}
            return _Part(f"{text}% of {whole.text}", whole.following, operators)
    if read[number.following].text == "%" and _number_follows(read, percent[1]):
        return _Part(text, number.following, frozenset())
    return _Part(f"{text}%", percent[1], frozenset())


def _number_follows(read: Sequence[Token], index: int) -> bool:
    return index < len(read) and number_at(read, index) is not None


def _opening(read: Sequence[Token]) -> int:
    """Where a request begins behind its polite words; it has a word heard as "add"."""
    return next(
        index
        for index, token in enumerate(read)
        if token.text in HEARD_AS_ADD or token.text not in POLITE
    )


def _closing(read: Sequence[Token]) -> int:
    """Where a request ends before its polite words; it has numbers."""
    return next(index for index in range(len(read), 0, -1) if read[index - 1].text not in POLITE)
