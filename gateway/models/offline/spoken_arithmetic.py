"""An expression as people say it, and as simpler calculators take it."""

import re

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
