"""The demonstrations of AG-UI's dojo that no check asks for."""

import json

import pytest

from tests.ag_ui.scene import Scene, asking, going_on, said_to, words_to
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow


@pytest.mark.feature("human-in-the-loop")
def test_the_user_chooses_among_the_steps_that_the_model_plans(scene: Scene) -> None:
    plan = {
        "name": "plan",
        "description": "Let the user choose among steps.",
        "parameters": {
            "type": "object",
            "properties": {"steps": {"type": "array", "items": {"type": "string"}}},
        },
    }
    steps = ["pack", "fly", "land"]
    asked = asking("To Mars, please.", tools=[plan])
    run = scene.run(asked, calls(ToolUse("plan", {"steps": steps}, id="call-1")))
    (call,) = run.messages[-1]["toolCalls"]
    assert json.loads(call["function"]["arguments"]) == {"steps": steps}
    chosen = json.dumps({"accepted": True, "steps": ["pack", "fly"]})
    answer = {"id": "a", "role": "tool", "toolCallId": "call-1", "content": chosen}
    after = scene.run(going_on(asked, run, answer), says("We do not land."))
    assert (after.text, after.outcome) == ("We do not land.", {"type": "success"})
    (result,) = [b["toolResult"] for b in said_to(scene.shown()[1]) if "toolResult" in b]
    assert result["content"] == [{"text": chosen}]


CATALOG = {
    "name": "render_a2ui",
    "description": "Render a surface.",
    "parameters": {
        "type": "object",
        "properties": {
            "surfaceId": {"type": "string"},
            "components": {"type": "array", "items": {"type": "object"}},
            "data": {"type": "object"},
        },
        "required": ["surfaceId", "components"],
    },
}
GUIDELINES = {"description": "A2UI", "value": "Components: Text (text), Button (label, action)."}


@pytest.mark.feature("a2ui")
def test_a_surface_is_written_by_the_model_and_its_action_comes_back(scene: Scene) -> None:
    surface = {
        "surfaceId": "flights",
        "components": [{"id": "root", "component": "Button", "label": "Book", "action": "book"}],
        "data": {"price": 100},
    }
    asked = asking("Flights?", tools=[CATALOG], context=[GUIDELINES])
    run = scene.run(asked, calls(ToolUse("render_a2ui", surface, id="call-1")))
    assert json.loads("".join(run.all("TOOL_CALL_ARGS", "delta"))) == surface
    assert run.outcome == {"type": "success", "pendingToolCallIds": ["call-1"]}
    assert GUIDELINES["value"] in words_to(scene.shown()[0])
    pressed = json.dumps({"userAction": {"name": "book", "surfaceId": "flights"}})
    answer = {"id": "a", "role": "tool", "toolCallId": "call-1", "content": pressed}
    more = {"forwardedProps": {"a2uiAction": json.loads(pressed)}}
    after = scene.run(going_on(asked, run, answer, **more), says("Booked."))
    assert (after.text, after.outcome) == ("Booked.", {"type": "success"})
    assert pressed in str(said_to(scene.shown()[1])).replace("\\\\", "\\")
