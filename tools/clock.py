"""The time of any place, from the time zone data on this machine."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from strands import tool

from tools.places import Place, find_place


@tool
def current_time(place: str = "UTC") -> str:
    """Tell the current time, date and weekday in a city, country or time zone.

    Use it for every question about the time now, what time it is somewhere, or today's date.

    Args:
        place: The city, country or IANA time zone, such as "Tokyo", "San Francisco", "UK" or
            "Europe/London". UTC when the user names none.
    """
    return time_text(find_place(place), datetime.now(UTC))


def time_text(place: Place, now: datetime) -> str:
    """Say what time it is in a place, in a sentence that can be read aloud."""
    there = now.astimezone(ZoneInfo(place.zone))
    hour = there.hour % 12 or 12
    half = "AM" if there.hour < 12 else "PM"
    clock = f"{hour}:{there:%M} {half}"
    date = f"{there:%A}, {there:%B} {there.day}, {there.year}"
    if place.name == "UTC":
        return f"It is {clock} UTC on {date}."
    return f"It is {clock} on {date} in {place.name}, {_difference(there.utcoffset())}."


def _difference(offset: timedelta | None) -> str:
    minutes = round((offset or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "the same as UTC"
    hours, rest = divmod(abs(minutes), 60)
    parts = [_count(hours, "hour")] if hours else []
    parts += [_count(rest, "minute")] if rest else []
    return f"{' and '.join(parts)} {'ahead of' if minutes > 0 else 'behind'} UTC"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
