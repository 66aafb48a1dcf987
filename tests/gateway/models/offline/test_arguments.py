from typing import Any

import pytest

from gateway.models.offline.arguments import fill
from gateway.models.offline.language import stems
from gateway.models.offline.request import Request


def schema(required: str = "", /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
TRUTH = {"type": "boolean"}
MODES = {"type": "string", "enum": ["celsius", "fahrenheit"]}


@pytest.mark.parametrize(
    ("text", "form", "arguments"),
    [
        ("6 times 7", schema("expression", expression=TEXT), {"expression": "6 * 7"}),
        ("15% of 80", schema("expression", expression=TEXT), {"expression": "(80 * 15 / 100)"}),
        (
            "15% of 80",
            schema(expression={"type": "string", "description": "such as 15% of 80"}),
            {"expression": "15% of 80"},
        ),
        ("no sum", schema("expression", expression=TEXT), {}),
        (
            "26.2 miles in km",
            schema(amount=NUMBER, from_unit=TEXT, to_unit=TEXT),
            {"amount": 26.2, "from_unit": "miles", "to_unit": "km"},
        ),
        (
            "convert miles to km",
            schema(amount=NUMBER, from_unit=TEXT, to_unit=TEXT),
            {"from_unit": "miles", "to_unit": "km"},
        ),
        ("5 miles", schema(unit_a=TEXT, unit_b=TEXT), {"unit_a": "miles"}),
        (
            "5 miles in kilometres",
            schema(
                from_unit={"type": "string", "enum": ["mile", "yard"]},
                to_unit={"type": "string", "enum": ["inch"]},
            ),
            {"from_unit": "mile"},
        ),
        (
            "from 2026-01-01 to 2026-02-01",
            schema(end_date=TEXT, start_date=TEXT),
            {"start_date": "2026-01-01", "end_date": "2026-02-01"},
        ),
        ("until 2026-02-01", schema(start_date=TEXT, end_date=TEXT), {"end_date": "2026-02-01"}),
        ("since 2026-02-01", schema(start_date=TEXT, end_date=TEXT), {"start_date": "2026-02-01"}),
        ("the weather in Fahrenheit", schema(units=MODES), {"units": "fahrenheit"}),
        ("level 3", schema(level={"type": "integer", "enum": [1, 3]}), {"level": 3}),
        ("what is there", schema(action={"enum": ["list", "add"]}), {"action": "list"}),
        ("go on", schema(action={"enum": ["list", "add"]}), {}),
        ('say "good day"', schema("text", note=TEXT, text=TEXT), {"text": "good day"}),
        ("time in paris", schema(place=TEXT), {"place": "Paris"}),
        ("what about berlin", schema("city", city=TEXT), {"city": "berlin"}),
        ("what about it", schema("city", city=TEXT), {}),
        ("two dice with 20 sides", schema(count=INTEGER, sides=INTEGER), {"sides": 20, "count": 2}),
        ("2.5 or 3", schema(count=INTEGER), {"count": 3}),
        ("2.5 or 3", schema(size=NUMBER), {"size": 2.5}),
        ("three days ago", schema(days={**INTEGER, "description": "negative: past"}), {"days": -3}),
        ("three days ago", schema(days=INTEGER), {"days": 3}),
        ("light on", schema("on", on=TRUTH), {"on": True}),
        ("light off", schema("on", on=TRUTH), {"on": False}),
        ("with loud music", schema(loud=TRUTH, long=TRUTH), {"loud": True}),
        ("no loud music", schema(loud=TRUTH), {"loud": False}),
        ("light", schema("on", on=TRUTH), {}),
        (
            "add 1, 2 and 3",
            schema(values={"type": "array", "items": INTEGER}),
            {"values": [1, 2, 3]},
        ),
        ("no number", schema(values={"type": "array", "items": NUMBER}), {}),
        (
            "buy milk, eggs and bread",
            schema("items", items={"type": "array", "items": TEXT}),
            {"items": ["buy milk", "eggs", "bread"]},
        ),
        ("", schema("items", items={"type": "array", "items": TEXT}), {}),
        ("buy milk", schema(items={"type": "array", "items": TEXT}), {}),
        ("any", schema("items", items={"type": "array"}), {}),
        (
            "weather in Rome",
            schema(where=schema("city", city=TEXT, code=INTEGER) | {"type": "object"}),
            {"where": {"city": "Rome"}},
        ),
        ("weather", schema(where=schema("code", code=INTEGER)), {}),
    ],
)
def test_arguments_are_filled_by_type_and_name(
    text: str, form: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert fill(form, Request(text)).arguments == arguments


def test_what_is_required_and_not_said_is_missing() -> None:
    filled = fill(schema("text size", text=TEXT, size=NUMBER, more=TEXT), Request(""))
    assert [parameter.name for parameter in filled.missing] == ["text", "size"]


def test_no_words_are_used_twice() -> None:
    form = schema("recipient message", recipient=TEXT, message=TEXT, city=TEXT)
    filled = fill(form, Request("send a note to Bob in Rome: hello"), (), stems("send note"))
    assert filled.arguments == {"recipient": "Bob", "message": "hello", "city": "Rome"}
    assert (filled.is_loose, filled.is_sure) == (True, False)


def test_a_form_within_a_form_within_a_form_ends() -> None:
    form: dict[str, Any] = schema("number", number=INTEGER)
    for _ in range(10):
        form = schema("inner", inner=form)
    assert fill(form, Request("5")).arguments == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": {}, "format": {}},
        {"type": ["array"], "items": {"type": {}}},
        {"type": "array", "items": 5},
        {"enum": [[], {}, None, 5]},
        {"$ref": {}, "anyOf": {}},
        {"type": "object", "properties": [], "required": {}},
    ],
)
def test_a_schema_of_a_client_may_be_wrong_in_any_way(wrong: dict[str, Any]) -> None:
    form = {"properties": {"other": wrong, "city": TEXT}, "required": ["city"], "$defs": 5}
    assert fill(form, Request("sunny in Rome")).arguments["city"] == "Rome"
