import pytest

from gateway.models.offline.spoken_arithmetic import said_of, without_percent


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("42 * 17", "42 times 17"),
        ("90 - 35", "90 minus 35"),
        ("100 / 4", "100 divided by 4"),
        ("15% of 80", "15 percent of 80"),
        ("17 % 5", "17 modulo 5"),
        ("5 ** 2 + 1", "5 squared plus 1"),
        ("2 ** 10", "2 to the power of 10"),
        ("sqrt(144)", "the square root of 144"),
        ("sqrt(16) + 2", "the square root of (16) plus 2"),
    ],
)
def test_expressions_are_said_in_words(expression: str, said: str) -> None:
    assert said_of(expression) == said


@pytest.mark.parametrize(
    ("expression", "plain"),
    [
        ("15% of 80", "(80 * 15 / 100)"),
        ("15% of (2 + 3) + 4", "((2 + 3) * 15 / 100) + 4"),
        ("200 + 10%", "200 + 200 * 10 / 100"),
        ("50% + 1", "(50 / 100) + 1"),
        ("17 % 5", "17 % 5"),
    ],
)
def test_percentages_can_be_written_out(expression: str, plain: str) -> None:
    assert without_percent(expression) == plain
