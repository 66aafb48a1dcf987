"""Tools of the server, as a client sees them called."""

import base64
import json
from typing import Any

import pytest

from tests.ag_ui.pantry import PLANTED, PNG
from tests.ag_ui.scene import Scene, asking, said_to
from tests.ag_ui_consumer import Run
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow

APPLE = ToolUse("weigh", {"thing": "big red apple"}, id="call-apple")
PEAR = ToolUse("weigh", {"thing": "pear"}, id="call-pear")


@pytest.fixture(scope="module")
def weighed(stage: Any) -> Run:
    """A run in which a tool of the server is called."""
    scene: Scene = stage
    return scene.run(asking("weigh it"), calls(APPLE), says("It is heavy."))


@pytest.mark.feature("backend-tool-rendering")
@pytest.mark.check("C21")
def test_a_call_is_told_from_its_start_to_its_result_and_text_follows(weighed: Run) -> None:
    assert weighed.kinds == [
        "RUN_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    ids = {each["toolCallId"] for each in weighed.told if each["type"].startswith("TOOL_")}
    assert ids == {"call-apple"}
    assert weighed.one("TOOL_CALL_START")["toolCallName"] == "weigh"
    assert weighed.one("TOOL_CALL_RESULT")["content"] == "The big red apple weighs 13 kg."


@pytest.mark.check("C22")
def test_the_pieces_of_the_arguments_come_as_the_model_gives_them(weighed: Run) -> None:
    pieces = weighed.all("TOOL_CALL_ARGS", "delta")
    assert len(pieces) > 1
    assert json.loads("".join(pieces)) == {"thing": "big red apple"}


@pytest.mark.check("C23")
def test_a_result_has_a_message_id_of_its_own(weighed: Run) -> None:
    result = weighed.one("TOOL_CALL_RESULT")["messageId"]
    others = [
        *(message["id"] for message in weighed.messages if message["role"] != "tool"),
        *weighed.all("TOOL_CALL_START", "toolCallId"),
    ]
    assert result not in others
    assert len(set(others)) == len(others)


@pytest.mark.check("C24")
def test_the_history_of_the_client_has_call_result_and_answer_in_order(weighed: Run) -> None:
    asked, called, result, answer = weighed.messages
    assert [asked["role"], called["role"], result["role"]] == ["user", "assistant", "tool"]
    (call,) = called["toolCalls"]
    assert (call["id"], result["toolCallId"]) == ("call-apple", "call-apple")
    assert json.loads(call["function"]["arguments"]) == {"thing": "big red apple"}
    assert (answer["role"], answer["content"]) == ("assistant", "It is heavy.")


@pytest.mark.check("C25")
def test_two_calls_of_one_turn_belong_to_one_message(scene: Scene) -> None:
    run = scene.run(asking("weigh both"), calls(APPLE, PEAR), says("Both are."))
    (parent,) = set(run.all("TOOL_CALL_START", "parentMessageId"))
    _, called, *results, _ = run.messages
    assert called["id"] == parent
    assert [call["id"] for call in called["toolCalls"]] == ["call-apple", "call-pear"]
    assert {result["toolCallId"] for result in results} == {"call-apple", "call-pear"}
    assert [message["role"] for message in run.messages[2:]] == ["tool", "tool", "assistant"]


@pytest.mark.check("C26")
def test_a_call_after_words_belongs_to_the_message_of_the_words(scene: Scene) -> None:
    run = scene.run(asking("weigh it"), calls(APPLE, before="Let me see."), says("Heavy."))
    words = run.all("TEXT_MESSAGE_START", "messageId")[0]
    assert run.one("TOOL_CALL_START")["parentMessageId"] == words
    _, called, _, answer = run.messages
    assert (called["id"], called["content"]) == (words, "Let me see.")
    assert [call["id"] for call in called["toolCalls"]] == ["call-apple"]
    assert answer["id"] != words


@pytest.mark.check("C27")
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolUse("refuse", {"thing": "bread"}), "There is no bread on Sundays."),
        (ToolUse("weigh", {"weight": 7}), "thing"),
        (ToolUse("dance", {}), "dance"),
    ],
    ids=["a fault the model may know", "wrong arguments", "no such tool"],
)
def test_a_tool_that_fails_is_a_result_and_the_run_goes_on(
    scene: Scene, call: ToolUse, told: str
) -> None:
    run = scene.run(asking("go"), calls(call), says("It did not work."))
    result = run.one("TOOL_CALL_RESULT")
    assert told in result["content"]
    assert result["metadata"] == {"gateway": {"error": True}}
    assert (run.text, run.outcome) == ("It did not work.", {"type": "success"})


@pytest.mark.check("C27")
def test_what_a_tool_spills_is_no_part_of_its_result(scene: Scene) -> None:
    run = scene.run(asking("go"), calls(ToolUse("spill")), says("It did not work."))
    assert run.one("TOOL_CALL_RESULT")["content"]
    assert PLANTED.encode() not in run.body
    assert PLANTED not in json.dumps(scene.shown())


@pytest.mark.check("C28")
def test_an_image_of_a_tool_reaches_client_and_model(scene: Scene) -> None:
    shoot = ToolUse("photograph", {"thing": "pear"})
    run = scene.run(asking("shoot it"), calls(shoot), says("A pear."))
    value = base64.b64encode(PNG).decode()
    source = {"type": "data", "value": value, "mimeType": "image/png"}
    parts = [{"type": "text", "text": "The pear:"}, {"type": "image", "source": source}]
    assert run.one("TOOL_CALL_RESULT")["content"] == parts
    assert run.messages[2]["content"] == parts
    (result,) = [b["toolResult"] for b in said_to(scene.shown()[1]) if "toolResult" in b]
    assert result["content"][1] == {"image": {"format": "png", "source": {"bytes": value}}}
