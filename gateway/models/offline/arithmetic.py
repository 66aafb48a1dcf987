"""Arithmetic said in words or signs, as an expression a calculator tool can take.

Recognisers write numbers that sound like other words ("forty for", "ate times won", "at 25 and
17"); such words count as numbers where only a number can stand.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.models.offline.language import (
    DIGIT_WORDS,
    TENS_WORDS,
    Number,
    Token,
    number_at,
    tokens,
    vocabulary,
)

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


type _Phrases = dict[tuple[str, ...], str]


def _phrases(table: dict[str, str]) -> _Phrases:
    """Longest phrases first, so that "to the power of" is not read as "to the"."""
    split = {tuple(said.split()): sign for said, sign in table.items()}
    return dict(sorted(split.items(), key=lambda item: -len(item[0])))


_OPERATORS = _phrases(
    {
        "+": "+",
        "plus": "+",
        "added to": "+",
        "-": "-",
        "–": "-",
        "−": "-",
        "minus": "-",
        "take away": "-",
        "subtract": "-",
        "less": "-",
        "*": "*",
        "×": "*",
        "·": "*",
        "x": "*",
        "times": "*",
        "time": "*",
        "multiplied by": "*",
        "multiplied with": "*",
        "multiply by": "*",
        "multiply": "*",
        "/": "/",
        "÷": "/",
        "divided by": "/",
        "divided buy": "/",
        "divide by": "/",
        "over": "/",
        "//": "//",
        "%": "%",
        "modulo": "%",
        "mod": "%",
        "**": "**",
        "^": "**",
        "to the power of": "**",
        "raised to the power of": "**",
        "raised to": "**",
    }
)
_SUFFIXES = _phrases({"squared": "** 2", "²": "** 2", "cubed": "** 3", "³": "** 3"})
_PERCENT = _phrases({"%": "%", "percent": "%", "per cent": "%"})
_PREFIXES = _phrases(
    {
        "the square root of": "sqrt({})",
        "square root of": "sqrt({})",
        "root of": "sqrt({})",
        "sqrt of": "sqrt({})",
        "sqrt": "sqrt({})",
        "√": "sqrt({})",
        "half of": "{} / 2",
        "a quarter of": "{} / 4",
        "a third of": "{} / 3",
        "double": "2 * {}",
        "twice": "2 * {}",
        "triple": "3 * {}",
    }
)
_SIGNS = {"minus", "negative", "-", "−"}
# How a calculation begins that names its operands afterwards: the words between the operands, and
# what is made of them.
_COMMANDS: dict[tuple[str, ...], tuple[frozenset[str], str]] = {
    tuple(said.split()): (frozenset(between.split()), made)
    for said, between, made in (
        ("add", "and to plus with", "{0} + {1}"),
        ("the sum of", "and plus", "{0} + {1}"),
        ("sum of", "and plus", "{0} + {1}"),
        ("subtract", "from", "{1} - {0}"),
        ("take", "from", "{1} - {0}"),
        ("deduct", "from", "{1} - {0}"),
        ("multiply", "by and with", "{0} * {1}"),
        ("product of", "and", "{0} * {1}"),
        ("divide", "by buy", "{0} / {1}"),
        ("quotient of", "and", "{0} / {1}"),
        ("difference between", "and", "{0} - {1}"),
        ("difference of", "and", "{0} - {1}"),
    )
}
_HEARD_AS_ADD = {"at", "and", "had", "ad", "adds"}
_HEARD_AS_DIGIT = dict(
    zip(
        ("for", "fore", "to", "too", "won", "ate"),
        ("four", "four", "two", "two", "one", "eight"),
        strict=True,
    )
)
_HEARD_SCALES = {"hundred", "thousand", "million"}
_PLAIN_SIGNS = {"-", "–", "−", "/", "x", "over", "less", "time", "%", "//"}
_SPOKEN_SIGNS = (
    ("** 2", "squared"),
    ("** 3", "cubed"),
    ("**", "to the power of"),
    ("//", "divided by"),
    ("*", "times"),
    ("/", "divided by"),
    (" - ", " minus "),
    ("+", "plus"),
    (" % ", " modulo "),
    ("%", " percent"),
)
_FIGURE = r"(\d+(?:\.\d+)?)"
_PERCENT_OF = re.compile(rf"{_FIGURE}% of (\(.*\)|sqrt\(.*\)|\d+(?:\.\d+)?)")
_PERCENT_MORE = re.compile(rf"^{_FIGURE} ([+-]) {_FIGURE}%")
_PERCENT_ALONE = re.compile(rf"{_FIGURE}%")
_POLITE = vocabulary(
    "what whats is are the a an of how much does do equal equals make calculate compute evaluate "
    "solve work out figure find answer result value tell me please can could would you i need want "
    "to know for now then so and hey hi hello ok okay well um uh thanks thank just let let's use "
    "using your calculator quick quickly question = ? . , ! : ; come up sum it's it give"
)


def arithmetic_in(text: str) -> Arithmetic | None:
    """Find the first calculation in a request; at least one operator makes one."""
    read = _as_meant(tokens(text)[:MAXIMUM_TOKENS])
    for index in range(len(read)):
        part = _expression(read, index, 0)
        if part is not None and part.operators:
            return _found(read, index, part)
    return None


def without_percent(expression: str) -> str:
    """Write an expression for calculators that do not know percentages."""
    plain = _PERCENT_OF.sub(r"(\2 * \1 / 100)", expression)
    plain = _PERCENT_MORE.sub(r"\1 \2 \1 * \3 / 100", plain)
    return _PERCENT_ALONE.sub(r"(\1 / 100)", plain)


def said_of(expression: str) -> str:
    """Say an expression: "15% of 80" is "15 percent of 80"."""
    said = expression.replace("sqrt(", "the square root of (")
    for sign, spoken in _SPOKEN_SIGNS:
        said = said.replace(sign, spoken)
    if said.startswith("the square root of (") and said.endswith(")") and said.count("(") == 1:
        return said.replace("(", "").replace(")", "")
    return said


def _found(read: Sequence[Token], index: int, part: _Part) -> Arithmetic:
    outside = [*read[:index], *read[part.following :]]
    inside = read[index : part.following]
    whole = all(token.text in _POLITE for token in outside)
    signs = {token.text for token in inside if token.kind in {"word", "symbol"}} & (
        {word for phrase in _OPERATORS for word in phrase} - _PLAIN_SIGNS
    )
    return Arithmetic(
        part.text,
        part.operators,
        inside[0].start,
        inside[-1].end,
        whole,
        whole or bool(signs) or "(" in part.text,
    )


def _as_meant(heard: list[Token]) -> list[Token]:
    """Write the number words that a recogniser took for other words."""
    meant: list[Token] = []
    for index, token in enumerate(heard):
        following = heard[index + 1] if index + 1 < len(heard) else None
        said = token
        if token.text in _HEARD_AS_DIGIT and _is_number_place(meant, following):
            said = token._replace(text=_HEARD_AS_DIGIT[token.text])
        digit = said.text if said.kind == "number" else str(DIGIT_WORDS.get(said.text, ""))
        if meant and _completes_tens(meant[-1], digit):
            tens = meant.pop()
            said = tens._replace(text=str(int(tens.text) + int(digit)), end=token.end)
        meant.append(said)
    return meant


def _is_number_place(before: Sequence[Token], following: Token | None) -> bool:
    """Whether a word that sounds like a digit stands where only a digit makes sense."""
    previous = before[-1] if before else None
    ends = following is None or _begins_operator(following) or following.text in {"?", ".", "="}
    if following is not None and following.text in _HEARD_SCALES:
        return previous is None or previous.text in _POLITE or _begins_operator(previous)
    if previous is None or not (_is_tens(previous) or _ends_operator(previous)):
        opens = previous is None or previous.text in _POLITE - {"to", "for"}
        return opens and following is not None and _begins_operator(following)
    return ends


def _completes_tens(previous: Token, digit: str) -> bool:
    """Whether "40 2" or "40 two" was said as one number."""
    return previous.kind == "number" and _is_tens(previous) and digit in set("123456789")


def _is_tens(token: Token) -> bool:
    return token.text in TENS_WORDS or token.text in {str(value) for value in TENS_WORDS.values()}


def _begins_operator(token: Token) -> bool:
    certain = {"plus", "minus", "times", "time", "multiplied", "divided", "squared", "cubed"}
    return token.text in certain or token.text in {"+", "*", "×", "/", "÷", "^"}


def _ends_operator(token: Token) -> bool:
    return _begins_operator(token) or token.text in {"by", "buy", "of"}


def _phrase(read: Sequence[Token], index: int, phrases: _Phrases) -> tuple[str, int] | None:
    """The meaning of the phrase at a token, and the index behind it."""
    ahead = tuple(token.text for token in read[index : index + 5])
    for phrase, meaning in phrases.items():
        if ahead[: len(phrase)] == phrase:
            return meaning, index + len(phrase)
    return None


def _expression(read: Sequence[Token], index: int, depth: int) -> _Part | None:
    part = _command(read, index, depth) or _operand(read, index, depth)
    while part is not None:
        sign = _phrase(read, part.following, _OPERATORS)
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
    if read[index].text in _HEARD_AS_ADD and index == _opening(read):
        heard = _operands(read, index + 1, depth, (frozenset({"and", "to"}), "{0} + {1}"))
        return heard if heard and heard.following >= _closing(read) else None
    for begin, rule in _COMMANDS.items():
        if tuple(token.text for token in read[index : index + len(begin)]) == begin:
            part = _operands(read, index + len(begin), depth, rule)
            if part is not None:
                return part
    return None


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
    if (prefix := _phrase(read, index, _PREFIXES)) is not None:
        operand = _operand(read, prefix[1], depth + 1)
        return operand and _prefixed(prefix[0], operand)
    if read[index].text in _SIGNS:
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
    if (suffix := _phrase(read, inner.following + 1, _SUFFIXES)) is not None:
        return _Part(f"{text} {suffix[0]}", suffix[1], inner.operators | {"**"})
    return _Part(text, inner.following + 1, inner.operators)


def _with_suffix(read: Sequence[Token], number: Number, depth: int) -> _Part:
    """Read what may follow a number: "squared", "percent", "percent of 80"."""
    text = f"{number.value:f}"
    if (suffix := _phrase(read, number.following, _SUFFIXES)) is not None:
        return _Part(f"{text} {suffix[0]}", suffix[1], frozenset({"**"}))
    percent = _phrase(read, number.following, _PERCENT)
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
    """Where a request begins behind its polite words."""
    for index, token in enumerate(read):
        if token.text in _HEARD_AS_ADD or token.text not in _POLITE:
            return index
    return len(read)


def _closing(read: Sequence[Token]) -> int:
    """Where a request ends before its polite words."""
    for index in range(len(read), 0, -1):
        if read[index - 1].text not in _POLITE:
            return index
    return 0
