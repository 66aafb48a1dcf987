"""State that is shown while the model still writes the arguments that become it."""

import pytest

from tests.ag_ui.scene import Scene, asking
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow


@pytest.mark.feature("predictive-state-updates")
def test_what_the_state_will_be_is_told_before_the_arguments_that_show_it(scene: Scene) -> None:
    write = ToolUse("write", {"text": "Once upon a time"})
    run = scene.run(asking("write"), calls(write), says("Done."))
    assert run.kinds[1:4] == ["CUSTOM", "TOOL_CALL_START", "TOOL_CALL_ARGS"]
    predicted = run.one("CUSTOM")
    assert (predicted["name"], predicted["value"]) == (
        "PredictState",
        [{"state_key": "document", "tool": "write", "tool_argument": "text"}],
    )
    assert run.state == {"document": "Once upon a time"}
