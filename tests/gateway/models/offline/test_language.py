from decimal import Decimal

import pytest

from gateway.models.offline.language import (
    MAXIMUM_NUMBERS,
    MAXIMUM_TOKENS,
    READ_CHARACTERS,
    Token,
    excerpt,
    joined,
    number_at,
    numbers,
    stem,
    stems,
    tokens,
    words,
)


def test_tokens_know_their_kind_and_place() -> None:
    assert tokens("It's 26.2 on 2027-01-01!") == [
        Token("it", 0, 4, "word"),
        Token("26.2", 5, 9, "number"),
        Token("on", 10, 12, "word"),
        Token("2027-01-01", 13, 23, "date"),
        Token("!", 23, 24, "symbol"),
    ]


def test_hyphens_part_words_but_not_numbers() -> None:
    assert [token.text for token in tokens("forty-two 90-35")] == ["forty", "two", "90", "-", "35"]


def test_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    text = "first " + "x" * 1_000_000 + " last"
    read = excerpt(text)
    assert (len(read) < READ_CHARACTERS, read[:6], read[-5:]) == (True, "first ", " last")
    assert len(tokens("1 " * 500_000)) == MAXIMUM_TOKENS
    assert len(numbers(tokens("1 " * 500_000))) == MAXIMUM_NUMBERS


def test_names_of_programs_are_split_into_words() -> None:
    assert words("getWeather_forCity") == ["get", "weather", "for", "city"]


@pytest.mark.parametrize(
    ("some", "other"),
    [
        ("notes", "noted"),
        ("calculator", "calculations"),
        ("cities", "city"),
        ("colours", "color"),
        ("clock", "time"),
        ("die", "dice"),
        ("converted", "conversion"),
        ("make", "write"),
    ],
)
def test_words_of_one_meaning_have_one_stem(some: str, other: str) -> None:
    assert stem(some) == stem(other)


def test_a_double_s_is_no_plural() -> None:
    assert (stem("boss"), stem("bus")) == ("boss", "bus")


def test_words_that_say_nothing_have_no_part_in_stems() -> None:
    assert stems("Please show me the Weather in a city") == {"list", "weather", "city"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seventeen", [17]),
        ("forty two", [42]),
        ("three hundred and twelve plus 9", [312, 9]),
        ("two thousand and twenty seven", [2027]),
        ("one million two hundred thousand", [1_200_000]),
        ("3 million", [3_000_000]),
        ("twelve hundred", [1200]),
        ("a hundred and five", [105]),
        ("a dozen and two dozen", [12, 24]),
        ("an apple and a pear", []),
        ("1,234.5 kilometres", ["1234.5"]),
        ("two point five", ["2.5"]),
        ("point five", ["0.5"]),
        ("the point is", []),
        ("two point", [2]),
        ("nine point 7 5", ["9.75"]),
        ("two and a half miles", ["2.5"]),
        ("one two thirty", [1, 2, 30]),
        ("one hundred and", [100]),
        ("minus five", [-5]),
        ("negative 2.5", ["-2.5"]),
        ("ninety minus thirty five", [90, 35]),
        ("90 - 35", [90, 35]),
        ("nothing", []),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, values: list[int | str]) -> None:
    assert [value for value, _, _ in numbers(tokens(text))] == [Decimal(value) for value in values]


def test_a_number_tells_where_it_ends() -> None:
    read = tokens("exactly forty two miles")
    assert [number_at(read, index) for index in (0, 1)] == [None, (Decimal(42), 3)]


@pytest.mark.parametrize(
    ("items", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists_are_said_with_and(items: list[str], said: str) -> None:
    assert joined(items) == said
