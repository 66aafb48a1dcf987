from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from tools.place_names import CITIES, COUNTRY_NAMES, EXAMPLES, MAIN_ZONES, STATES
from tools.places import UnknownPlace, find_place

CODES = {
    line.split("\t")[0]
    for line in (resources.files("tzdata") / "zoneinfo" / "iso3166.tab")
    .read_text(encoding="utf-8")
    .splitlines()
    if not line.startswith("#")
}


def test_every_zone_of_the_tables_exists() -> None:
    zones = {*CITIES, *MAIN_ZONES.values()} | {zone for zones in STATES for zone in zones.split()}
    for zone in zones:
        ZoneInfo(zone)


def test_every_country_of_the_tables_exists() -> None:
    assert {*COUNTRY_NAMES, *MAIN_ZONES, *EXAMPLES} - CODES == set()


def test_every_city_is_found_in_its_zone() -> None:
    found = {name: find_place(name).zone for names in CITIES.values() for name in names.split(", ")}
    assert found == {name: zone for zone, names in CITIES.items() for name in names.split(", ")}


def test_every_city_is_named_once() -> None:
    names = [name for names in CITIES.values() for name in names.split(", ")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("examples", EXAMPLES.values())
def test_cities_that_are_suggested_are_known(examples: str) -> None:
    for city in examples.replace(" or ", ", ").split(", "):
        find_place(city)


def test_every_name_of_a_country_is_known() -> None:
    for code, names in COUNTRY_NAMES.items():
        for name in names.split(", "):
            if code in {*EXAMPLES, "CD"}:
                with pytest.raises(UnknownPlace, match="several time zones"):
                    find_place(name)
            else:
                find_place(name)
