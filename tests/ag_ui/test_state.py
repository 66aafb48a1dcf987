"""The state that client and agent share."""

from typing import Any

import pytest

from tests.ag_ui.scene import Scene, asking, going_on
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow


def put(place: str, thing: str) -> ToolUse:
    return ToolUse("put", {"place": place, "thing": thing})


@pytest.mark.check("C43")
@pytest.mark.parametrize("state", [{"a": {"b": [None]}}, "text", "", 7, 0, [1, {}], False])
def test_a_state_that_nobody_touches_stays(scene: Scene, state: Any) -> None:
    weigh = ToolUse("weigh", {"thing": "pear"})
    run = scene.run(asking("hello", state=state), calls(weigh), says("Hi."))
    assert run.state == state
    assert [each for each in run.told if each["type"].startswith("STATE_")] == []


@pytest.mark.check("C44")
def test_a_change_is_a_patch_against_what_the_client_sent(scene: Scene) -> None:
    asked = asking("put it", state={"shelf": "empty", "lights": {"on": True}})
    run = scene.run(asked, calls(put("shelf", "pear")), says("Done."))
    (patch,) = run.all("STATE_DELTA", "delta")
    assert patch == [{"op": "replace", "path": "/shelf", "value": "pear"}]
    assert run.state == {"shelf": "pear", "lights": {"on": True}}


@pytest.mark.check("C44")
@pytest.mark.parametrize("state", ["text", [1], False])
def test_a_change_of_what_is_no_object_is_a_whole_snapshot(scene: Scene, state: Any) -> None:
    run = scene.run(asking("put it", state=state), calls(put("shelf", "pear")), says("Done."))
    assert run.one("STATE_SNAPSHOT")["snapshot"] == {"shelf": "pear"}
    assert run.state == {"shelf": "pear"}


@pytest.mark.check("C44")
def test_two_tools_of_one_turn_do_not_undo_each_other(scene: Scene) -> None:
    asked = asking("put them", state={"x": 1})
    uses = (put("a/b", "pear"), put("c~d", "apple"))
    run = scene.run(asked, calls(uses[0]), calls(uses[1]), says("Done."))
    assert run.state == {"x": 1, "a/b": "pear", "c~d": "apple"}


@pytest.mark.feature("shared-state")
@pytest.mark.check("C44")
def test_the_next_run_begins_with_what_the_client_has_then(scene: Scene) -> None:
    asked = asking("put it", state={})
    first = scene.run(asked, calls(put("shelf", "pear")), says("Done."))
    edited = {**first.state, "table": "cup"}
    second = scene.run(
        going_on(asked, first, "and that", state=edited), calls(put("floor", "rug")), says("Done.")
    )
    assert second.state == {"shelf": "pear", "table": "cup", "floor": "rug"}


@pytest.mark.feature("background-agents")
@pytest.mark.feature("agentic-generative-ui")
def test_a_tool_that_works_in_steps_tells_state_and_progress_between_them(scene: Scene) -> None:
    steps = ["chop", "fry"]
    run = scene.run(asking("cook", state={}), calls(ToolUse("cook", {"steps": steps})), says("Ok."))
    assert run.kinds[4:-4] == [
        "ACTIVITY_SNAPSHOT",
        "STATE_DELTA",
        "ACTIVITY_SNAPSHOT",
        "STATE_DELTA",
        "TOOL_CALL_RESULT",
    ]
    assert run.state == {"done": ["chop", "fry"]}
    (shown,) = [message for message in run.messages if message["role"] == "activity"]
    assert (shown["activityType"], shown["content"]) == ("cooking", {"step": "fry", "done": 1.0})
