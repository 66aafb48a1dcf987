"""Tools of the client: the model calls them, the client answers in its next run."""

from typing import Any

import pytest

from tests.ag_ui.scene import Scene, asking, client_tool, going_on, said_to, tools_of, words_to
from tests.ag_ui_consumer import Run
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow

PAINT = client_tool("paint", "colour")
BLUE = ToolUse("paint", {"colour": "blue"}, id="call-blue")
RED = ToolUse("paint", {"colour": "red"}, id="call-red")
APPLE = ToolUse("weigh", {"thing": "apple"}, id="call-apple")


def answer(call: str, content: Any = "Painted.", **more: Any) -> dict[str, Any]:
    return {"id": f"answer-{call}", "role": "tool", "toolCallId": call, "content": content, **more}


def results_to(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [block["toolResult"] for block in said_to(body) if "toolResult" in block]


def called(scene: Scene, *uses: ToolUse) -> tuple[dict[str, Any], Run]:
    """A run in which the model calls tools of the client."""
    asked = asking("Paint it.", tools=[PAINT])
    run = scene.run(asked, calls(*uses))
    return asked, run


@pytest.mark.check("C29", "C30")
def test_the_run_ends_as_a_success_right_after_the_calls(scene: Scene) -> None:
    _, run = called(scene, BLUE, RED)
    assert run.kinds == [
        "RUN_STARTED",
        *["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"] * 2,
        "RUN_FINISHED",
    ]
    assert run.outcome == {"type": "success", "pendingToolCallIds": ["call-blue", "call-red"]}
    assert run.finished["pendingToolCallIds"] == ["call-blue", "call-red"]
    assert [call["id"] for call in run.messages[-1]["toolCalls"]] == ["call-blue", "call-red"]


@pytest.mark.feature("agentic-chat")
@pytest.mark.check("C31")
def test_the_answer_reaches_the_model_which_calls_nothing_again(scene: Scene) -> None:
    asked, run = called(scene, BLUE)
    after = scene.run(going_on(asked, run, answer("call-blue")), says("It is blue now."))
    assert (after.text, after.all("TOOL_CALL_START", "toolCallId")) == ("It is blue now.", [])
    body = scene.shown()[1]
    assert results_to(body) == [
        {"toolUseId": "call-blue", "status": "success", "content": [{"text": "Painted."}]}
    ]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]


@pytest.mark.check("C32")
def test_an_error_of_the_client_reaches_the_model(scene: Scene) -> None:
    asked, run = called(scene, BLUE)
    failed = answer("call-blue", "", error="Out of paint.")
    after = scene.run(going_on(asked, run, failed), says("A pity."))
    assert after.outcome == {"type": "success"}
    (result,) = results_to(scene.shown()[1])
    assert result["status"] == "error"
    assert "Out of paint." in str(result["content"])


@pytest.mark.check("C32")
def test_the_parts_of_an_answer_reach_the_model(scene: Scene) -> None:
    asked, run = called(scene, BLUE)
    image = {"type": "data", "value": "iVBORw0KGgo=", "mimeType": "image/png"}
    parts = [{"type": "text", "text": "See:"}, {"type": "image", "source": image}]
    after = scene.run(going_on(asked, run, answer("call-blue", parts)), says("Nice."))
    assert after.outcome == {"type": "success"}
    (result,) = results_to(scene.shown()[1])
    assert result["content"] == [
        {"text": "See:"},
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
    ]


@pytest.mark.check("C33")
def test_a_user_who_types_on_instead_of_answering_goes_on(scene: Scene) -> None:
    asked, run = called(scene, BLUE)
    on = going_on(asked, run, "Never mind, weigh it.")
    after = scene.run(on, calls(APPLE), says("Heavy."))
    assert (after.text, after.outcome) == ("Heavy.", {"type": "success"})
    last = scene.run(going_on(on, after, "Thanks."), says("Welcome."))
    assert (last.text, last.outcome) == ("Welcome.", {"type": "success"})
    assert results_to(scene.shown()[-1])[0]["status"] == "error"


@pytest.mark.check("C34")
def test_a_tool_that_is_not_offered_any_more_is_not_called(scene: Scene) -> None:
    asked, run = called(scene, BLUE)
    without = going_on(asked, run, answer("call-blue"), "Again.", tools=[])
    after = scene.run(without, calls(RED), says("I cannot."))
    assert "paint" not in tools_of(scene.shown()[1])
    assert after.one("TOOL_CALL_RESULT")["metadata"] == {"gateway": {"error": True}}
    assert after.outcome == {"type": "success"}


@pytest.mark.check("C35")
def test_a_tool_named_like_one_of_the_server_is_refused_before_the_run(scene: Scene) -> None:
    seen = scene.run(asking("Weigh it.", tools=[client_tool("weigh")]), may_fail=True)
    assert seen.failure["status"] == 400
    (event,) = seen.events
    assert (event["type"], event["code"]) == ("RUN_ERROR", "VALIDATION_ERROR")
    assert "weigh" in event["message"]
    assert scene.shown() == []


@pytest.mark.check("C36")
def test_a_mixed_batch_is_answered_in_part_and_ends_the_run(scene: Scene) -> None:
    asked, run = called(scene, APPLE, BLUE)
    assert run.one("TOOL_CALL_RESULT")["toolCallId"] == "call-apple"
    assert run.outcome == {"type": "success", "pendingToolCallIds": ["call-blue"]}
    assert len(scene.shown()) == 1
    after = scene.run(going_on(asked, run, answer("call-blue")), says("Both done."))
    assert after.text == "Both done."
    assert [each["toolUseId"] for each in results_to(scene.shown()[1])] == [
        "call-apple",
        "call-blue",
    ]


@pytest.mark.check("C37")
def test_a_tool_without_parameters_is_offered_and_called(scene: Scene) -> None:
    bare = {"name": "bare", "description": ""}
    run = scene.run(asking("Go.", tools=[bare]), calls(ToolUse("bare", {}, id="call-bare")))
    assert run.outcome == {"type": "success", "pendingToolCallIds": ["call-bare"]}
    assert "bare" in tools_of(scene.shown()[0])


@pytest.mark.check("C37")
def test_64_tools_reach_the_model(scene: Scene) -> None:
    many = [client_tool(f"tool-{number}") for number in range(64)]
    assert scene.run(asking("Go.", tools=many), says("Hm.")).text == "Hm."
    assert {tool["name"] for tool in many} <= set(tools_of(scene.shown()[0]))


@pytest.mark.check("C37")
@pytest.mark.parametrize("names", [["two words"], ["böse"], [""], ["x" * 200], ["a", "a"]])
def test_names_that_models_do_not_take_are_refused_with_their_place(
    scene: Scene, names: list[str]
) -> None:
    tools = [client_tool(name) for name in names]
    seen = scene.run(asking("Go.", tools=tools), may_fail=True)
    assert seen.failure["status"] == 400
    assert seen.events[0]["code"] == "VALIDATION_ERROR"
    assert scene.shown() == []


@pytest.mark.feature("tool-based-generative-ui")
def test_arguments_come_piece_by_piece_while_the_model_makes_them(scene: Scene) -> None:
    compose = client_tool("compose", "text")
    text = "Once upon a time there was a very long argument."
    use = ToolUse("compose", {"text": text}, id="call-1")
    run = scene.run(asking("Write.", tools=[compose]), calls(use, pause_seconds=0.02))
    assert len(run.all("TOOL_CALL_ARGS", "delta")) >= 3
    assert len([read for read in run.reads if b"TOOL_CALL_ARGS" in read]) > 1
    assert "Write." in words_to(scene.shown()[0])
