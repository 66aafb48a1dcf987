"""Reckoning with dates of the Gregorian calendar, years 1 to 9999."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from strands import tool

MAXIMUM_AMOUNT = 100_000

type Unit = Literal["days", "weeks", "months", "years"]

_RELATIVE_DAYS = {"yesterday": -1, "today": 0, "now": 0, "tomorrow": 1}
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:T.*)?")
_OUT_OF_RANGE = "The date is outside of the years 1 to 9999."


class WrongDate(ValueError):
    """A date that does not exist, or is not written as it should be."""


@tool
def days_between(end_date: str, start_date: str = "today") -> str:
    """Count the days from one date to another, or how many days until or since a date.

    Args:
        end_date: The date to count to, as YYYY-MM-DD, or "today", "tomorrow" or "yesterday".
        start_date: The date to count from, in the same form; today when not given.
    """
    today = _today()
    start, end = day_of(start_date, today), day_of(end_date, today)
    days = (end - start).days
    count = _count(abs(days), "day")
    if abs(days) >= 14:
        weeks, rest = divmod(abs(days), 7)
        count += f", which is {_count(weeks, 'week')}"
        count += f" and {_count(rest, 'day')}" if rest else ""
    if days < 0:
        return f"{spoken(end)} is {count} before {spoken(start)}."
    return f"From {spoken(start)} to {spoken(end)} it is {count}."


@tool
def add_to_date(
    amount: int,
    unit: Literal["days", "weeks", "months", "years"] = "days",
    date: str = "today",
) -> str:
    """Find the date a number of days, weeks, months or years after or before a date.

    Args:
        amount: How many to add; a negative number goes back in time.
        unit: What is added.
        date: The date to start from, as YYYY-MM-DD, or "today", "tomorrow" or "yesterday"; today
            when not given.
    """
    if abs(amount) > MAXIMUM_AMOUNT:
        raise WrongDate(f"The amount is too large: at most {MAXIMUM_AMOUNT:,}.")
    start = day_of(date, _today())
    way = "after" if amount >= 0 else "before"
    count = _count(abs(amount), unit.removesuffix("s"))
    return f"{count} {way} {spoken(start)} is {spoken(moved(start, amount, unit))}."


@tool
def day_of_week(date: str = "today") -> str:
    """Tell which day of the week, or weekday, a date is: Monday, Tuesday and so on.

    Args:
        date: The date, as YYYY-MM-DD, or "today", "tomorrow" or "yesterday"; today when not given.
    """
    day = day_of(date, _today())
    return f"{day:%B} {day.day}, {day.year} is a {day:%A}."


def day_of(text: str, today: date) -> date:
    """Read a date.

    Raises:
        WrongDate: it does not exist or is not in a form that is known.
    """
    said = text.strip().lower()
    if said in _RELATIVE_DAYS:
        return today + timedelta(days=_RELATIVE_DAYS[said])
    match = _ISO.fullmatch(text.strip().upper())
    if match is None:
        raise WrongDate(f"{text.strip()[:30]!r} is not a date. Write it like 2026-12-31.")
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError as error:
        raise WrongDate(f"There is no date {match[0]}.") from error


def moved(start: date, amount: int, unit: Unit) -> date:
    """Return another date; the end of a shorter month stands for days it does not have.

    Raises:
        WrongDate: it is not within the years 1 to 9999.
    """
    try:
        if unit in {"days", "weeks"}:
            return start + timedelta(days=amount * (7 if unit == "weeks" else 1))
        months = start.year * 12 + start.month - 1 + amount * (12 if unit == "years" else 1)
        year, month = divmod(months, 12)
        if not date.min.year <= year <= date.max.year:
            raise WrongDate(_OUT_OF_RANGE)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last))
    except OverflowError as error:
        raise WrongDate(_OUT_OF_RANGE) from error


def spoken(day: date) -> str:
    """Write a date as one says it."""
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def _today() -> date:
    # Whoever asks may be anywhere; the day of UTC is at most one off.
    return datetime.now(UTC).date()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
