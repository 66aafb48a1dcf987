"""A tool's parameters as its JSON schema describes them, and what each of them is about."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.models.offline.language import stem, vocabulary, words

MAXIMUM_PARAMETERS = 30


class Parameter(NamedTuple):
    """One parameter: ``name_words`` and ``about`` are the words of its name and description."""

    name: str
    schema: Mapping[str, Any]
    required: bool
    name_words: tuple[str, ...]
    about: frozenset[str]

    @property
    def kind(self) -> str:
        """The JSON type of its values; a type that may be null as well counts as the other."""
        kind = self.schema.get("type", "string")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "string")
        return str(kind)

    @property
    def choices(self) -> list[Any]:
        """The values it is limited to, if it is."""
        if "const" in self.schema:
            return [self.schema["const"]]
        values = self.schema.get("enum")
        return [value for value in values if value is not None] if isinstance(values, list) else []

    @property
    def spoken(self) -> str:
        """The name as one says it."""
        return " ".join(self.name_words) or self.name

    def is_named(self, *names: str) -> bool:
        """Whether one of these words is part of its name."""
        return not {stem(word) for word in self.name_words}.isdisjoint(stem(name) for name in names)

    def is_expression(self) -> bool:
        """Whether it takes a calculation."""
        if self.kind != "string" or self.choices or self.about & {"regular", "regex", "cron"}:
            return False
        asked = ("expression", "formula", "equation", "arithmetic", "sum")
        return self.is_named(*asked) or bool(self.about & {"arithmetic", "equation", "formula"})

    def is_place(self) -> bool:
        """Whether it takes a place."""
        if self.kind != "string" or self.choices:
            return False
        return self.is_named(*_PLACE_NAMES)

    def is_unit(self) -> bool:
        """Whether it takes a unit of measure."""
        if self.kind != "string":
            return False
        directed = self.is_target() or self.is_source()
        return self.is_named("unit", "units") or (directed and bool(self.about & {"unit", "units"}))

    def is_date(self) -> bool:
        """Whether it takes a day."""
        if self.kind != "string" or self.choices:
            return False
        if self.schema.get("format") in ("date", "date-time") or self.is_named(*_DATE_NAMES):
            return True
        return bool(self.about & {"date", "yyyy"}) and self.is_named(*_ENDS)

    def is_source(self) -> bool:
        """Whether it is where something comes from."""
        return self.is_named("from", "source", "origin", "departure", "sender", "start", "begin")

    def is_target(self) -> bool:
        """Whether it is where something goes to."""
        names = ("to", "into", "target", "destination", "until", "end", "recipient", "receiver")
        return self.is_named(*names, "goal")


_PLACE_NAMES = vocabulary("place city location town country region timezone zone tz where area")
_DATE_NAMES = vocabulary("date day deadline birthday when since until")
_ENDS = vocabulary("from to start end first second begin finish")


def parameters_of(schema: Mapping[str, Any]) -> list[Parameter]:
    """Return the parameters of a tool, the required ones marked."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    return [
        _parameter(name, resolved(about, schema), name in needed)
        for name, about in list(properties.items())[:MAXIMUM_PARAMETERS]
    ]


def resolved(about: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow one reference and choose the first real type of alternatives."""
    if not isinstance(about, Mapping):
        return {}
    for key in ("anyOf", "oneOf", "allOf"):
        options = about.get(key)
        for option in options if isinstance(options, list) else ():
            if isinstance(option, Mapping) and option.get("type") != "null":
                return {**about, **_referenced(option, root)}
    return _referenced(about, root)


def _referenced(about: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = about.get("$ref")
    if not isinstance(reference, str):
        return about
    for definitions in (root.get("$defs"), root.get("definitions")):
        if isinstance(definitions, Mapping):
            found = definitions.get(reference.rpartition("/")[2])
            if isinstance(found, Mapping):
                return {**about, **found}
    return about


def _parameter(name: str, schema: Mapping[str, Any], required: bool) -> Parameter:
    about = frozenset(words(str(schema.get("description", ""))))
    return Parameter(name, schema, required, tuple(words(name)), about)
