"""One thing a user asks for, read once: its tokens and the calculation in it."""

import re
from collections.abc import Collection
from decimal import Decimal
from functools import cached_property

from gateway.models.offline.arithmetic import Arithmetic, arithmetic_in
from gateway.models.offline.details import Mention, Quantity, dates, place, quantity, quoted
from gateway.models.offline.language import Token, excerpt, numbers, tokens

# Words that stand for an operator in a calculation but mean something else in a tool's name.
_OPERATOR_WORDS = {"times", "time", "over", "less", "power", "root", "by", "of", "x", "point"}
_WRITING_DOWN = re.compile(r"\b(?:write|jot|put)\s+(?:(?:this|it)\s+)?down\b", re.IGNORECASE)


class Request:
    """The text of a request; offsets of everything found in it refer to ``text``."""

    def __init__(self, text: str) -> None:
        self.text = _WRITING_DOWN.sub("note", excerpt(text))

    @cached_property
    def read(self) -> list[Token]:
        """The tokens of the text."""
        return tokens(self.text)

    @cached_property
    def numbers(self) -> list[tuple[Decimal, int, int]]:
        """The numbers of the text, with the indexes of their first and last tokens."""
        return numbers(self.read)

    @cached_property
    def dates(self) -> list[Mention]:
        """The days that the text names."""
        return dates(self.read)

    @cached_property
    def quoted(self) -> list[Mention]:
        """What stands in quotation marks."""
        return quoted(self.text)

    @cached_property
    def quantity(self) -> Quantity | None:
        """The amount to be converted, if there is just one."""
        return quantity(self.text, self.read)

    def place(self, known: Collection[str]) -> Mention | None:
        """Find the place that the text names; ``known`` are stems that are no part of it."""
        return place(self.text, self.read, known)

    @cached_property
    def arithmetic(self) -> Arithmetic | None:
        """The calculation in the text, if there is one."""
        return arithmetic_in(self.text)

    def is_operator(self, token: Token) -> bool:
        """Whether a word is a sign of the calculation, as "times" in "6 times 7"."""
        found = self.arithmetic
        if found is None or not found.certain or not found.start <= token.start < found.end:
            return False
        return token.text in _OPERATOR_WORDS
