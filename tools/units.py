"""Conversion between units of the same kind, with exact factors."""

import functools
import math
from difflib import get_close_matches
from fractions import Fraction
from typing import NamedTuple

from strands import tool

from tools.calculator import number_text

SIGNIFICANT_DIGITS = 6
MINIMUM_AMOUNT, MAXIMUM_AMOUNT = 1e-15, 1e15
MAXIMUM_CHARACTERS = 40
SUGGESTIONS = 3


class WrongUnit(ValueError):
    """A unit is not known, or two cannot be converted; the text says what to use."""


class Unit(NamedTuple):
    """A unit: ``amount * factor + offset`` is the amount in the kind's first unit."""

    kind: str
    singular: str
    plural: str
    factor: Fraction
    offset: Fraction = Fraction(0)


@tool
def convert_units(amount: float, from_unit: str, to_unit: str) -> str:
    """Convert an amount from one unit of measure to another.

    Units of length, weight, temperature, volume, area, speed, time, data, energy, power, pressure
    and angle: miles to kilometers, pounds to kilograms, Fahrenheit to Celsius, gallons to liters.

    Args:
        amount: How many of the unit to convert from.
        from_unit: The unit of the amount, such as "miles", "kg", "fahrenheit" or "cups".
        to_unit: The unit to convert to, such as "kilometers", "lb", "celsius" or "ml".
    """
    if amount != 0 and not MINIMUM_AMOUNT <= abs(amount) <= MAXIMUM_AMOUNT:
        raise WrongUnit("The amount is too large or too small to convert.")
    source, target = find_unit(from_unit), find_unit(to_unit)
    # repr gives the digits that were written, not the nearest binary fraction.
    given = Fraction(repr(amount))
    result = converted(given, source, target)
    about = "is" if result == rounded(result) else "is about"
    return f"{_measured(given, source)} {about} {_measured(rounded(result), target)}."


def find_unit(name: str) -> Unit:
    """Return the unit of a name, plural or symbol.

    Raises:
        WrongUnit: it is not known; the text suggests units like it.
    """
    said = " ".join(name.split())
    if len(said) > MAXIMUM_CHARACTERS:
        raise WrongUnit(f"The name of a unit has at most {MAXIMUM_CHARACTERS} characters.")
    known = _units()
    unit = known.get(said) or known.get(_key(said))
    if unit is not None:
        return unit
    close = get_close_matches(_key(said), known, n=SUGGESTIONS, cutoff=0.7)
    names = dict.fromkeys(known[match].plural for match in close)
    hint = f" Did you mean {' or '.join(names)}?" if names else ""
    raise WrongUnit(f"I do not know the unit {said!r}.{hint}")


def converted(amount: Fraction, source: Unit, target: Unit) -> Fraction:
    """Convert an amount exactly.

    Raises:
        WrongUnit: the units measure different things.
    """
    if source.kind != target.kind:
        raise WrongUnit(
            f"{source.plural.capitalize()} measure {source.kind} and {target.plural} measure "
            f"{target.kind}: they cannot be converted."
        )
    return (amount * source.factor + source.offset - target.offset) / target.factor


def rounded(value: Fraction) -> Fraction:
    """Return the value with few digits, as one says it; integers stay as they are."""
    if value == 0 or value.denominator == 1:
        return value
    places = SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(value)))
    return Fraction(round(value, max(0, places)))


def _measured(amount: Fraction, unit: Unit) -> str:
    return f"{number_text(amount)} {unit.singular if amount == 1 else unit.plural}"


def _key(name: str) -> str:
    """Return a name in the one form that is looked up."""
    plain = name.casefold().replace("°", "").replace("²", "2").replace("³", "3").replace(".", "")
    plain = plain.replace("metre", "meter").replace("litre", "liter").replace("degrees ", "")
    plain = plain.replace("-", " ").replace("^", "").replace(" per ", "/").removeprefix("degree ")
    return " ".join(plain.split())


@functools.cache
def _units() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for kind, table in _KINDS.items():
        for line in table.strip().splitlines():
            names, factor, *rest = (part.strip() for part in line.split("|"))
            singular, plural, *others = (name.strip() for name in names.split(","))
            offset = Fraction(rest[0]) if rest else Fraction(0)
            unit = Unit(kind, singular, plural, Fraction(factor), offset)
            for name in (singular, plural, *others):
                # Symbols keep their case (Mb is not MB); whoever comes first has the plain key.
                found.setdefault(name, unit)
                found.setdefault(_key(name), unit)
    return found


