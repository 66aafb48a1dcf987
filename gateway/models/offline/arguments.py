"""Arguments of a tool, filled from a request by the tool's JSON schema.

The surest readings come first (a calculation, a quantity with its unit, a date, a listed value),
the freest last (whatever text is left); what one parameter took no other takes.
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from gateway.models.offline.details import Mention
from gateway.models.offline.free_text import free_text, named_text, tail
from gateway.models.offline.language import stem, words
from gateway.models.offline.parameters import Parameter, parameters_of, resolved
from gateway.models.offline.request import Request
from gateway.models.offline.spoken_arithmetic import without_percent

MAXIMUM_DEPTH = 3

_ON = frozenset({"on", "yes", "true", "enable", "enabled", "with", "include", "including"})
_OFF = frozenset({"off", "no", "not", "false", "disable", "disabled", "without", "never"})
# Days that people name in all kinds of requests say less than a date.
_DAY_WORTH = {"today": 0.3, "now": 0.3, "tomorrow": 0.5, "yesterday": 0.5}
_BACK = frozenset({"ago", "before", "earlier", "back"})
_LIST_SPLIT = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
# Words with which people ask for what such an action does.
_ACTION_WORDS = {
    stem("list"): {"what", "which", "are", "all", "have", "tell"},
    stem("get"): {"what", "which", "is", "tell"},
    stem("read"): {"what", "which", "are", "tell"},
}


class Filled(NamedTuple):
    """Arguments as far as a request names them.

    ``used`` are the parts of the text they came from; ``worth`` says how much they speak for the
    tool, ``is_sure`` that they do even if no word of the tool was said, ``is_loose`` that one took
    whatever text was left.
    """

    arguments: dict[str, Any]
    missing: tuple[Parameter, ...]
    used: tuple[tuple[int, int], ...]
    worth: float
    is_sure: bool
    is_loose: bool


def fill(
    schema: Mapping[str, Any],
    request: Request,
    known: Collection[str] = (),
    named: Collection[str] = (),
) -> Filled:
    """Fill a tool's arguments; ``known`` are the stems of its words, ``named`` of its name."""
    form = _Form(schema, request, (known, named))
    form.fill()
    missing = tuple(parameter for parameter in form.open if parameter.required)
    return Filled(
        form.arguments, missing, tuple(form.used), form.worth, form.is_sure, form.is_loose
    )


class _Said(NamedTuple):
    """A number in the text; ``is_beside``: the name of the parameter stands next to it."""

    value: Decimal
    start: int
    end: int
    is_beside: bool


