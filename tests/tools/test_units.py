import itertools
import math
from fractions import Fraction

import pytest

from tools.units import WrongUnit, _units, convert_units, converted, find_unit, rounded


@pytest.mark.parametrize(
    ("amount", "source", "target", "text"),
    [
        (5, "miles", "km", "5 miles is 8.04672 kilometers."),
        (1, "kilometre", "metres", "1 kilometer is 1000 meters."),
        (72, "°F", "°C", "72 degrees Fahrenheit is about 22.2222 degrees Celsius."),
        (100, "degrees Celsius", "Fahrenheit", "100 degrees Celsius is 212 degrees Fahrenheit."),
        (-40, "f", "c", "-40 degrees Fahrenheit is -40 degrees Celsius."),
        (0, "celsius", "kelvin", "0 degrees Celsius is 273.15 kelvin."),
        (1, "lb", "oz", "1 pound is 16 ounces."),
        (2.5, "cups", "mL", "2.5 cups is about 591.471 milliliters."),
        (8, "Mb", "MB", "8 megabits is 1 megabyte."),
        (1, "gb", "mb", "1 gigabyte is 1000 megabytes."),
        (
            60,
            "miles per hour",
            "km/h",
            "60 miles per hour is about 96.5606 kilometers per hour.",
        ),
        (5, "square feet", "m²", "5 square feet is about 0.464515 square meters."),
        (1, "kilowatt-hours", "joules", "1 kilowatt hour is 3600000 joules."),
        (0.1, "m", "cm", "0.1 meters is 10 centimeters."),
        (180, "degrees", "radians", "180 degrees is about 3.14159 radians."),
        (1, "Metric Ton", "tonnes", "1 tonne is 1 tonne."),
        (0, "feet", "meters", "0 feet is 0 meters."),
        (1e-9, "m", "light years", "1e-9 meters is about 1.057e-25 light years."),
        (1, "inch", "cm", "1 inch is 2.54 centimeters."),
    ],
)
def test_amounts_are_converted(amount: float, source: str, target: str, text: str) -> None:
    assert convert_units(amount=amount, from_unit=source, to_unit=target) == text


@pytest.mark.parametrize(
    ("amount", "source", "target", "problem"),
    [
        (
            1,
            "mile",
            "kg",
            "Miles measure length and kilograms measure weight: they cannot be converted.",
        ),
        (1, "kilomters", "m", "I do not know the unit 'kilomters'. Did you mean kilometers"),
        (1, "zzzzzz", "m", "I do not know the unit 'zzzzzz'."),
        (1, "", "m", "I do not know the unit ''."),
        (1, "x" * 41, "m", "The name of a unit has at most 40 characters."),
        (1e16, "m", "km", "The amount is too large or too small to convert."),
        (-1e-16, "m", "km", "The amount is too large or too small to convert."),
        (math.nan, "m", "km", "The amount is too large or too small to convert."),
        (-math.inf, "m", "km", "The amount is too large or too small to convert."),
    ],
)
def test_what_cannot_be_converted_says_why(
    amount: float, source: str, target: str, problem: str
) -> None:
    with pytest.raises(WrongUnit) as raised:
        convert_units(amount=amount, from_unit=source, to_unit=target)
    assert str(raised.value).startswith(problem)


def test_every_unit_converts_to_all_of_its_kind_and_back() -> None:
    units = set(_units().values())
    for source, target in itertools.product(units, units):
        if source.kind != target.kind:
            continue
        amount = Fraction(7, 3)
        assert converted(converted(amount, source, target), target, source) == amount
        assert convert_units(amount=7, from_unit=source.plural, to_unit=target.plural)


def test_every_name_finds_its_unit() -> None:
    for unit in set(_units().values()):
        assert find_unit(unit.singular) == find_unit(unit.plural) == unit


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (Fraction(0), Fraction(0)),
        (Fraction(123456789), Fraction(123456789)),
        (Fraction(1, 3), Fraction("0.333333")),
        (Fraction(10**9 + 1, 3), Fraction(333333334)),
        (Fraction(-2, 3 * 10**6), Fraction("-0.000000666667")),
    ],
)
def test_results_have_six_digits(value: Fraction, result: Fraction) -> None:
    assert rounded(value) == result
