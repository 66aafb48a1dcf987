import json

import pytest

from gateway.cli import tool_list
from gateway.cli.failures import WrongUsage
from gateway.settings import Settings
from tools.registry import ToolDescription


def test_the_tools_are_listed_with_their_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool_list.run(Settings(), as_json=True) == 0
    listed = json.loads(capsys.readouterr().out)
    calculator = next(tool for tool in listed if tool["name"] == "calculator")
    assert calculator.keys() == {"name", "description", "parameters"}
    assert calculator["parameters"]["type"] == "object"


def test_the_list_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool_list.run(Settings(), as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "calculator" in lines
    assert "current_time" in lines


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(WrongUsage, match=r"^GATEWAY_TOOLS: "):
        tool_list.run(Settings(tools="tools.catalog:NOTHING"), as_json=False)


def test_a_tool_is_shown_with_its_parameters() -> None:
    schema = {
        "type": "object",
        "properties": {
            "value": {"type": "number", "description": "how\nmuch"},
            "unit": {"enum": ["m", "ft"]},
            "digits": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "more": {},
        },
        "required": ["value", "unit"],
    }
    tool = ToolDescription("convert", "Convert a value.\n\n  Lengths only.", schema)
    assert tool_list.shown(tool) == (
        "convert\n"
        "  Convert a value.\n"
        "\n"
        "  Lengths only.\n"
        "    value (number): how much\n"
        "    unit (m | ft)\n"
        "    digits (integer | null, optional)\n"
        "    more (any, optional)"
    )


def test_a_tool_without_parameters_is_shown_with_what_it_does() -> None:
    assert tool_list.shown(ToolDescription("n", "Does.", {})) == "n\n  Does."
