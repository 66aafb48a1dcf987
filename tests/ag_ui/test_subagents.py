"""Agents that work for the one that was asked: alone as a tool, or as a team."""

import pytest

from protocols.streaming import SESSION_HEADER
from tests.ag_ui.scene import Scene, asking
from tests.ag_ui_consumer import Run, events_of
from tests.emulators.converse.scripts import ToolUse, calls, says
from tests.tools import teams

pytestmark = pytest.mark.slow


def delegating(scene: Scene, name: str) -> Run:
    use = ToolUse(name, {"input": "Find the key."}, id="call-1")
    run = scene.run(asking("Find it."), calls(use), says("That is all."))
    assert (run.text.endswith("That is all."), run.outcome) == (True, {"type": "success"})
    assert teams.SECRET.encode() not in run.body
    return run


@pytest.mark.check("C72")
def test_an_agent_as_a_tool_is_a_subagent_of_the_call(scene: Scene) -> None:
    run = delegating(scene, "researcher")
    started = run.one("SUBAGENT_STARTED")
    assert (started["name"], started["parentToolCallId"]) == ("researcher", "call-1")
    assert started["parentMessageId"] == run.all("TOOL_CALL_START", "parentMessageId")[0]
    owner = started["subagentRunId"]
    kinds = [event["type"] for event in run.told]
    first, last = kinds.index("SUBAGENT_STARTED"), kinds.index("SUBAGENT_FINISHED")
    assert first < last < kinds.index("RUN_FINISHED")
    within = run.told[first + 1 : last]
    assert {event.get("subagentRunId") for event in within} == {owner}
    assert {"REASONING_START", "TEXT_MESSAGE_CONTENT", "TOOL_CALL_RESULT"} <= {
        event["type"] for event in within
    }
    outside = [*run.told[:first], *run.told[last + 1 :]]
    assert [event for event in outside if event.get("subagentRunId")] == []
    (result,) = [event for event in outside if event["type"] == "TOOL_CALL_RESULT"]
    assert (result["toolCallId"], result["content"]) == ("call-1", "It is gone.")
    owned = [message for message in run.messages if message.get("subagentRunId") == owner]
    assert {message["role"] for message in owned} == {"reasoning", "assistant", "tool"}


@pytest.mark.check("C72")
def test_an_agent_that_fails_is_told_of_without_its_secrets_and_the_run_goes_on(
    scene: Scene,
) -> None:
    run = delegating(scene, "failing")
    failed = run.one("SUBAGENT_ERROR")
    assert failed["subagentRunId"] == run.one("SUBAGENT_STARTED")["subagentRunId"]
    assert run.one("TOOL_CALL_RESULT")["metadata"] == {"gateway": {"error": True}}


@pytest.mark.feature("subgraphs")
@pytest.mark.check("C71")
def test_nodes_at_work_side_by_side_are_steps_with_messages_of_their_own(scene: Scene) -> None:
    run = delegating(scene, "panel")
    steps = run.all("STEP_STARTED", "stepName")
    assert set(steps[:2]) == {"left", "right"}
    assert steps[2:] == ["judge"]
    assert sorted(run.all("STEP_FINISHED", "stepName")) == ["judge", "left", "right"]
    texts: dict[str, str] = {}
    owners: dict[str, set[object]] = {}
    for event in run.told:
        if event["type"].startswith("TEXT_MESSAGE_"):
            message = event["messageId"]
            texts[message] = texts.get(message, "") + event.get("delta", "")
            owners.setdefault(message, set()).add(event.get("subagentRunId"))
    assert sorted(texts.values()) == [
        "Both are right.",
        "That is all.",
        "left 1, left 2",
        "right 1, right 2",
    ]
    assert all(len(each) == 1 for each in owners.values())


@pytest.mark.check("C71")
@pytest.mark.parametrize("team", ["relay", "manager", "nested_panel", "broken_panel"])
def test_teams_of_every_kind_are_told_in_order(scene: Scene, team: str) -> None:
    run = delegating(scene, team)
    begun = run.all("SUBAGENT_STARTED", "subagentRunId")
    ended = [
        event["subagentRunId"]
        for event in run.told
        if event["type"] in {"SUBAGENT_FINISHED", "SUBAGENT_ERROR"}
    ]
    assert sorted(begun) == sorted(ended)
    assert run.all("STEP_STARTED", "stepName")


@pytest.mark.check("C59", "C72")
@pytest.mark.parametrize("worker", ["endless", "endless_team"])
def test_a_stop_request_ends_subagents_before_the_run(scene: Scene, worker: str) -> None:
    scene.plays(calls(ToolUse(worker, {"input": "Begin."})))
    asked = asking("Begin.")
    with scene.reading(asked) as lines:
        told = [next(lines)]
        while "I begin" not in told[-1]:
            told.append(next(lines))
        scene.post({"action": "cancel"}, **{SESSION_HEADER: asked["threadId"]})
        told += lines
    run = scene.consumer.judge(events_of("".join(f"{line}\n\n" for line in told).encode()), asked)
    assert run.outcome == {"type": "cancelled"}
    assert set(run.all("SUBAGENT_ERROR", "code")) == {"CANCELLED"}
