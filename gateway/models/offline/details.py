"""What a request names: quoted words, places, dates and quantities.

Each comes with its place in the text, so that nothing is used twice.
"""

import re
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gateway.models.offline.language import (
    STOP_WORDS,
    Token,
    number_at,
    numbers,
    stem,
    vocabulary,
)


class Mention(NamedTuple):
    """A value and the part of the text that named it."""

    value: str
    start: int
    end: int


class Quantity(NamedTuple):
    """An amount with its unit, and the unit it is wanted in; None for what was not said."""

    amount: Decimal | None
    unit: Mention
    wanted: Mention | None
    start: int
    end: int


MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
ORDINAL_WORDS = {word: day for day, word in enumerate(_ORDINALS.split(), start=1)} | {
    "thirtieth": 30
}
MAXIMUM_UNITS = 6
RELATIVE_DAYS = vocabulary("today tomorrow yesterday now")

_LONG_UNITS = vocabulary(
    "nanometre nanometer micrometre micrometer micron millimetre millimeter centimetre centimeter "
    "decimetre decimeter metre meter kilometre kilometer inch inches foot feet yard mile milligram "
    "microgram gram gramme kilogram kilogramme kilo tonne ton ounce pound stone carat millilitre "
    "milliliter centilitre centiliter decilitre deciliter litre liter gallon pint quart cup "
    "tablespoon teaspoon barrel celsius centigrade fahrenheit kelvin millisecond microsecond "
    "second minute hour day week month year bit kilobit megabit gigabit byte kilobyte megabyte "
    "gigabyte terabyte petabyte kibibyte mebibyte gibibyte tebibyte acre hectare knot joule "
    "kilojoule calorie kilocalorie watt kilowatt megawatt horsepower pascal hectopascal kilopascal "
    "bar millibar atmosphere psi kph mph kmh radian degree revolution"
)
_SHORT_UNITS = vocabulary(
    "nm um mm cm dm m km in ft yd yds mi nmi ly au mg mcg g kg kgs t oz lb lbs st ct ml cl dl l cc "
    "gal pt qt tbsp tsp bbl c f k s sec secs min mins h hr hrs d wk yr ms b kb mb gb tb pb kib mib "
    "gib tib kbit mbit gbit ha j kj cal kcal wh kwh btu w kw mw hp ps pa hpa kpa mbar atm rad deg "
    "kn kt kts fps mps"
)
_UNIT_PREFIXES = vocabulary("square cubic nautical light fluid metric us uk imperial short long sq")
_NOT_PLACES = vocabulary(
    "moment the a an my your our this that it general total order case example me us minute second "
    "hour day now what which day week month year time date sure least most once all celsius "
    "fahrenheit kelvin note list morning afternoon evening night future meantime words detail"
)
_PLACE_ENDS = vocabulary(
    "right now today tomorrow tonight yesterday please currently at in on for is it be was "
    "then thanks thank you like with as to if when or but also while from this next"
)
_QUOTED = re.compile(r"[\"“”]([^\"“”]{1,1000})[\"“”]|(?<!\w)'([^']{1,1000})'(?!\w)")
_ZONE = re.compile(r"\b[A-Z][A-Za-z]{1,20}(?:/[A-Z][A-Za-z_+\-0-9]{1,30}){1,2}\b|\bUTC\b|\bGMT\b")
_PLACE_MARKS = ("in", "for", "near", "at", "of", "around")
_PLACE_WORDS = 6


def quoted(text: str) -> list[Mention]:
    """Return what stands in quotation marks."""
    return [
        Mention(match.group(match.lastindex or 1).strip(), match.start(), match.end())
        for match in _QUOTED.finditer(text)
    ]


def dates(read: Sequence[Token]) -> list[Mention]:
    """Return the complete dates of a text as ISO dates, and words such as "tomorrow" as said."""
    found: list[Mention] = []
    index = 0
    while index < len(read):
        token = read[index]
        if token.kind == "date" or token.text in RELATIVE_DAYS:
            found.append(Mention(token.text, token.start, token.end))
        elif (said := _spoken_date(read, index)) is not None:
            found.append(Mention(said[0], token.start, read[said[1] - 1].end))
            index = said[1]
            continue
        index += 1
    return found


def place(text: str, read: Sequence[Token], known: Collection[str]) -> Mention | None:
    """Return the place a request names; ``known`` are stems that cannot be part of one."""
    if (zone := _ZONE.search(text)) is not None:
        return Mention(zone.group(), zone.start(), zone.end())
    for mark in _PLACE_MARKS:
        for index, token in enumerate(read):
            if token.text == mark and (found := _place_from(text, read, index + 1)):
                return found
    return _capitalised(text, read, known)


def quantity(text: str, read: Sequence[Token]) -> Quantity | None:
    """Return what a request wants converted; None unless it names exactly one amount's unit."""
    units = _units(text, read)
    if not 0 < len(units) <= MAXIMUM_UNITS:
        return None
    measured = [
        (value, read[first].start, unit)
        for value, first, last in numbers(read)
        for unit in units
        if _between(text, read[last].end, unit.start) in {"", "°", "degrees", "degree", "-"}
    ]
    if len(measured) > 1:
        return None
    amount: Decimal | None
    if measured:
        amount, start, unit = measured[0]
    else:
        amount, unit = _amount_without_number(text, units)
        start = unit.start
    wanted = next((other for other in units if other is not unit), None)
    return Quantity(amount, unit, wanted, start, unit.end)


