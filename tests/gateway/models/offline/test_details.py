from decimal import Decimal

import pytest

from gateway.models.offline.details import Mention, dates, place, quantity, quoted
from gateway.models.offline.language import tokens


def test_quoted_text_is_found_in_all_kinds_of_quotation_marks() -> None:
    assert quoted("say \"good day\" or 'bye' or “so long”, don't") == [
        Mention("good day", 4, 14),
        Mention("bye", 18, 23),
        Mention("so long", 27, 36),
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("until 2027-01-01", ["2027-01-01"]),
        ("January 1st, 2027", ["2027-01-01"]),
        ("Jan 1 2027 and 3rd of May 2026", ["2027-01-01", "2026-05-03"]),
        ("the first of January twenty twenty seven", ["2027-01-01"]),
        ("the twenty first of june 2026", ["2026-06-21"]),
        ("thirty first december 1999", ["1999-12-31"]),
        ("July the 4th nineteen seventy six", ["1976-07-04"]),
        ("today and tomorrow", ["today", "tomorrow"]),
        ("December 25", []),
        ("25 December", []),
        ("December", []),
        ("may I", []),
        ("30 February 2027", []),
        ("February 30 2027", []),
        ("5 apples", []),
        ("first prize", []),
        ("January 1 20", []),
        ("January 1 twenty five", []),
    ],
)
def test_days_are_read_when_they_are_complete(text: str, days: list[str]) -> None:
    assert [mention.value for mention in dates(tokens(text))] == days


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("What time is it in Paris?", "Paris"),
        ("tell me the time in new york right now", "New York"),
        ("time in Europe/Paris", "Europe/Paris"),
        ("the time in UTC", "UTC"),
        ("weather for San Francisco today", "San Francisco"),
        ("weather in the Netherlands", "Netherlands"),
        ("Tokyo time please", "Tokyo"),
        ("What is Tokyo's time", "Tokyo"),
        ("the time at the moment in Rio de Janeiro", "Rio de Janeiro"),
        ("time in Paris and Tokyo", "Paris and Tokyo"),
        ("time in Paris and", "Paris"),
        ("in 5 minutes", None),
        ("what time is it in the morning", None),
        ("what time is it", None),
        ("in", None),
    ],
)
def test_places_are_found_behind_prepositions_and_by_capitals(text: str, name: str | None) -> None:
    found = place(text, tokens(text), {"tim", "current"})
    assert (found and found.value) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("how many kilometres are 26.2 miles", (26.2, "miles", "kilometres")),
        ("convert 72 fahrenheit to celsius", (72, "fahrenheit", "celsius")),
        ("72F in C", (72, "F", "C")),
        ("72 °F to °C", (72, "F", "C")),
        ("72 degrees fahrenheit in celsius", (72, "degrees fahrenheit", "celsius")),
        ("minus 40 celsius in fahrenheit", (-40, "celsius", "fahrenheit")),
        ("how many feet are in a mile", (1, "mile", "feet")),
        ("ten square metres to square feet", (10, "square metres", "square feet")),
        ("60 miles per hour in kilometres per hour", (60, "miles per hour", "kilometres per hour")),
        ("100 km/h in mph", (100, "km/h", "mph")),
        ("10 kilowatt hours in joules", (10, "kilowatt hours", "joules")),
        ("10 MB in Mb", (10, "MB", "Mb")),
        ("180 degrees in radians", (180, "degrees", "radians")),
        ("convert miles to km", (None, "miles", "km")),
        ("how many days until 2027-01-01", (None, "days", None)),
        ("5 feet 3 inches in cm", None),
        ("m & m", None),
        ("b is short", None),
        ("i live in k", (None, "k", None)),
        ("5 in", None),
        ("no unit at all", None),
        ("1 m 2 m 3 m 4 m 5 m 6 m 7 m", None),
    ],
)
def test_a_quantity_is_an_amount_its_unit_and_the_wanted_one(
    text: str, said: tuple[float | None, str, str | None] | None
) -> None:
    found = quantity(text, tokens(text))
    if found is None or said is None:
        assert (found is None) == (said is None)
        return
    amount, unit, wanted = said
    assert found.unit.value == unit
    assert (found.wanted and found.wanted.value) == wanted
    assert found.amount == (None if amount is None else Decimal(str(amount)))
