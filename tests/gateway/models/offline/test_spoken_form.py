import pytest

from gateway.models.offline.spoken_form import LONGEST_REQUEST, LONGEST_WORD, spoken_form


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("The answer is 714.", "The answer is 714."),
        ("42 × 17 = 714", "42 times 17 equals 714"),
        ("6*7 == 42", "6 times 7 equals 42"),
        ("3 x 4", "3 times 4"),
        ("100 / 4 = 25", "100 divided by 4 equals 25"),
        ("90 - 35 + 1 ÷ 2", "90 minus 35 plus 1 divided by 2"),
        ("2**10, 2^3", "2 to the power of 10, 2 to the power of 3"),
        ("1e10 or 2E-3", "1 times 10 to the power of 10 or 2 times 10 to the power of -3"),
        ("π ≈ 3.14, √ 2", "pi is about 3.14, the square root of 2"),
        ("20 °C is 68°F at 5°", "20 degrees Celsius is 68 degrees Fahrenheit at 5 degrees"),
        ("\u221255", "-55"),
        ("It is 14:05.", "It is 14 oh 5."),
        ("It is 2:00 p.m. now", "It is 2 p.m. now"),
        ("at 09:30:15 PM", "at 9 30, PM"),
        ("at 18:00", "at 18 o'clock"),
        ("2026-11-21T14:45:33.1+01:00", "November 21, 2026, 14 45"),
        ("on 2026-11-01, UTC+05:30", "on November 1, 2026, UTC plus 5 30"),
        ("UTC-03:00, UTC +1", "UTC minus 3, UTC plus 1"),
        ("build 2026-13-01", "build 2026-13-01"),
    ],
)
def test_signs_are_said_in_english_words(text: str, spoken: str) -> None:
    assert spoken_form(text) == [spoken]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("<speed level='50'>fast</speed> a < b", "fast a b"),
        ("**Bold**, `code` and [a link](https://x.example/y)", "Bold , code and a link"),
        ("It\u2019s \u201cfine\u201d\u2026 really!!! ??", "It's fine . really! ?"),
        ("current_time | notes", "current time notes"),
        ("one\n\ntwo", "one two"),
        ("hello 😀 你好 42", "hello 42"),
    ],
)
def test_markup_and_what_cannot_be_said_are_left_out(text: str, spoken: str) -> None:
    assert spoken_form(text) == [spoken]


@pytest.mark.parametrize("text", ["", "  ", "你好", "😀 ...!", "---"])
def test_text_without_words_is_not_said(text: str) -> None:
    assert spoken_form(text) == []


def test_other_languages_keep_their_signs() -> None:
    assert spoken_form("6 × 7 = 42, 14:05 Uhr, grün", "de-DE") == ["6 × 7 = 42, 14:05 Uhr, grün"]


def test_a_word_without_end_is_cut_short() -> None:
    assert spoken_form("see " + "a" * 3000 + " now") == ["see " + "a" * LONGEST_WORD + " now"]


def test_long_text_becomes_several_requests_and_loses_no_word() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    requests = spoken_form(text)
    assert " ".join(requests) == text
    assert max(len(request) for request in requests) <= LONGEST_REQUEST
