"""Which time zone a place has: names of zones, cities, countries, and what people say instead.

Cities and countries come from the time zone data itself; ``tools.place_names`` adds what it does
not know. "Paris, Texas" is not Paris in France: what follows a comma must fit.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import resources
from typing import NamedTuple
from zoneinfo import available_timezones

from tools.place_names import CITIES, COUNTRY_NAMES, EXAMPLES, MAIN_ZONES, STATES

MAXIMUM_CHARACTERS = 100
SUGGESTIONS = 3

# Folders of old names ("US/Eastern") and of no places: their last parts are no cities.
_NO_CITIES = ("Etc", "US", "Canada", "Mexico", "Brazil", "Chile", "SystemV")
_NO_ZONES = {"Factory", "localtime", "posixrules"}
_LEADING_WORDS = re.compile(r"^(?:(?:in|at|the|city of) )+")


class UnknownPlace(ValueError):
    """No time zone is known for a place, or it has several; the text suggests what to say."""


class Place(NamedTuple):
    """A place as one says it, and its time zone."""

    name: str
    zone: str


class Region(NamedTuple):
    """A country or state with its zones.

    ``main`` is None where one zone cannot stand for all; then ``examples`` are cities to name.
    """

    name: str
    zones: tuple[str, ...]
    main: str | None
    examples: str = ""


class _Index(NamedTuple):
    """All that is known, by the keys of the names."""

    places: dict[str, Place]
    regions: dict[str, list[Region]]


def find_place(said: str) -> Place:
    """Return the place somebody means.

    Raises:
        UnknownPlace: the place is not known, or it is a country with several times.
    """
    if len(said) > MAXIMUM_CHARACTERS:
        raise UnknownPlace(f"The name of the place is longer than {MAXIMUM_CHARACTERS} characters.")
    key = _key(said)
    if not key:
        raise UnknownPlace("Name a city, a country or a time zone such as Europe/London.")
    index = _index()
    town, _, region = said.partition(",")
    place = index.places.get(key) or _in_region(_key(town), index.regions.get(_key(region)), index)
    if place is not None:
        return place
    if key in index.regions:
        return _of_region(index.regions[key][0])
    raise UnknownPlace(f"I do not know the time in {said.strip()!r}.{_suggestion(key, index)}")


def _in_region(town: str, regions: list[Region] | None, index: _Index) -> Place | None:
    """Find "Portland, Maine": a town known there, or the one clock of the region."""
    place = index.places.get(town)
    if regions is None:
        return place
    for region in regions:
        if place is not None and (place.zone in region.zones or region.main is None):
            return place
    main = regions[-1].main
    return Place(town.title(), main) if main is not None else None


def _of_region(region: Region) -> Place:
    if region.main is not None:
        return Place(region.name, region.main)
    raise UnknownPlace(
        f"{region.name} has several time zones. Name a city, such as {region.examples}."
    )


def _suggestion(key: str, index: _Index) -> str:
    names = {key: place.name for key, place in index.places.items()}
    names |= {key: regions[0].name for key, regions in index.regions.items()}
    # Nobody means Etc/GMT+5, whose sign is the wrong way round.
    names = {key: name for key, name in names.items() if not re.search(r"[0-9]", key)}
    close = get_close_matches(key, names, n=SUGGESTIONS, cutoff=0.7)
    if not close:
        return " Name a large city near it, a country or a time zone such as Europe/London."
    return f" Did you mean {' or '.join(dict.fromkeys(names[match] for match in close))}?"


def _key(name: str) -> str:
    """Return a name without accents, case and punctuation; signs before digits stay (GMT+5)."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"[.'’]", "", plain).replace("&", " and ")
    plain = re.sub(r"(?![+-][0-9])[^\w+]|_", " ", plain)
    return _LEADING_WORDS.sub("", " ".join(plain.split()))


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


@functools.cache
def _index() -> _Index:
    # Built on first use: it reads the names of some 600 files.
    zones = available_timezones() - _NO_ZONES
    countries = list(_countries())
    regions: dict[str, list[Region]] = {}
    for name, region in [*countries, *_states()]:
        regions.setdefault(_key(name), []).append(region)
    canonical = dict.fromkeys(zone for _, region in countries for zone in region.zones)
    places: dict[str, Place] = {}
    for zone, names in CITIES.items():
        for name in names.split(", "):
            places[_key(name)] = Place(name, zone)
    for zone in [*canonical, *sorted(zones)]:
        if "/" not in zone or zone.partition("/")[0] not in _NO_CITIES:
            places.setdefault(_key(_city(zone)), Place(_city(zone), zone))
    for zone in sorted(zones):
        places.setdefault(_key(zone), Place(_city(zone), zone))
    return _Index(places, regions)


def _countries() -> Iterator[tuple[str, Region]]:
    """Yield every country under each of its names."""
    names = {row[0]: row[1] for row in _rows("iso3166.tab")}
    zones: dict[str, list[str]] = {}
    for row in _rows("zone.tab"):
        zones.setdefault(row[0], []).append(row[2])
    for code, within in zones.items():
        main = MAIN_ZONES.get(code) or (within[0] if len(within) == 1 else None)
        official = names[code]
        aliases = [alias for alias in COUNTRY_NAMES.get(code, "").split(", ") if alias]
        # "Britain (UK)", "Korea (South)": the table has what people say.
        shown = aliases[0] if "(" in official and aliases else official
        examples = EXAMPLES.get(code) or " or ".join(_city(zone) for zone in within[:2])
        region = Region(shown, tuple(within), main, examples)
        for name in (official, *aliases):
            yield name, region


def _states() -> Iterator[tuple[str, Region]]:
    for zones, names in STATES.items():
        within = tuple(zones.split())
        for name in names.split(", "):
            yield name, Region(name, within, within[0])


def _rows(file: str) -> Iterator[list[str]]:
    text = (resources.files("tzdata") / "zoneinfo" / file).read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            yield line.split("\t")
