import pytest

from tools.arithmetic_syntax import CalculationError, python_source


@pytest.mark.parametrize(
    ("expression", "source"),
    [
        ("42*17", "'42' * '17'"),
        ("1,234,567.5 + .5", "'1234567.5' + '.5'"),
        ("2. + 2.e3", "'2.0e0' + '2.0e3'"),
        ("1E-3", "'1E-3'"),
        ("7 % 2", "'7' % '2'"),
        ("7 % (2)", "'7' % ( '2' )"),
        ("7 % sqrt(2)", "'7' % sqrt ( '2' )"),
        ("200 + 10%", "'200' + '10' [0]"),
        ("15% of 80", "'15' [0] * '80'"),
        ("sqrt 9 + 1", "sqrt ('9') + '1'"),
        ("√16", "sqrt ('16')"),
        ("2^10", "'2' ** '10'"),
        ("3² × 2³ ÷ 4 − 1", "'3' ** '2' * '2' ** '3' / '4' - '1'"),
        ("6 x 7 X 8", "'6' * '7' * '8'"),
        ("= 1 + 1 = ?", "'1' + '1'"),
    ],
)
def test_arithmetic_becomes_pieces_of_python(expression: str, source: str) -> None:
    assert python_source(expression) == source


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "There is nothing to calculate."),
        (" = ", "There is nothing to calculate."),
        ("1" * 201, "too long: at most 200 characters"),
        ("3,5 + 1", "Write decimals with a point."),
        ("1,0000", "Write decimals with a point."),
        ("2 3", "There is no sign between 2 and 3."),
        ("100 000", "There is no sign between 100 and 000."),
        ("(1", "A bracket is not closed."),
        ("1) + (1", "A bracket is closed that was never opened."),
        ("(" * 51 + "1" + ")" * 51, "nested deeper than 50 levels"),
        ("half of 80", "I cannot read 'half'"),
        ("1 of 80", 'I can read "of" only after a percentage'),
        ("pi", "I cannot read 'pi'"),
        ("a" * 150, f"I cannot read '{'a' * 20}' in"),
        ("1e3001", "The number 1e3001 is too large or too small."),
        ("1e-99999999", "too large or too small"),
        ("5!", "I cannot read '!'"),
        ("1_000", "I cannot read '_'"),
        ("'1'", 'I cannot read "\'"'),
        ("1[0]", r"I cannot read '\['"),
        ("٣ + 1", "I cannot read '٣'"),
        ("１ + 1", "I cannot read '１'"),
        ("½", "I cannot read '½'"),
        ("1\x00", r"I cannot read '\\x00'"),
    ],
)
def test_what_is_no_arithmetic_is_refused_with_the_reason(expression: str, problem: str) -> None:
    with pytest.raises(CalculationError, match=problem):
        python_source(expression)


def test_fifty_levels_of_brackets_are_read() -> None:
    assert python_source("(" * 50 + "1" + ")" * 50).count("(") == 50
