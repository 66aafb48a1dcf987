import pytest

from gateway.models.offline.arithmetic import MAXIMUM_DEPTH, arithmetic_in


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("What is forty two times seventeen?", "42 * 17"),
        ("what is ninety minus thirty five", "90 - 35"),
        ("What is one hundred divided by four?", "100 / 4"),
        ("15 percent of 80", "15% of 80"),
        ("what's 15% of 80?", "15% of 80"),
        ("what is 50% plus 1", "50% + 1"),
        ("ten percent of (2 + 3)", "10% of (2 + 3)"),
        ("15% of", None),
        ("square root of 144", "sqrt(144)"),
        ("sqrt(16) + 2", "sqrt(16) + 2"),
        ("√(16)", "sqrt(16)"),
        ("square root of", None),
        ("three hundred and twelve plus 9", "312 + 9"),
        ("2+2", "2 + 2"),
        ("forty-two × 17", "42 * 17"),
        ("90-35", "90 - 35"),
        ("(2 + 3) * 4", "(2 + 3) * 4"),
        ("(2 + 3) squared", "(2 + 3) ** 2"),
        ("(2 + 3", "2 + 3"),
        ("2 + 3 - (", "2 + 3"),
        ("2 to the power of ten", "2 ** 10"),
        ("5 squared plus 3 cubed", "5 ** 2 + 3 ** 3"),
        ("-5 + 3", "-5 + 3"),
        ("5 * -3", "5 * -3"),
        ("5 * - x", None),
        ("17 % 5", "17 % 5"),
        ("half of 90", "90 / 2"),
        ("double 21", "2 * 21"),
        ("add 25 and 17", "25 + 17"),
        ("add 1, 2 and 3", "1 + 2 + 3"),
        ("the sum of 3 and 4", "3 + 4"),
        ("subtract 5 from 20", "20 - 5"),
        ("take 5 away from 20", "20 - 5"),
        ("multiply 6 by 7 plus 2", "6 * 7 + 2"),
        ("divide 100 by 4", "100 / 4"),
        ("the difference between 10 and 3", "10 - 3"),
        ("two point five times four", "2.5 * 4"),
        ("30 less 4 times", "30 - 4"),
        ("add milk to my list", None),
        ("how many times did you call", None),
        ("meet me at 5 and 6 there", None),
        ("how many days until 2027-01-01", None),
        ("42", None),
        ("hello", None),
        ("", None),
    ],
)
def test_calculations_are_found_in_words_and_signs(text: str, expression: str | None) -> None:
    found = arithmetic_in(text)
    assert (found and found.expression) == expression


@pytest.mark.parametrize(
    ("heard", "expression"),
    [
        ("what is forty for times two", "44 * 2"),
        ("What is forty to times seventeen?", "42 * 17"),
        ("what is 40 2 times 17", "42 * 17"),
        ("what is 40 to time 17", "42 * 17"),
        ("what is ninety minus thirty for", "90 - 34"),
        ("won hundred divided by for", "100 / 4"),
        ("one hundred divided buy four", "100 / 4"),
        ("won plus won", "1 + 1"),
        ("what is to plus to", "2 + 2"),
        ("ate times ate?", "8 * 8"),
        ("at 25 and 17", "25 + 17"),
        ("and 25 and 17 please", "25 + 17"),
        ("add twenty to thirty", "20 + 30"),
        ("send it to 2 for hundred people", None),
    ],
)
def test_words_heard_for_numbers_count_as_numbers(heard: str, expression: str | None) -> None:
    found = arithmetic_in(heard)
    assert (found and found.expression) == expression


def test_the_finding_tells_what_it_is_sure_of() -> None:
    certain = arithmetic_in("I paid 3 times 20 dollars")
    assert certain is not None
    assert (certain.start, certain.end, certain.operators) == (7, 17, frozenset({"*"}))
    assert (certain.whole, certain.certain) == (False, True)
    number_of_a_telephone = arithmetic_in("call 555-1234")
    assert number_of_a_telephone is not None
    assert (number_of_a_telephone.whole, number_of_a_telephone.certain) == (False, False)


def test_deep_and_long_expressions_are_bounded() -> None:
    assert arithmetic_in("(" * 5_000 + "1 + 1") is None
    deep = arithmetic_in("(" * 50 + "1 + 1" + ")" * 50)
    assert deep is not None
    assert deep.expression == "(" * MAXIMUM_DEPTH + "1 + 1" + ")" * MAXIMUM_DEPTH
    long = arithmetic_in("1+" * 5_000 + "1")
    assert long is not None
    assert len(long.expression) < 2_000
