import re
from datetime import UTC, datetime

import pytest

from tools.clock import current_time, time_text
from tools.places import UnknownPlace, find_place

NOW = datetime(2026, 1, 31, 23, 5, tzinfo=UTC)
SUMMER = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "now", "text"),
    [
        ("UTC", NOW, "It is 11:05 PM UTC on Saturday, January 31, 2026."),
        (
            "Tokyo",
            NOW,
            "It is 8:05 AM on Sunday, February 1, 2026 in Tokyo, 9 hours ahead of UTC.",
        ),
        (
            "Mumbai",
            NOW,
            "It is 4:35 AM on Sunday, February 1, 2026 in Mumbai, 5 hours and 30 minutes ahead of "
            "UTC.",
        ),
        (
            "New York",
            NOW,
            "It is 6:05 PM on Saturday, January 31, 2026 in New York, 5 hours behind UTC.",
        ),
        (
            "New York",
            SUMMER,
            "It is 8:00 AM on Saturday, July 4, 2026 in New York, 4 hours behind UTC.",
        ),
        ("London", NOW, "It is 11:05 PM on Saturday, January 31, 2026 in London, the same as UTC."),
        (
            "London",
            SUMMER,
            "It is 1:00 PM on Saturday, July 4, 2026 in London, 1 hour ahead of UTC.",
        ),
        (
            "Etc/GMT-12",
            SUMMER,
            "It is 12:00 AM on Sunday, July 5, 2026 in GMT-12, 12 hours ahead of UTC.",
        ),
        (
            "Auckland",
            SUMMER,
            "It is 12:00 AM on Sunday, July 5, 2026 in Auckland, 12 hours ahead of UTC.",
        ),
    ],
)
def test_the_time_is_a_sentence_that_can_be_spoken(place: str, now: datetime, text: str) -> None:
    assert time_text(find_place(place), now) == text


def test_the_tool_tells_the_time_of_now() -> None:
    before = time_text(find_place("Tokyo"), datetime.now(UTC))
    told = current_time(place="Tokyo")
    after = time_text(find_place("Tokyo"), datetime.now(UTC))
    assert told in {before, after}


def test_without_a_place_it_is_the_time_of_utc() -> None:
    assert re.fullmatch(r"It is \d+:\d\d [AP]M UTC on \w+, \w+ \d+, \d{4}\.", current_time())


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(UnknownPlace, match="Did you mean London"):
        current_time(place="Londn")
