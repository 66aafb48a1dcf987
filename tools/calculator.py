"""Arithmetic: text is read into tokens, these into Python's syntax tree, and that is walked.

Nothing is ever evaluated by Python. Numbers are exact fractions, so that 0.1 + 0.2 is 0.3; only
roots and powers that are not rational are rounded (50 digits inside, 12 shown). Every size is
bounded before the work is done.
"""

import ast
import decimal
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from strands import tool

from tools.arithmetic_syntax import CalculationError, python_source

MAXIMUM_DEPTH = 50
MAXIMUM_EXPONENT = 1000
MAXIMUM_BITS = 10_000
SHOWN_DIGITS = 12

_TOO_LARGE = "The result is too large: more than about 3,000 digits."
_NOT_READABLE = "I cannot read this calculation. Write it like (2 + 3) * 4."
# Exponents of decimals stay near those of the largest fractions; more is an overflow.
_DECIMALS = decimal.Context(
    prec=50, Emax=4000, Emin=-4000, traps=[decimal.Overflow, decimal.InvalidOperation]
)


@tool
def calculator(expression: str) -> str:
    """Calculate the exact result of an arithmetic expression.

    Add, subtract, multiply, divide, remainder, powers, square roots, percentages and brackets. Use
    it for every calculation with numbers.

    Args:
        expression: The arithmetic expression, such as "42 * 17", "(3 + 4) / 2", "7 // 2",
            "7 % 2", "2 ** 10", "sqrt(2)", "15% of 80" or "200 + 10%".
    """
    return number_text(evaluate(expression))


def evaluate(expression: str) -> Fraction:
    """Calculate an expression.

    Raises:
        CalculationError: it cannot be read, has no value, or is too large.
    """
    source = python_source(expression)
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise CalculationError(_NOT_READABLE) from error
    return _value(tree.body, MAXIMUM_DEPTH)


def number_text(value: Fraction) -> str:
    """Write a number: integers and short decimals exactly, others with 12 digits."""
    if value.denominator == 1:
        return str(value.numerator)
    with decimal.localcontext(_DECIMALS):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        rounded = +exact if _is_short(value) else _rounded(exact)
        if -7 <= rounded.adjusted() <= 20:
            text = format(rounded, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        return format(rounded.normalize(), "e").replace("e+", "e")


def _is_short(value: Fraction) -> bool:
    """Whether the decimal notation ends after a few places."""
    scaled: Fraction = value * 10**SHOWN_DIGITS
    return scaled.denominator == 1 and scaled.numerator.bit_length() < 128


def _rounded(value: Decimal) -> Decimal:
    return decimal.Context(prec=SHOWN_DIGITS, Emax=4000, Emin=-4000).plus(value)


def _value(node: ast.expr, depth: int) -> Fraction:
    if depth == 0:
        raise CalculationError(f"The calculation is nested deeper than {MAXIMUM_DEPTH} levels.")
    match node:
        case ast.Constant(value=str(digits)):
            result = Fraction(digits)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            result = -_value(operand, depth - 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            result = _value(operand, depth - 1)
        case ast.Subscript(value=operand):
            result = _value(operand, depth - 1) / 100
        case ast.Call(func=ast.Name(), args=[operand]):
            result = _square_root(_value(operand, depth - 1))
        case ast.BinOp():
            result = _combined(node, depth)
        case _:
            raise CalculationError(_NOT_READABLE)
    return _bounded(result)


def _combined(node: ast.BinOp, depth: int) -> Fraction:
    # A chain of operators leans to the left: it is long, not deep.
    left = _value(node.left, depth)
    right = _value(node.right, depth - 1)
    if isinstance(node.op, ast.Add | ast.Sub) and _is_percentage(node.right):
        right *= left  # 200 + 10% adds ten percent of the 200
    if right == 0 and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
        raise CalculationError("Division by zero has no result.")
    return _OPERATORS[type(node.op)](left, right)


def _is_percentage(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if abs(exponent) > MAXIMUM_EXPONENT:
        raise CalculationError(f"The exponent is too large: at most {MAXIMUM_EXPONENT}.")
    if base == 0 and exponent < 0:
        raise CalculationError("Division by zero has no result.")
    if exponent.denominator != 1:
        return _real_power(base, exponent)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if bits * abs(exponent) > MAXIMUM_BITS:
        raise CalculationError(_TOO_LARGE)
    return base**exponent.numerator


def _real_power(base: Fraction, exponent: Fraction) -> Fraction:
    if base < 0:
        raise CalculationError("A fractional power of a negative number is not a real number.")
    if exponent == Fraction(1, 2):
        return _square_root(base)
    try:
        with decimal.localcontext(_DECIMALS):
            return Fraction(_decimal(base) ** _decimal(exponent))
    except decimal.Overflow as error:
        raise CalculationError(_TOO_LARGE) from error


def _square_root(value: Fraction) -> Fraction:
    if value < 0:
        raise CalculationError("The square root of a negative number is not a real number.")
    root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    if root * root == value:
        return root
    with decimal.localcontext(_DECIMALS):
        return Fraction(_decimal(value).sqrt())


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAXIMUM_BITS:
        raise CalculationError(_TOO_LARGE)
    return value


_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