class _Form:
    """The parameters of one tool while they are filled."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        request: Request,
        stems: tuple[Collection[str], Collection[str]],
        depth: int = 0,
    ) -> None:
        self._schema = schema
        self._request = request
        self._stems = stems
        self._known, self._named = stems
        self._depth = depth
        self.open = parameters_of(schema)
        self.arguments: dict[str, Any] = {}
        self.used: list[tuple[int, int]] = []
        self.worth = 0.0
        self.is_sure = False
        self.is_loose = False

    def fill(self) -> None:
        """Fill what can be filled, the surest first."""
        self._fill_calculation()
        self._fill_quantity()
        self._fill_dates()
        self._fill_choices()
        self._fill_quoted()
        self._fill_named()
        self._fill_place()
        self._fill_numbers()
        self._fill_truths()
        self._fill_lists_and_objects()
        self._fill_free_text()

    def _fill_calculation(self) -> None:
        found = self._request.arithmetic
        parameter = next((one for one in self.open if one.is_expression()), None)
        if found is None or parameter is None:
            return
        knows_percent = "%" in str(parameter.schema.get("description", ""))
        written = found.expression if knows_percent else without_percent(found.expression)
        self._take(parameter, written, found.start, found.end)
        self.worth += 6.0 if found.whole else 3.0 if found.certain else 0.5
        self.is_sure = found.certain

    def _fill_quantity(self) -> None:
        units = [parameter for parameter in self.open if parameter.is_unit()]
        said = self._request.quantity
        if len(units) < 2 or said is None:
            return
        target = next((one for one in units if one.is_target()), units[-1])
        source = next(one for one in units if one is not target)
        amount = next((one for one in self.open if one.kind in {"number", "integer"}), None)
        self._take_unit(source, said.unit)
        if said.wanted is not None:
            self._take_unit(target, said.wanted)
            self.is_sure = said.amount is not None
            self.worth += 3.0
        if amount is not None and said.amount is not None:
            self._take(amount, _plain(said.amount), said.start, said.unit.start)

    def _take_unit(self, parameter: Parameter, unit: Mention) -> None:
        value: Any = unit.value
        if parameter.choices:
            alike = {stem(word) for word in words(unit.value)}
            value = next(
                (one for one in parameter.choices if alike & {stem(w) for w in words(str(one))}),
                None,
            )
        if value is not None:
            self._take(parameter, value, unit.start, unit.end)

    def _fill_dates(self) -> None:
        wanting = [parameter for parameter in self.open if parameter.is_date()]
        said = self._request.dates
        if not wanting or not said:
            return
        if len(said) < len(wanting) and re.search(
            r"\b(?:until|till|before|to)\b", self._request.text[: said[0].start], re.IGNORECASE
        ):
            wanting = sorted(wanting, key=Parameter.is_target)[-len(said) :]
        elif len(said) >= len(wanting):
            wanting = sorted(wanting, key=lambda one: one.is_target() - one.is_source())
        for parameter, day in zip(wanting, said, strict=False):
            self._take(parameter, day.value, day.start, day.end)
            self.worth += _DAY_WORTH.get(day.value, 1.0)

    def _fill_choices(self) -> None:
        for parameter in [one for one in self.open if one.choices]:
            rated = [(self._likeness(choice), choice) for choice in parameter.choices]
            likeness, choice = max(rated, key=lambda pair: pair[0])
            if likeness:
                self._take(parameter, choice, 0, 0)
                self.worth += likeness / 2
                self.used += [
                    (token.start, token.end)
                    for token in self._request.read
                    if stem(token.text) in {stem(word) for word in words(str(choice))}
                ]

    def _likeness(self, choice: Any) -> float:
        """How surely a listed value was said: by its words, or by a question for what it does."""
        wanted = {stem(word) for word in words(str(choice))}
        said = {stem(token.text) for token in self._request.read}
        if wanted and wanted <= said:
            return 1.0 + 0.1 * len(wanted)
        if str(choice).lower() in {token.text for token in self._request.read}:
            return 1.0
        asked = {word for one in wanted for word in _ACTION_WORDS.get(one, ())}
        return 0.5 if asked & {token.text for token in self._request.read} else 0.0

    def _fill_quoted(self) -> None:
        texts = [one for one in self.open if _is_text(one) and not one.is_place()]
        texts.sort(key=lambda one: not one.required)
        for parameter, said in zip(texts, self._request.quoted, strict=False):
            self._take(parameter, said.value, said.start, said.end)

    def _fill_named(self) -> None:
        for parameter in [one for one in self.open if _is_text(one)]:
            said = named_text(self._request, parameter)
            if said is not None and self._is_free_there(said.start, said.end):
                self._take(parameter, said.value, said.start, said.end)

    def _fill_place(self) -> None:
        for parameter in [one for one in self.open if one.is_place()]:
            said = self._request.place(self._known)
            if said is not None and self._is_free_there(said.start, said.end):
                self._take(parameter, said.value, said.start, said.end)
                self.worth += 0.5

    def _fill_numbers(self) -> None:
        waiting = [one for one in self.open if one.kind in {"number", "integer"}]
        for parameter in waiting:
            beside = next((one for one in self._numbers(parameter) if one.is_beside), None)
            if beside is not None:
                self._take_number(parameter, beside)
        for parameter in [one for one in waiting if one in self.open]:
            if free := self._numbers(parameter):
                self._take_number(parameter, free[0])

    def _take_number(self, parameter: Parameter, number: _Said) -> None:
        value = -number.value if self._goes_back(parameter) else number.value
        self._take(parameter, _plain(value), number.start, number.end)

    def _goes_back(self, parameter: Parameter) -> bool:
        """Whether "3 days ago" means the negative number that the parameter wants then."""
        said = {token.text for token in self._request.read}
        return "negative" in parameter.about and bool(said & _BACK)

    def _numbers(self, parameter: Parameter) -> list[_Said]:
        """The numbers not taken yet that the parameter can have."""
        read = self._request.read
        names = {stem(word) for word in parameter.name_words}
        found = []
        for value, first, last in self._request.numbers:
            fits = parameter.kind != "integer" or value == value.to_integral_value()
            start, end = read[first].start, read[last].end
            if fits and self._is_free_there(start, end):
                around = [*read[max(first - 1, 0) : first], *read[last + 1 : last + 2]]
                beside = {stem(token.text) for token in around}
                found.append(_Said(value, start, end, bool(names & beside)))
        return found

    def _fill_truths(self) -> None:
        said = {token.text for token in self._request.read}
        for parameter in [one for one in self.open if one.kind == "boolean"]:
            is_named = not {stem(word) for word in said}.isdisjoint(
                {stem(word) for word in parameter.name_words}
            )
            if said & _OFF and (parameter.required or is_named):
                self._take(parameter, value=False, start=0, end=0)
            elif is_named or (parameter.required and said & _ON):
                self._take(parameter, value=True, start=0, end=0)

    def _fill_lists_and_objects(self) -> None:
        for parameter in [one for one in self.open if one.kind in {"array", "object"}]:
            if parameter.kind == "array":
                self._fill_list(parameter)
            elif self._depth < MAXIMUM_DEPTH:
                inner = _Form(parameter.schema, self._request, self._stems, self._depth + 1)
                inner.used = list(self.used)
                inner.fill()
                if inner.arguments and not any(one.required for one in inner.open):
                    self._take(parameter, inner.arguments, 0, 0)
                    self.used = inner.used

    def _fill_list(self, parameter: Parameter) -> None:
        items = resolved(parameter.schema.get("items"), self._schema)
        if items.get("type") in (
            "number",
            "integer",
        ):  # no set: may be unhashable
            for said in self._numbers(parameter):
                self.arguments.setdefault(parameter.name, []).append(_plain(said.value))
                self.used.append((said.start, said.end))
        elif items.get("type") == "string" and parameter.required:
            text = free_text(self._request, self._named, self.used)
            if text is not None:
                values = [one for one in _LIST_SPLIT.split(text.value) if one]
                self._take(parameter, values, text.start, text.end)
        if self.arguments.get(parameter.name) and parameter in self.open:
            self.open.remove(parameter)

    def _fill_free_text(self) -> None:
        for parameter in [one for one in self.open if _is_text(one) and one.required]:
            if parameter.is_place():
                said = tail(self._request, self._named, self.used)
            else:
                said = free_text(self._request, self._named, self.used)
            if said is not None:
                self._take(parameter, said.value, said.start, said.end)
                self.is_loose = True

    def _take(self, parameter: Parameter, value: Any, start: int, end: int) -> None:
        self.arguments[parameter.name] = value
        self.open.remove(parameter)
        if end > start:
            self.used.append((start, end))

    def _is_free_there(self, start: int, end: int) -> bool:
        return all(end <= used_start or start >= used_end for used_start, used_end in self.used)


def _is_text(parameter: Parameter) -> bool:
    """Whether a parameter takes any text."""
    if parameter.kind != "string" or parameter.choices:
        return False
    return not (parameter.is_expression() or parameter.is_date() or parameter.is_unit())


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