# A line: singular, plural, symbols and other names | factor to the first unit | offset
_KINDS = {
    "length": """
        meter, meters, m | 1
        kilometer, kilometers, km, kms | 1000
        centimeter, centimeters, cm | 0.01
        millimeter, millimeters, mm | 0.001
        decimeter, decimeters, dm | 0.1
        micrometer, micrometers, um, µm, micron, microns | 0.000001
        nanometer, nanometers, nm | 0.000000001
        mile, miles, mi | 1609.344
        yard, yards, yd, yds | 0.9144
        foot, feet, ft | 0.3048
        inch, inches, in, inch(es) | 0.0254
        nautical mile, nautical miles, nmi | 1852
        light year, light years, ly, lightyear, lightyears | 9460730472580800
        astronomical unit, astronomical units, au | 149597870700
    """,
    "weight": """
        kilogram, kilograms, kg, kgs, kilo, kilos, kilogramme, kilogrammes | 1
        gram, grams, g, gramme, grammes | 0.001
        milligram, milligrams, mg | 0.000001
        microgram, micrograms, ug, µg, mcg | 0.000000001
        tonne, tonnes, t, metric ton, metric tons | 1000
        pound, pounds, lb, lbs | 0.45359237
        ounce, ounces, oz | 0.028349523125
        stone, stone, st, stones | 6.35029318
        ton, tons, us ton, us tons, short ton, short tons | 907.18474
        long ton, long tons, imperial ton, imperial tons | 1016.0469088
        carat, carats, ct | 0.0002
    """,
    "temperature": """
        kelvin, kelvin, K, kelvins | 1
        degree Celsius, degrees Celsius, C, celsius, centigrade | 1 | 273.15
        degree Fahrenheit, degrees Fahrenheit, F, fahrenheit | 5/9 | 45967/180
    """,
    "volume": """
        liter, liters, l, L | 1
        milliliter, milliliters, ml, mL, cc, cubic centimeter, cubic centimeters, cm3 | 0.001
        centiliter, centiliters, cl | 0.01
        deciliter, deciliters, dl | 0.1
        cubic meter, cubic meters, m3 | 1000
        gallon, gallons, gal, us gallon, us gallons | 3.785411784
        quart, quarts, qt, us quart, us quarts | 0.946352946
        pint, pints, pt, us pint, us pints | 0.473176473
        cup, cups, us cup, us cups | 0.2365882365
        fluid ounce, fluid ounces, fl oz, floz, us fluid ounce | 0.0295735295625
        tablespoon, tablespoons, tbsp | 0.01478676478125
        teaspoon, teaspoons, tsp | 0.00492892159375
        imperial gallon, imperial gallons, uk gallon, uk gallons | 4.54609
        imperial pint, imperial pints, uk pint, uk pints | 0.56826125
        cubic foot, cubic feet, ft3, cu ft | 28.316846592
        cubic inch, cubic inches, in3, cu in | 0.016387064
        barrel, barrels, bbl, oil barrel, oil barrels | 158.987294928
    """,
    "area": """
        square meter, square meters, m2, sq m, sqm | 1
        square kilometer, square kilometers, km2, sq km | 1000000
        square centimeter, square centimeters, cm2, sq cm | 0.0001
        hectare, hectares, ha | 10000
        acre, acres | 4046.8564224
        square mile, square miles, mi2, sq mi | 2589988.110336
        square yard, square yards, yd2, sq yd | 0.83612736
        square foot, square feet, ft2, sq ft | 0.09290304
        square inch, square inches, in2, sq in | 0.00064516
    """,
    "speed": """
        meter per second, meters per second, m/s, mps | 1
        kilometer per hour, kilometers per hour, km/h, kph, kmh, kmph | 5/18
        mile per hour, miles per hour, mph, mi/h | 0.44704
        knot, knots, kn, kt, kts | 463/900
        foot per second, feet per second, ft/s, fps | 0.3048
    """,
    "time": """
        second, seconds, s, sec, secs | 1
        millisecond, milliseconds, ms, msec | 0.001
        microsecond, microseconds, us, µs | 0.000001
        minute, minutes, min, mins | 60
        hour, hours, h, hr, hrs | 3600
        day, days, d | 86400
        week, weeks, wk, wks | 604800
        month, months | 2629746
        year, years, yr, yrs | 31556952
    """,
    "data": """
        byte, bytes, B | 1
        bit, bits, b | 1/8
        kilobyte, kilobytes, kB, KB | 1000
        megabyte, megabytes, MB | 1000000
        gigabyte, gigabytes, GB, gig, gigs | 1000000000
        terabyte, terabytes, TB | 1000000000000
        petabyte, petabytes, PB | 1000000000000000
        kibibyte, kibibytes, KiB | 1024
        mebibyte, mebibytes, MiB | 1048576
        gibibyte, gibibytes, GiB | 1073741824
        tebibyte, tebibytes, TiB | 1099511627776
        kilobit, kilobits, kb, kbit | 125
        megabit, megabits, Mb, Mbit | 125000
        gigabit, gigabits, Gb, Gbit | 125000000
    """,
    "energy": """
        joule, joules, J | 1
        kilojoule, kilojoules, kJ | 1000
        calorie, calories, cal | 4.184
        kilocalorie, kilocalories, kcal, food calorie, food calories | 4184
        watt hour, watt hours, Wh | 3600
        kilowatt hour, kilowatt hours, kWh | 3600000
        british thermal unit, british thermal units, BTU | 1055.05585262
    """,
    "power": """
        watt, watts, W | 1
        kilowatt, kilowatts, kW | 1000
        megawatt, megawatts, MW | 1000000
        horsepower, horsepower, hp | 745.69987158227022
        metric horsepower, metric horsepower, PS | 735.49875
    """,
    "pressure": """
        pascal, pascals, Pa | 1
        hectopascal, hectopascals, hPa | 100
        kilopascal, kilopascals, kPa | 1000
        bar, bar, bars | 100000
        millibar, millibars, mbar | 100
        pound per square inch, pounds per square inch, psi | 6894.757293168361
        atmosphere, atmospheres, atm | 101325
        millimeter of mercury, millimeters of mercury, mmHg, torr | 133.322387415
    """,
    "angle": """
        degree, degrees, deg | 1
        radian, radians, rad | 57.29577951308232
        turn, turns, revolution, revolutions | 360
    """,
}
