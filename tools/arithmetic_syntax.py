"""From arithmetic as people write it to the few forms of Python's syntax the calculator walks.

Numbers become strings (``'0.5'``), so that Python reads no digits; a percent sign becomes the mark
``[0]``, which binds as tightly as a percent sign; all else is an operator, a bracket or ``sqrt``.
A percent sign before an operand is the remainder (``7 % 2``), everywhere else a percentage.
"""

import re
from typing import NamedTuple

MAXIMUM_CHARACTERS = 200
MAXIMUM_NESTING = 50
MAXIMUM_POWER_OF_TEN = 3000

PERCENT_MARK = "[0]"

_SIGNS = str.maketrans(
    {
        "×": "*", "⋅": "*", "·": "*", "∙": "*", "∗": "*", "✕": "*", "✖": "*",
        "÷": "/", "∕": "/", "⁄": "/", "➗": "/",
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "➖": "-",
        "＋": "+", "➕": "+",
        "²": "**2", "³": "**3",
        "√": "sqrt ",
        "％": "%", "٪": "%",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ",
    }
)  # fmt: skip

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>(?:{_NUMBER})(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<sign>\*\*|//|[-+*/%^()])|(?P<word>[A-Za-z]+)|(?P<other>\S))"
)
# 6x7 is a product, 0x7 is not meant as one.
_HEXADECIMAL = re.compile(r"(?<![0-9.,])0[xX][0-9]")
_WRITTEN = {"^": "**", "x": "*", "X": "*"}
_ROOT = "sqrt"


class CalculationError(ValueError):
    """The calculation has no result; the text says why."""


class Token(NamedTuple):
    """One number, sign or word."""

    kind: str
    text: str


def python_source(expression: str) -> str:
    """Return the expression in Python's syntax, made of our own pieces only.

    Raises:
        CalculationError: it is empty, too long, too deep, or has something unknown in it.
    """
    if len(expression) > MAXIMUM_CHARACTERS:
        raise CalculationError(
            f"The calculation is too long: at most {MAXIMUM_CHARACTERS} characters."
        )
    text = expression.translate(_SIGNS).strip("=? \t\n")
    if not text:
        raise CalculationError("There is nothing to calculate.")
    if _HEXADECIMAL.search(text):
        raise CalculationError(_unknown("0x"))
    tokens = [_token(match) for match in _TOKEN.finditer(text)]
    _check_nesting(tokens)
    pieces: list[str] = []
    # A pair of neighbours decides what a percent sign or a root means; the end is no token.
    end = Token("end", "")
    for before, token, after in zip([end, *tokens], tokens, [*tokens[1:], end], strict=False):
        pieces.append(_piece(before, token, after))
    return " ".join(pieces)


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or "other"
    text = match[kind]
    if kind == "other":
        hint = " Write decimals with a point." if text == "," else ""
        raise CalculationError(f"{_unknown(text)}{hint}")
    if kind == "word" and text not in {_ROOT, "of", "x", "X"}:
        raise CalculationError(_unknown(text))
    return Token(kind, _WRITTEN.get(text, text))


def _unknown(text: str) -> str:
    return (
        f"I cannot read {text[:20]!r} in a calculation: it may have numbers, brackets, "
        "+ - * / // % ** and sqrt."
    )


def _check_nesting(tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0:
            raise CalculationError("A bracket is closed that was never opened.")
        if depth > MAXIMUM_NESTING:
            raise CalculationError(
                f"The calculation is nested deeper than {MAXIMUM_NESTING} levels."
            )
    if depth:
        raise CalculationError("A bracket is not closed.")


def _piece(before: Token, token: Token, after: Token) -> str:
    if token.kind == "number":
        if before.kind == "number":
            raise CalculationError(f"There is no sign between {before.text} and {token.text}.")
        number = _number(token.text)
        # A root takes the number that follows it; Python wants brackets around that.
        return f"({number})" if before.text == _ROOT else number
    if token.text == "%":
        return "%" if _begins_operand(after) else PERCENT_MARK
    if token.text == "of":
        if before.text != "%":
            raise CalculationError('I can read "of" only after a percentage: 15% of 80.')
        return "*"
    return token.text


def _begins_operand(token: Token) -> bool:
    return token.kind == "number" or token.text in {"(", _ROOT}


def _number(text: str) -> str:
    digits = text.replace(",", "")
    mantissa, _, power = digits.lower().partition("e")
    if power and abs(int(power)) > MAXIMUM_POWER_OF_TEN:
        raise CalculationError(f"The number {text[:20]} is too large or too small.")
    return repr(digits if mantissa[-1] != "." else f"{mantissa}0e{power or 0}")
