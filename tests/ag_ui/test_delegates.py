"""What is left of the work of delegates: in the history, in the count of tokens, on other wires."""

import time
from typing import Any

import pytest

from tests.ag_ui.scene import PROTOBUF, Scene, asking, going_on, words_to
from tests.ag_ui_consumer import Run
from tests.emulators.converse.scripts import Reply, Text, ToolUse, Usage, calls, says

pytestmark = pytest.mark.slow

WITHIN_SECONDS = 2.0


def ask(name: str) -> Reply:
    return calls(ToolUse(name, {"input": "Go."}, id="call-1"))


@pytest.mark.check("C72")
def test_what_a_subagent_said_is_not_said_to_the_model_again(scene: Scene) -> None:
    asked = asking("Go.")
    run = scene.run(asked, ask("researcher"), says("Well."))
    after = scene.run(going_on(asked, run, "And?"), says("That is all."))
    assert after.messages[: len(run.messages)] == run.messages
    shown = words_to(scene.shown()[-1])
    assert ("Let me look." in shown, "Well." in shown) == (False, True)


@pytest.mark.check("C71")
def test_agents_that_hand_over_are_steps_one_after_the_other(scene: Scene) -> None:
    run = scene.run(asking("Go."), ask("relay"), says("Well."))
    steps = [(e["type"], e["stepName"]) for e in run.told if e["type"].startswith("STEP_")]
    assert steps == [
        ("STEP_STARTED", "first"),
        ("STEP_FINISHED", "first"),
        ("STEP_STARTED", "second"),
        ("STEP_FINISHED", "second"),
    ]


@pytest.mark.check("C72")
@pytest.mark.parametrize("how", [{}, {"Accept": PROTOBUF}], ids=["sse", "protobuf"])
def test_subagents_delegate_in_turn(scene: Scene, how: Any) -> None:
    run = scene.run(asking("Go."), ask("manager"), says("Well."), **how)
    began = {e["name"]: e for e in run.told if e["type"] == "SUBAGENT_STARTED"}
    manager, panel = began["manager"]["subagentRunId"], began["panel"]["subagentRunId"]
    assert {name: event.get("parentSubagentRunId") for name, event in began.items()} == {
        "manager": None,
        "panel": manager,
        "left": panel,
        "right": panel,
        "judge": panel,
    }
    assert began["panel"]["parentToolCallId"] in tool_calls_of(run, manager)


def tool_calls_of(run: Run, owner: str) -> list[str]:
    return [
        event["toolCallId"]
        for event in run.told
        if event["type"] == "TOOL_CALL_START" and event.get("subagentRunId") == owner
    ]


@pytest.mark.check("C67")
def test_tokens_of_subagents_are_tokens_of_the_run(scene: Scene) -> None:
    inner = Reply((Text("Nothing."),), usage=Usage(7, 5))
    run = scene.run(asking("Go."), ask("helper"), inner, says("Well."))
    (usage,) = run.one("RUN_FINISHED")["usage"]
    assert (usage["inputTokens"], usage["outputTokens"]) == (20 + 7 + 20, 10 + 5 + 10)


def test_a_plain_prompt_is_answered_by_the_agent_that_was_asked(scene: Scene) -> None:
    scene.plays(ask("panel"), says("Well."))
    reply = scene.post({"prompt": "Go."}).json()
    assert reply["response"] == "Well."
    (call,) = reply["tool_calls"]
    assert (call["name"], call["result"]) == ("panel", "Both are right.")


@pytest.mark.check("C50", "C51")
def test_a_subagent_that_asks_is_suspended_and_goes_on_under_the_same_name(scene: Scene) -> None:
    confirm = calls(ToolUse("confirm", {"what": "Really"}, id="call-2"))
    asked = asking("Go.", state={})
    run = scene.run(asked, ask("asker"), confirm)
    (question,) = run.outcome["interrupts"]
    assert (question["message"], question["toolCallId"]) == ("Really?", "call-1")
    subagent = run.one("SUBAGENT_STARTED")["subagentRunId"]
    assert question["subagentRunId"] == subagent
    assert run.one("SUBAGENT_FINISHED")["outcome"] == {
        "type": "suspended",
        "interruptIds": [question["id"]],
    }
    answer = [{"interruptId": question["id"], "status": "resolved", "payload": "yes"}]
    after = scene.run(going_on(asked, run, resume=answer), says("It is confirmed."), says("Well."))
    assert after.one("SUBAGENT_STARTED")["subagentRunId"] == subagent
    assert "outcome" not in after.one("SUBAGENT_FINISHED")
    assert (after.messages[-1]["content"], after.outcome) == ("Well.", {"type": "success"})
    inner, outer = scene.shown()[2:]
    assert result_in(inner) == "The user said yes."
    assert result_in(outer) == "It is confirmed."


def result_in(body: dict[str, Any]) -> str:
    (block,) = [b["toolResult"] for b in body["messages"][-1]["content"] if "toolResult" in b]
    text: str = block["content"][0]["text"]
    return text


@pytest.mark.check("C57")
@pytest.mark.parametrize("name", ["helper", "helping_team"])
def test_a_client_that_leaves_cancels_the_models_of_subagents(scene: Scene, name: str) -> None:
    story = says(" ".join(["word"] * 600), pause_seconds=0.05)
    asked = asking("Go.")
    scene.run(asked, ask(name), story, leave_on="TEXT_MESSAGE_CONTENT")
    left_at = time.monotonic()
    _, inner = scene.aws.converse.ended(2)
    assert inner.outcome == "client left"
    assert time.monotonic() - left_at < WITHIN_SECONDS
    scene.becomes_idle()
    after = scene.run(asked | {"runId": "again"}, says("Here."))
    assert (after.text, after.outcome) == ("Here.", {"type": "success"})
