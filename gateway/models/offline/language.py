"""English as the offline model reads it: tokens with their place in the text, stems and numbers.

Whatever the length of a text, at most ``READ_CHARACTERS`` of it are read, so work is bounded.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple

READ_CHARACTERS = 4_000
MAXIMUM_TOKENS = 800
MAXIMUM_NUMBERS = 100

TokenKind = Literal["date", "number", "word", "symbol"]


class Token(NamedTuple):
    """One word, number, date or sign; ``text`` is lower case, ``start`` and ``end`` its place."""

    text: str
    start: int
    end: int
    kind: TokenKind


class Number(NamedTuple):
    """A number read from tokens; ``following`` is the index of the token behind it."""

    value: Decimal
    following: int


def vocabulary(said: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(said.split())


_SAID_DIGITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_SAID_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
DIGIT_WORDS = {word: value for value, word in enumerate(_SAID_DIGITS.split())}
TENS_WORDS = {word: 10 * value for value, word in enumerate(_SAID_TENS.split(), start=2)}
SCALE_WORDS = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 1_000_000_000_000,
    "dozen": 12,
}

# Words that carry a request but say nothing of its subject.
STOP_WORDS = vocabulary(
    "a an the this that these those there here of for in on at by to from with into onto as about "
    "and or but so if then than is are was were be been am do does did done have has had can could "
    "would will shall should may might must i me my mine we us our you your it its he she they "
    "them his her their who whom what which whose when where why how much many please tell give "
    "know let want need like get got go ok okay hey hi hello well just now right really some "
    "something anything long down any all not no yes again also too very up out s t m re ve ll d "
    "um uh er"
)

_TOKEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"|(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<symbol>\*\*|//|[^\w\s])"
)
_WORD_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_KINDS: dict[str, TokenKind] = {
    "date": "date",
    "number": "number",
    "word": "word",
    "symbol": "symbol",
}
_SUFFIXES = (
    ("ations", "at"),
    ("ation", "at"),
    ("ators", "at"),
    ("ator", "at"),
    ("ates", "at"),
    ("ate", "at"),
    ("ies", "y"),
    ("sses", "ss"),
    ("ions", ""),
    ("ion", ""),
    ("ings", ""),
    ("ing", ""),
    ("ed", ""),
    ("es", ""),
    ("s", ""),
    ("e", ""),
)
# Words of one meaning; each stands for the first of its line.
_SAME_MEANING = (
    "time clock oclock",
    "note notes memo notebook jot remember",
    "calculate calculator compute computation arithmetic math maths mathematics evaluate",
    "convert conversion converter",
    "delete remove erase clear forget discard",
    "list show display read view see",
    "add create make new save write keep store put append record insert take",
    "set change update adjust switch turn",
    "search find lookup look seek",
    "send mail email",
    "picture image photo",
    "colour color",
    "favourite favorite",
    "dice die",
    "weather forecast rain raining snow sunny",
    "translate translation",
)
# After which kind of number word which other may follow within one number ("" = at its start).
_FOLLOWS = {
    "digit": frozenset({"", "tens", "hundred", "scale"}),
    "teen": frozenset({"", "hundred", "scale"}),
    "tens": frozenset({"", "hundred", "scale"}),
    "hundred": frozenset({"digit", "teen", "numeral"}),
    "scale": frozenset({"digit", "teen", "tens", "hundred", "numeral"}),
    "dozen": frozenset({"digit", "teen", "numeral"}),
}


def excerpt(text: str) -> str:
    """Return what is read of a text: all of it, or its beginning and its end."""
    if len(text) <= READ_CHARACTERS:
        return text
    half = READ_CHARACTERS // 2 - 1
    return f"{text[:half]}\n{text[-half:]}"


def tokens(text: str) -> list[Token]:
    """Split a text; possessive endings are dropped, "forty-two" becomes two words."""
    plain = _WORD_HYPHEN.sub(" ", excerpt(text).replace("’", "'"))
    return [
        Token(
            match.group().lower().removesuffix("'s"),
            match.start(),
            match.end(),
            _KINDS[match.lastgroup or "symbol"],
        )
        for match in islice(_TOKEN.finditer(plain), MAXIMUM_TOKENS)
    ]


def words(text: str) -> list[str]:
    """Return the words of a name or sentence in lower case; camelCase and snake_case are split."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", excerpt(text))
    return [token.text for token in tokens(split) if token.kind == "word"]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Cut a word to what its common forms and words of the same meaning share."""
    cut = _cut(word)
    return _MEANINGS.get(cut, cut)


def _cut(word: str) -> str:
    if len(word) > 2 and word.endswith("ss"):
        return word
    for suffix, replacement in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) + len(replacement) >= 3:
            return word.removesuffix(suffix) + replacement
    return word


_MEANINGS = {_cut(word): _cut(line.split()[0]) for line in _SAME_MEANING for word in line.split()}


def stems(text: str) -> set[str]:
    """Return the stems of the words of a text that say something."""
    return {stem(word) for word in words(text) if word not in STOP_WORDS}


def number_at(read: Sequence[Token], index: int) -> Number | None:
    """Read a number, in digits or words, that begins at a token."""
    token = read[index]
    if token.kind == "number":
        value = Decimal(token.text.replace(",", ""))
        return _with_fraction(read, _with_words(read, Number(value, index + 1), "numeral"))
    if token.text in {"a", "an"}:
        if _text_at(read, index + 1) in SCALE_WORDS:
            hundred = _with_words(read, Number(Decimal(1), index + 1), "numeral")
            return _with_fraction(read, hundred)
        return None
    if token.text == "point" and _digit_word(read, index + 1):
        return _with_fraction(read, Number(Decimal(0), index))
    spoken = _with_words(read, Number(Decimal(0), index), "")
    return None if spoken.following == index else _with_fraction(read, spoken)


def numbers(read: Sequence[Token]) -> list[tuple[Decimal, int, int]]:
    """Return the numbers of a text, each with the indexes of its first and last token.

    "Minus 5" is a negative number unless something is there to subtract from.
    """
    found: list[tuple[Decimal, int, int]] = []
    index = 0
    while index < len(read) and len(found) < MAXIMUM_NUMBERS:
        number = number_at(read, index)
        if number is None:
            index += 1
            continue
        signed = _is_signed(read, index)
        value = -number.value if signed else number.value
        found.append((value, index - signed, number.following - 1))
        index = number.following
    return found


def joined(items: Iterable[str]) -> str:
    """Say a list: "a, b and c"."""
    said = list(items)
    if len(said) < 2:
        return "".join(said)
    return f"{', '.join(said[:-1])} and {said[-1]}"


def _text_at(read: Sequence[Token], index: int) -> str:
    return read[index].text if 0 <= index < len(read) else ""


def _digit_word(read: Sequence[Token], index: int) -> str:
    """The digit that one token names, or nothing."""
    text = _text_at(read, index)
    value = DIGIT_WORDS.get(text, 10)
    if value < 10:
        return str(value)
    return text if text.isdecimal() else ""


def _kind_of(word: str) -> tuple[str, int]:
    if word in DIGIT_WORDS:
        value = DIGIT_WORDS[word]
        return ("digit" if value < 10 else "teen"), value
    if word in TENS_WORDS:
        return "tens", TENS_WORDS[word]
    if word in {"hundred", "dozen"}:
        return word, SCALE_WORDS[word]
    return ("scale", SCALE_WORDS[word]) if word in SCALE_WORDS else ("", 0)


def _with_words(read: Sequence[Token], begun: Number, last: str) -> Number:
    """Go on with number words: complete thousands are in ``total``, the rest in ``part``."""
    total, part, index = Decimal(0), begun.value, begun.following
    while index < len(read):
        position = index
        if read[index].text == "and" and last in {"hundred", "scale"}:
            position += 1
        kind, value = _kind_of(_text_at(read, position))
        if last not in _FOLLOWS.get(kind, ()):
            break
        if kind == "hundred":
            part *= value
        elif kind in {"scale", "dozen"}:
            total, part = total + part * value, Decimal(0)
        else:
            part += value
        last, index = kind, position + 1
    return Number(total + part, index)


def _with_fraction(read: Sequence[Token], whole: Number) -> Number:
    index = whole.following
    if [_text_at(read, index + ahead) for ahead in range(3)] == ["and", "a", "half"]:
        return Number(whole.value + Decimal("0.5"), index + 3)
    if _text_at(read, index) != "point":
        return whole
    digits = ""
    index += 1
    while digit := _digit_word(read, index):
        digits += digit
        index += 1
    return Number(whole.value + Decimal(f"0.{digits}"), index) if digits else whole


def _is_signed(read: Sequence[Token], index: int) -> bool:
    """Whether a minus in front of a number is its sign and not a subtraction."""
    if _text_at(read, index - 1) not in {"minus", "negative", "-", "−"}:
        return False
    before = _text_at(read, index - 2)
    is_operand = before[:1].isdigit() or before in {")", "%"} or bool(_kind_of(before)[0])
    return not is_operand
