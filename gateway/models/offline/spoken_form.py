"""Written text as the synthesizer can say it.

SVOX Pico reads numbers, ordinals and common abbreviations by itself. It obeys text that looks like
markup, reads signs of arithmetic as typography and clock times as decimals, and can hang on a word
without end: so all of that is rewritten here. Only English gets its signs in words.
"""

import re
from collections.abc import Callable, Mapping

LONGEST_WORD = 40
LONGEST_REQUEST = 400

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

_TYPOGRAPHY: Mapping[int, str] = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201c": " ", "\u201d": " ", "\u2026": ".",
        "\u2013": "-", "\u2014": ", ", "\u2212": "-", "\u00a0": " ", "\u202f": " ",
    }
)  # fmt: skip
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKUP = re.compile(r"[<>*_`#|~{}\[\]\\^\"]+")
_REPEATED = re.compile(r"([^\w\s])(?:\s*\1)+")
_UNSPEAKABLE = re.compile(r"[^\x20-\u024f\u20ac]+")
_LONG_WORD = re.compile(rf"(\S{{{LONGEST_WORD}}})\S+")
_CUT = re.compile(rf"(.{{1,{LONGEST_REQUEST}}})(?:\s+|$)")

type _Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def spoken_form(text: str, voice: str = "en-US") -> list[str]:
    """Rewrite a sentence and cut it into requests; none if nothing in it can be said."""
    text = _TAG.sub(" ", _LINK.sub(r"\1", text.translate(_TYPOGRAPHY)))
    if voice.startswith("en"):
        for pattern, words in _ENGLISH:
            text = pattern.sub(words, text)
    text = _REPEATED.sub(r"\1", _MARKUP.sub(" ", text))
    text = " ".join(_UNSPEAKABLE.sub(" ", text).split())
    text = _LONG_WORD.sub(r"\1", text)  # an address or a key: nobody listens to the rest
    if not any(character.isalnum() for character in text):
        return []
    return _CUT.findall(text)


def _clock(match: re.Match[str]) -> str:
    hours, minutes, half = int(match["hours"]), match["minutes"], match["half"]
    if minutes == "00":
        return f"{hours} {half}" if half else f"{hours} o'clock"
    spoken = f"{hours} oh {minutes[1]}" if minutes.startswith("0") else f"{hours} {minutes}"
    return f"{spoken}, {half}" if half else spoken  # run together, "51 AM" sounds like "51 8 M"


def _zone(match: re.Match[str]) -> str:
    sign = "plus" if match["sign"] == "+" else "minus"
    minutes = f" {match['minutes']}" if match["minutes"] not in {None, "00"} else ""
    return f"UTC {sign} {int(match['hours'])}{minutes}"


def _date(match: re.Match[str]) -> str:
    month = int(match["month"])
    if not 1 <= month <= len(_MONTHS):
        return match[0]
    then = ", " if match[0].endswith("T") else ""
    return f"{_MONTHS[month - 1]} {int(match['day'])}, {match['year']}{then}"


_ENGLISH: tuple[_Rule, ...] = (
    (
        re.compile(r"\bUTC\s*(?P<sign>[+-])\s*(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?\b"),
        _zone,
    ),
    (re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:T(?=\d)|\b)"), _date),
    (
        re.compile(
            r"\b(?P<hours>[01]?\d|2[0-3]):(?P<minutes>[0-5]\d)(?::[0-5]\d(?:\.\d+)?)?"
            r"(?:Z|[+-]\d\d:\d\d)?\b"
            r"(?:\s*(?P<half>[AaPp]\.?[Mm]\b\.?))?"
        ),
        _clock,
    ),
    (re.compile(r"(?<=\d)[eE]([+-]?\d+)\b"), r" times 10 to the power of \1"),
    (re.compile(r"(?<=[\d)])\s*(?:\*\*|\^)\s*(?=[\d(-])"), " to the power of "),
    (re.compile(r"(?<=[\d)])\s*(?:[×·*]|\bx\b)\s*(?=[\d(-])"), " times "),
    (re.compile(r"(?<=[\d)])\s*(?:÷|//?(?=\s))\s*(?=[\d(-])"), " divided by "),
    (re.compile(r"(?<=[\d)])\s*\+\s*(?=[\d(-])"), " plus "),
    (re.compile(r"(?<=[\d)])\s+-\s+(?=[\d(-])"), " minus "),
    (re.compile(r"\s*(?:==?)\s*"), " equals "),
    (re.compile(r"\s*≈\s*"), " is about "),
    (re.compile(r"√\s*"), " the square root of "),
    (re.compile(r"π"), " pi "),
    (re.compile(r"\s*°\s*C\b"), " degrees Celsius"),
    (re.compile(r"\s*°\s*F\b"), " degrees Fahrenheit"),
    (re.compile(r"\s*°"), " degrees"),
)
