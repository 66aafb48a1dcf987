from typing import Any

import pytest

from gateway.models.offline.parameters import Parameter, parameters_of


def only(schema: Any, name: str = "value") -> Parameter:
    (parameter,) = parameters_of({"properties": {name: schema}})
    return parameter


def test_parameters_know_whether_they_are_required_and_how_they_are_said() -> None:
    schema = {"properties": {"fromUnit": {"type": "string"}, "_": {}}, "required": ["fromUnit"]}
    first, second = parameters_of(schema)
    assert (first.required, first.spoken, first.kind) == (True, "from unit", "string")
    assert (second.required, second.spoken, second.kind) == (False, "_", "string")


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": ["a"]}])
def test_a_tool_without_parameters_has_none(schema: dict[str, Any]) -> None:
    assert parameters_of(schema) == []


def test_a_wrong_parameter_schema_takes_text() -> None:
    assert only("wrong").kind == "string"


@pytest.mark.parametrize(
    ("schema", "kind", "choices"),
    [
        ({"type": ["null", "integer"]}, "integer", []),
        ({"type": ["null"]}, "string", []),
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, "number", []),
        ({"oneOf": [{"type": "null"}]}, "string", []),
        ({"anyOf": 5, "enum": 5, "type": "boolean"}, "boolean", []),
        ({"enum": ["a", None]}, "string", ["a"]),
        ({"const": "b"}, "string", ["b"]),
    ],
)
def test_types_and_listed_values_are_read(schema: Any, kind: str, choices: list[str]) -> None:
    assert (only(schema).kind, only(schema).choices) == (kind, choices)


def test_references_are_followed() -> None:
    schema = {
        "properties": {"mode": {"$ref": "#/$defs/Mode"}, "other": {"$ref": "#/definitions/None"}},
        "$defs": {"Mode": {"enum": ["on", "off"]}},
    }
    assert [parameter.choices for parameter in parameters_of(schema)] == [["on", "off"], []]


@pytest.mark.parametrize(
    ("name", "description", "kinds"),
    [
        ("expression", "", {"expression"}),
        ("input", "An arithmetic expression", {"expression"}),
        ("expression", "A regular expression", set()),
        ("city", "", {"place"}),
        ("time_zone", "", {"place"}),
        ("from_unit", "", {"unit"}),
        ("to", "The unit wanted", {"unit"}),
        ("deadline", "", {"date"}),
        ("start", "As YYYY-MM-DD", {"date"}),
        ("text", "", set()),
    ],
)
def test_what_a_text_is_about_is_told_by_its_names(
    name: str, description: str, kinds: set[str]
) -> None:
    parameter = only({"type": "string", "description": description}, name)
    said = {
        "expression": parameter.is_expression(),
        "place": parameter.is_place(),
        "unit": parameter.is_unit(),
        "date": parameter.is_date(),
    }
    assert {kind for kind, is_so in said.items() if is_so} == kinds


def test_only_texts_can_be_places_units_or_days() -> None:
    number = only({"type": "number"}, "expression city unit date")
    assert (number.is_expression(), number.is_place()) == (False, False)
    assert (number.is_unit(), number.is_date()) == (False, False)


def test_a_format_makes_a_date() -> None:
    assert only({"type": "string", "format": "date"}, "at").is_date()


def test_sources_and_targets_are_told_apart() -> None:
    assert [only({}, name).is_source() for name in ("origin", "end_date")] == [True, False]
    assert [only({}, name).is_target() for name in ("origin", "end_date")] == [False, True]
