import json
from typing import Any

import pytest

from tools.catalog import TOOLS
from tools.registry import ToolRegistry, load

USES: dict[str, dict[str, Any]] = {
    "calculator": {"expression": "42 * 17"},
    "current_time": {"place": "Tokyo"},
    "convert_units": {"amount": 5, "from_unit": "miles", "to_unit": "km"},
    "days_between": {"end_date": "2030-01-01"},
    "add_to_date": {"amount": 3, "unit": "weeks"},
    "day_of_week": {"date": "2027-01-01"},
}
MAXIMUM_SPOKEN_CHARACTERS = 160


def test_the_catalogue_is_what_the_default_setting_loads() -> None:
    assert load("tools.catalog:TOOLS") == list(TOOLS)
    assert ToolRegistry(TOOLS).names() == (
        *USES,
        "add_note",
        "list_notes",
        "search_notes",
        "delete_note",
    )


def test_models_read_a_description_of_every_tool_and_parameter() -> None:
    for name, description, schema in ToolRegistry(TOOLS).specs():
        assert description[0].isupper(), name
        assert len(description) < 400, name
        assert schema["type"] == "object"
        assert "tool_context" not in json.dumps(schema)
        for parameter, about in schema["properties"].items():
            assert about["description"][0].isupper(), parameter
            assert about["type"] in {"string", "number", "integer"}


@pytest.mark.parametrize("name", USES)
async def test_results_are_short_enough_to_be_spoken(name: str) -> None:
    (tool,) = [each for each in ToolRegistry(TOOLS) if each.tool_name == name]
    use: Any = {"toolUseId": "c", "name": name, "input": USES[name]}
    events = [event async for event in tool.stream(use, {})]
    result = events[-1].tool_result
    assert (result["status"], len(result["content"])) == ("success", 1)
    assert 0 < len(result["content"][0]["text"]) <= MAXIMUM_SPOKEN_CHARACTERS
