from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tools import dates
from tools.dates import WrongDate, add_to_date, day_of, day_of_week, days_between, moved

TODAY = date(2026, 5, 20)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_today", lambda: TODAY)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"end_date": "2026-03-01", "start_date": "2026-01-01"},
            "From Thursday, January 1, 2026 to Sunday, March 1, 2026 it is 59 days, which is "
            "8 weeks and 3 days.",
        ),
        (
            {"end_date": "2026-06-03"},
            "From Wednesday, May 20, 2026 to Wednesday, June 3, 2026 it is 14 days, which is "
            "2 weeks.",
        ),
        (
            {"end_date": "tomorrow"},
            "From Wednesday, May 20, 2026 to Thursday, May 21, 2026 it is 1 day.",
        ),
        (
            {"end_date": "today"},
            "From Wednesday, May 20, 2026 to Wednesday, May 20, 2026 it is 0 days.",
        ),
        (
            {"end_date": "Yesterday"},
            "Tuesday, May 19, 2026 is 1 day before Wednesday, May 20, 2026.",
        ),
        (
            {"end_date": "9999-12-31", "start_date": "0001-01-01"},
            "From Monday, January 1, 1 to Friday, December 31, 9999 it is 3,652,058 days, which is "
            "521,722 weeks and 4 days.",
        ),
    ],
)
def test_days_are_counted(arguments: dict[str, Any], text: str) -> None:
    assert days_between(**arguments) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"amount": 10},
            "10 days after Wednesday, May 20, 2026 is Saturday, May 30, 2026.",
        ),
        (
            {"amount": -3, "unit": "weeks", "date": "tomorrow"},
            "3 weeks before Thursday, May 21, 2026 is Thursday, April 30, 2026.",
        ),
        (
            {"amount": 1, "unit": "months", "date": "2026-01-31"},
            "1 month after Saturday, January 31, 2026 is Saturday, February 28, 2026.",
        ),
        (
            {"amount": -1, "unit": "years", "date": "2024-02-29"},
            "1 year before Thursday, February 29, 2024 is Tuesday, February 28, 2023.",
        ),
    ],
)
def test_dates_are_moved(arguments: dict[str, Any], text: str) -> None:
    assert add_to_date(**arguments) == text


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2026, 1, 30), -1, date(2025, 12, 30)),
    ],
)
def test_a_shorter_month_has_its_last_day_for_those_it_lacks(
    start: date, months: int, end: date
) -> None:
    assert moved(start, months, "months") == end


def test_moving_days_there_and_back_is_where_it_began() -> None:
    for amount in range(-1000, 1000, 7):
        assert moved(moved(TODAY, amount, "days"), -amount, "days") == TODAY
        assert moved(TODAY, amount, "weeks") == TODAY + timedelta(weeks=amount)
        there = moved(TODAY, amount, "months")
        assert (there.year * 12 + there.month) - (TODAY.year * 12 + TODAY.month) == amount


@pytest.mark.parametrize(
    ("amount", "unit", "start"),
    [
        (100_000, "years", "today"),
        (-100_000, "months", "today"),
        (100_000, "weeks", "9999-01-01"),
        (-1, "days", "0001-01-01"),
        (-1, "months", "0001-01-01"),
        (1, "months", "9999-12-31"),
    ],
)
def test_dates_outside_of_the_calendar_are_refused(amount: int, unit: Any, start: str) -> None:
    with pytest.raises(WrongDate, match="outside of the years 1 to 9999"):
        add_to_date(amount=amount, unit=unit, date=start)


def test_an_amount_has_a_limit() -> None:
    with pytest.raises(WrongDate, match="The amount is too large: at most 100,000"):
        add_to_date(amount=100_001)


def test_the_weekday_is_told() -> None:
    assert day_of_week(date="2027-01-01") == "January 1, 2027 is a Friday."
    assert day_of_week() == "May 20, 2026 is a Wednesday."


@pytest.mark.parametrize("said", ["2026-05-20", " 2026-5-20 ", "2026-05-20T12:00:00Z", "NOW"])
def test_dates_are_read(said: str) -> None:
    assert day_of(said, TODAY) == TODAY


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("2026-02-30", "There is no date 2026-02-30."),
        ("0000-01-01", "There is no date 0000-01-01."),
        ("christmas", "'christmas' is not a date. Write it like 2026-12-31."),
        ("20.5.2026", "'20.5.2026' is not a date. Write it like 2026-12-31."),
        ("٢٠٢٦-٠٥-٢٠", "'٢٠٢٦-٠٥-٢٠' is not a date. Write it like 2026-12-31."),
        ("", "'' is not a date. Write it like 2026-12-31."),
        ("x" * 1000, f"'{'x' * 30}' is not a date. Write it like 2026-12-31."),
    ],
)
def test_what_is_no_date_is_refused(said: str, problem: str) -> None:
    with pytest.raises(WrongDate) as raised:
        day_of(said, TODAY)
    assert str(raised.value) == problem


def test_today_is_the_day_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    before = datetime.now(UTC).date()
    assert dates._today() in {before, datetime.now(UTC).date()}