def _spoken_date(read: Sequence[Token], index: int) -> tuple[str, int] | None:
    """Read "January 1st 2027" or "the first of January twenty twenty seven" from its first word."""
    if (month := MONTHS.get(read[index].text)) is not None:
        day = _day(read, _skip(read, index + 1, {"the"}))
        year = (
            _year(read, _skip(read, day[1], {"st", "nd", "rd", "th", ",", "of"})) if day else None
        )
    elif (day := _day(read, index)) is not None:
        at = _skip(read, day[1], {"st", "nd", "rd", "th", "of", "day"})
        month = MONTHS.get(read[at].text) if at < len(read) else None
        year = _year(read, _skip(read, at + 1, {",", "of"})) if month else None
    else:
        return None
    if month is None or day is None or year is None:
        return None
    try:
        return date(year[0], month, day[0]).isoformat(), year[1]
    except ValueError:  # 30 February: not a date
        return None


def _skip(read: Sequence[Token], index: int, skipped: Collection[str]) -> int:
    while index < len(read) and read[index].text in skipped:
        index += 1
    return index


def _day(read: Sequence[Token], index: int) -> tuple[int, int] | None:
    if index >= len(read):
        return None
    text = read[index].text
    following = read[index + 1].text if index + 1 < len(read) else ""
    if text in ORDINAL_WORDS:
        return ORDINAL_WORDS[text], index + 1
    if text in {"twenty", "thirty"} and following in ORDINAL_WORDS:
        return (20 if text == "twenty" else 30) + ORDINAL_WORDS[following], index + 2
    number = number_at(read, index)
    if number is None or not 1 <= number.value <= 31:
        return None
    return int(number.value), number.following


def _year(read: Sequence[Token], index: int) -> tuple[int, int] | None:
    number = number_at(read, index) if index < len(read) else None
    if number is None:
        return None
    if number.value in (19, 20, 21) and number.following < len(read):
        rest = number_at(read, number.following)
        if rest is not None and 10 <= rest.value <= 99:
            return int(number.value * 100 + rest.value), rest.following
    if not 1000 <= number.value <= 9999:
        return None
    return int(number.value), number.following


def _place_from(text: str, read: Sequence[Token], index: int) -> Mention | None:
    """Read a place's name behind its preposition."""
    if index < len(read) and read[index].text == "the":
        index += 1
    named: list[Token] = []
    for token in read[index : index + _PLACE_WORDS]:
        joined = not named or token.start - named[-1].end <= 1
        if token.kind != "word" or not joined or (named and token.text in _PLACE_ENDS):
            break
        named.append(token)
    while named and named[-1].text == "and":
        named.pop()
    if not named or named[0].text in _NOT_PLACES | _PLACE_ENDS | STOP_WORDS:
        return None
    said = text[named[0].start : named[-1].end].removesuffix("'s").removesuffix("’s")
    is_lower = said == said.lower()
    return Mention(said.title() if is_lower else said, named[0].start, named[-1].end)


def _capitalised(text: str, read: Sequence[Token], known: Collection[str]) -> Mention | None:
    """Find a name by its capital letters: "Tokyo time, please"."""
    named: list[Token] = []
    for token in read:
        is_name = (
            token.kind == "word"
            and text[token.start].isupper()
            and token.text not in STOP_WORDS | _NOT_PLACES
            and stem(token.text) not in known
        )
        if is_name:
            named.append(token)
        elif named:
            break
    if not named:
        return None
    said = text[named[0].start : named[-1].end].removesuffix("'s").removesuffix("’s")
    return Mention(said, named[0].start, named[-1].end)


def _units(text: str, read: Sequence[Token]) -> list[Mention]:
    """The units a text names, in its own writing: mb is not MB."""
    found: list[Mention] = []
    for index, token in enumerate(read):
        if not _is_unit(token, read[index - 1] if index else None):
            continue
        first = index
        if first and read[first - 1].text in _UNIT_PREFIXES:
            first -= 1
        before = read[first - 1].text if first else ""
        start = read[first].start
        if found and (before in {"per", "/"} or _between(text, found[-1].end, start) == ""):
            start = found.pop().start
        found.append(Mention(text[start : token.end], start, token.end))
    if len(found) > 2:
        return [unit for unit in found if unit.value.lower() not in {"degree", "degrees"}]
    return found


def _is_unit(token: Token, previous: Token | None) -> bool:
    """Whether a word is a unit; a short one only where it follows a number or "to"."""
    if token.kind != "word":
        return False
    if token.text in _LONG_UNITS or token.text.removesuffix("s") in _LONG_UNITS:
        return True
    if token.text not in _SHORT_UNITS or previous is None:
        return False
    if token.text == "in":
        return False
    return previous.kind == "number" or previous.text in {"to", "into", "in", "°", "/"}


def _between(text: str, start: int, end: int) -> str:
    return text[start:end].strip().lower() if end >= start else "?"


def _amount_without_number(text: str, units: Sequence[Mention]) -> tuple[Decimal | None, Mention]:
    """Know that "how many feet are in a mile" means one mile."""
    for unit in units:
        before = text[: unit.start].lower().split()
        if before and before[-1] in {"a", "an"}:
            return Decimal(1), unit
    return None, units[0]
