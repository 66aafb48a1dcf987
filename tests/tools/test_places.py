from zoneinfo import ZoneInfo, available_timezones

import pytest

from tools.places import Place, UnknownPlace, find_place


@pytest.mark.parametrize(
    ("said", "name", "zone"),
    [
        ("Tokyo", "Tokyo", "Asia/Tokyo"),
        (" tokyo ", "Tokyo", "Asia/Tokyo"),
        ("in the city of Tokyo", "Tokyo", "Asia/Tokyo"),
        ("Europe/London", "London", "Europe/London"),
        ("america/new_york", "New York", "America/New_York"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("UTC", "UTC", "UTC"),
        ("Etc/GMT-5", "GMT-5", "Etc/GMT-5"),
        ("Etc/GMT+5", "GMT+5", "Etc/GMT+5"),
        ("US/Eastern", "Eastern", "US/Eastern"),
        ("San Francisco", "San Francisco", "America/Los_Angeles"),
        ("Mumbai", "Mumbai", "Asia/Kolkata"),
        ("Beijing", "Beijing", "Asia/Shanghai"),
        ("Washington", "Washington", "America/New_York"),
        ("Washington, D.C.", "Washington DC", "America/New_York"),
        ("São Paulo", "Sao Paulo", "America/Sao_Paulo"),
        ("the Hague", "The Hague", "Europe/Amsterdam"),
        ("UK", "UK", "Europe/London"),
        ("United Kingdom", "UK", "Europe/London"),
        ("South Korea", "South Korea", "Asia/Seoul"),
        ("Germany", "Germany", "Europe/Berlin"),
        ("Spain", "Spain", "Europe/Madrid"),
        ("Ukraine", "Ukraine", "Europe/Kyiv"),
        ("Côte d'Ivoire", "Côte d’Ivoire", "Africa/Abidjan"),
        ("Georgia", "Georgia", "Asia/Tbilisi"),
        ("Texas", "Texas", "America/Chicago"),
        ("PST", "PST", "America/Los_Angeles"),
        ("EST", "EST", "America/New_York"),
        ("Paris, France", "Paris", "Europe/Paris"),
        ("Paris, Texas", "Paris", "America/Chicago"),
        ("Portland, Maine", "Portland", "America/New_York"),
        ("Portland, Oregon", "Portland", "America/Los_Angeles"),
        ("Portland, OR", "Portland", "America/Los_Angeles"),
        ("Seattle, Washington", "Seattle", "America/Los_Angeles"),
        ("El Paso, Texas", "El Paso", "America/Denver"),
        ("Tbilisi, Georgia", "Tbilisi", "Asia/Tbilisi"),
        ("Atlanta, Georgia", "Atlanta", "America/New_York"),
        ("London, Ontario", "London", "America/Toronto"),
        ("Montreal, Canada", "Montreal", "America/Montreal"),
        ("Springfield, Illinois", "Springfield", "America/Chicago"),
        ("Someville, Portugal", "Someville", "Europe/Lisbon"),
    ],
)
def test_places_have_a_zone(said: str, name: str, zone: str) -> None:
    assert find_place(said) == Place(name, zone)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("Toyko", "I do not know the time in 'Toyko'. Did you mean Tokyo?"),
        (
            "東京",
            "I do not know the time in '東京'. Name a large city near it, a country or a time zone "
            "such as Europe/London.",
        ),
        ("Smalltown, USA", "I do not know the time in 'Smalltown, USA'."),
        ("../../etc/passwd", "I do not know the time in '../../etc/passwd'."),
        ("", "Name a city, a country or a time zone such as Europe/London."),
        (" .,' ", "Name a city, a country or a time zone such as Europe/London."),
        ("x" * 101, "The name of the place is longer than 100 characters."),
        (
            "USA",
            "United States has several time zones. Name a city, such as New York, Chicago or "
            "Los Angeles.",
        ),
        (
            "Greenland",
            "Greenland has several time zones. Name a city, such as Nuuk or Danmarkshavn.",
        ),
        ("Factory", "I do not know the time in 'Factory'."),
    ],
)
def test_a_place_without_one_zone_is_refused_with_a_suggestion(said: str, problem: str) -> None:
    with pytest.raises(UnknownPlace) as raised:
        find_place(said)
    assert str(raised.value).startswith(problem)


def test_suggestions_leave_out_offsets_whose_sign_misleads() -> None:
    with pytest.raises(UnknownPlace) as raised:
        find_place("GMT+5")
    assert "+5?" not in str(raised.value)
    assert "+0" not in str(raised.value)


def test_every_zone_of_the_data_is_found_by_its_name() -> None:
    left_out = {"Factory", "localtime", "posixrules"}
    for zone in sorted(available_timezones() - left_out):
        found = find_place(zone).zone
        # Short names such as EST mean the clock people keep there.
        assert found == zone or "/" not in zone, zone
        ZoneInfo(found)
