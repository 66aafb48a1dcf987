"""Values of tools and models that no wire could write down."""

from typing import Any

import pytest

from tools.plain import has_half_characters, plain_json, plain_text


class Thing:
    def __repr__(self) -> str:
        return "secret"


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain", "plain"),
        ("né 😀", "né 😀"),
        ("a\ud83db", "a�b"),
        ("\ud83d\ude00", "😀"),
        ("\ufeffmark", "\ufeffmark"),
    ],
)
def test_halves_of_characters_are_replaced(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"a": [1, 2.5, None, True, "é"]}, {"a": [1, 2.5, None, True, "é"]}),
        ({"a": {1}, "b": b"x"}, {"a": [1], "b": "eA=="}),
        ({"a": Thing(), "b": 1}, {"a": "(Thing)", "b": 1}),
        ({(1, 2): ("\ud83d", {3}, b"x")}, {"(1, 2)": ["�", [3], "eA=="]}),
        (LOOP, "(list)"),
    ],
)
def test_a_value_becomes_one_of_json_and_tells_nothing_more(value: Any, plain: Any) -> None:
    assert plain_json(value) == plain


@pytest.mark.parametrize(
    ("value", "has"),
    [
        ({"a": ["😀", 1]}, False),
        ({"a": ["\ud83d"]}, True),
        (Thing(), False),
        (LOOP, False),
    ],
)
def test_halves_of_characters_are_found_in_json(value: Any, has: bool) -> None:
    assert has_half_characters(value) is has
