"""What a tool shares with the client, seen from the tool."""

from typing import Any, cast

import pytest
from strands import Agent, ToolContext, tool
from strands.types.tools import ToolUse

from tools.registry import ToolRegistry
from tools.sharing import (
    STATE_KEY,
    Progress,
    predict_state,
    predicted_by,
    share_state,
    shared_state,
    state_of,
)


@pytest.fixture
def context() -> ToolContext:
    agent = Agent(callback_handler=None, state={"notebook": ["x"]})
    use: ToolUse = {"toolUseId": "c", "name": "n", "input": {}}
    return ToolContext(tool_use=use, agent=cast(Any, agent), invocation_state={})


def test_a_conversation_without_a_shared_state_has_none(context: ToolContext) -> None:
    assert shared_state(context) is None


def test_what_is_shared_is_read_back_as_a_copy_and_beside_all_other_state(
    context: ToolContext,
) -> None:
    share_state(context, {"steps": [1]})
    shared_state(context)["steps"].append(2)
    assert shared_state(context) == state_of(context.agent) == {"steps": [1]}
    assert context.agent.state.get() == {"notebook": ["x"], STATE_KEY: {"steps": [1]}}


def test_what_is_no_json_cannot_be_shared(context: ToolContext) -> None:
    with pytest.raises(ValueError, match="JSON"):
        share_state(context, object())


def test_progress_is_a_value() -> None:
    assert Progress("steps") == Progress("steps", {})


def test_predictions_are_found_in_tools_that_are_guarded_too() -> None:
    @tool
    def write(text: str) -> str:
        """Write."""
        return text

    @tool
    def read() -> str:
        """Read."""
        return ""

    assert predict_state(write, document="text") is write
    registry = ToolRegistry([write, read])
    assert predicted_by(registry) == predicted_by([write]) == {"write": {"document": "text"}}
    assert write("x") == "x"


def test_half_a_character_does_not_make_a_state_that_nobody_can_be_told(
    context: ToolContext,
) -> None:
    share_state(context, {"a": "x\ud83d"})
    assert shared_state(context) == {"a": "x\ufffd"}
