"""What delegates tell, with real strands agents and teams whose models are scripted."""

import asyncio
from itertools import count
from typing import Any

import pytest
from strands import Agent

from gateway.agents.delegation import Delegations
from gateway.agents.translation import TextTranslation
from protocols.ag_ui_events import RunTranslator
from protocols.contract.events import (
    ActivityChanged,
    Delegated,
    Event,
    ReasoningDelta,
    StepEnded,
    StepStarted,
    SubagentEnded,
    SubagentStarted,
    TextDelta,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnEnded,
    UsageReported,
)
from protocols.contract.inputs import Text
from tests.ag_ui_verifier import verify
from tests.scripted import Call, Says, ScriptedModel
from tests.tools import teams
from tools.delegate_events import DelegateEnded, DelegateTold
from tools.registry import ToolRegistry
from tools.sharing import Progress

FAILED = (Text("The agent failed before it had an answer."),)


async def told(*delegates: str, calls: tuple[Call, ...] = ()) -> tuple[list[Event], ScriptedModel]:
    """Ask an agent that calls these delegates in one turn, and give what is told."""
    numbers = count(1)
    asks = calls or tuple(
        Call(f"c{n}", name, ['{"input": "go"}']) for n, name in enumerate(delegates)
    )
    model = ScriptedModel([Says(calls=asks), Says(["Well."])])
    agent = Agent(model=model, tools=[*ToolRegistry(teams.TOOLS)], callback_handler=None)
    translation = TextTranslation(new_id=lambda: f"id-{next(numbers)}")
    heard: list[Event] = []
    async with asyncio.timeout(20):
        async for event in agent.stream_async("Go."):
            heard += translation.translate(event)
    shown(heard)
    return heard, model


def shown(heard: list[Event]) -> list[dict[str, Any]]:
    """What an AG-UI client sees of it passes the published verifier."""
    translator = RunTranslator("t", "r")
    written = translator.start()
    for event in heard:
        written += translator.translate(event)
    verify(written)
    assert teams.SECRET not in repr(written)
    return written


def work(heard: list[Event], owner: str) -> list[Any]:
    return [e.event for e in heard if isinstance(e, Delegated) and e.subagent_id == owner]


async def test_an_agent_shows_its_thinking_its_words_and_its_tools() -> None:
    heard, model = await told("researcher")
    assert SubagentStarted("c0", "researcher", "Ask the researcher.", "c0", "id-1") in heard
    assert work(heard, "c0") == [
        ReasoningDelta("id-2", "Hm."),
        ReasoningDelta("id-2", "", "proof"),
        TextDelta("id-2", "Let me look."),
        ToolStarted("id-2", "c0/1", "look"),
        ToolArguments("c0/1", '{"where": "cellar"}'),
        ToolRequested("c0/1"),
        ToolStarted("id-2", "c0/2", "fall"),
        ToolArguments("c0/2", '{"where": "well"}'),
        ToolRequested("c0/2"),
        ToolFinished("c0/1", (Text("Nothing in the cellar."),)),
        ToolFinished("c0/2", (Text("The tool failed because of an internal error."),), error=True),
        TextDelta("id-3", "It is "),
        TextDelta("id-3", "gone."),
    ]
    assert heard[-5:-3] == [SubagentEnded("c0"), ToolFinished("c0", (Text("It is gone."),))]
    roles = [(m["role"], [*m["content"][0]]) for m in model.seen[1].messages]
    assert roles == [("user", ["text"]), ("assistant", ["toolUse"]), ("user", ["toolResult"])]


async def test_the_tokens_of_delegates_are_the_turns() -> None:
    heard, _ = await told("manager")
    assert sum(isinstance(event, UsageReported) for event in heard) == 2 + 2 + 3


async def test_nodes_at_once_are_steps_and_agents_with_messages_of_their_own() -> None:
    heard, _ = await told("panel")
    steps = [e for e in work(heard, "c0") if isinstance(e, StepStarted | StepEnded)]
    assert {*steps[:2]} == {StepStarted("left"), StepStarted("right")}
    assert {*steps[2:4]} == {StepEnded("left"), StepEnded("right")}
    assert steps[4:] == [StepStarted("judge"), StepEnded("judge")]
    for side in ("left", "right"):
        assert SubagentStarted(f"c0/{side}", side) in work(heard, "c0")
        assert SubagentEnded(f"c0/{side}") in work(heard, "c0")
        words = work(heard, f"c0/{side}")
        assert [word.text for word in words] == [f"{side} 1, ", f"{side} 2"]
        assert len({word.message_id for word in words}) == 1


async def test_agents_of_a_swarm_come_one_after_the_other() -> None:
    heard, _ = await told("relay")
    assert [e.name for e in work(heard, "c0") if isinstance(e, StepStarted)] == ["first", "second"]
    assert work(heard, "c0/second")[0].text == "I answer."


async def test_a_delegate_delegates_in_turn() -> None:
    heard, _ = await told("manager")
    (began,) = [e for e in work(heard, "c0") if isinstance(e, SubagentStarted)]
    assert (began.subagent_id, began.tool_call_id) == ("c0/1", "c0/1")
    assert began.message_id == work(heard, "c0")[0].message_id
    assert SubagentStarted("c0/1/left", "left") in work(heard, "c0/1")
    assert work(heard, "c0/1/judge")[0].text == "Both "
    assert work(heard, "c0")[-2:] == [
        ToolFinished("c0/1", (Text("Both are right."),)),
        TextDelta("id-6", "The panel agrees."),
    ]


async def test_a_team_may_be_in_a_team() -> None:
    heard, _ = await told("nested_panel")
    assert StepStarted("left") in work(heard, "c0/panel")
    assert work(heard, "c0/panel/left")[0].text == "left 1, "


@pytest.mark.parametrize("name", ["failing", "broken_panel", "broken_relay"])
async def test_a_delegate_that_fails_ends_as_failed_and_the_turn_goes_on(name: str) -> None:
    heard, model = await told(name)
    assert SubagentEnded("c0", "failed") in heard
    assert ToolFinished("c0", FAILED, error=True) in heard
    assert [event.text for event in heard if isinstance(event, TextDelta)] == ["Well."]
    assert heard[-1] == TurnEnded()
    assert teams.SECRET not in repr(model.seen)


async def test_a_node_that_fails_ends_as_failed() -> None:
    heard, _ = await told("broken_relay")
    assert work(heard, "c0")[-2:] == [SubagentEnded("c0/first", "failed"), StepEnded("first")]


async def test_delegates_at_once_are_told_apart() -> None:
    heard, _ = await told("relay", "panel")
    assert {SubagentEnded("c0"), SubagentEnded("c1")} <= {
        e for e in heard if isinstance(e, SubagentEnded)
    }
    assert work(heard, "c0/second") and work(heard, "c1/judge")


async def test_agents_of_one_call_are_told_apart_when_models_name_calls_alike() -> None:
    numbers = count(1)
    translation = TextTranslation(new_id=lambda: f"id-{next(numbers)}")
    begun = [e for _ in range(2) for e in _one_call(translation)]
    assert [e.subagent_id for e in begun if isinstance(e, SubagentStarted)] == ["c", "c#2"]
    assert [e.subagent_id for e in begun if isinstance(e, SubagentEnded)] == ["c", "c#2"]


def _one_call(translation: TextTranslation) -> list[Event]:
    use = {"toolUseId": "c", "name": "ask"}
    told = {"tool_stream_event": {"tool_use": use, "data": DelegateTold("ask", "")}}
    result = {"toolResult": {"toolUseId": "c", "content": [], "status": "success"}}
    return [
        *translation.translate(told),
        *translation.translate({"message": {"role": "user", "content": [result]}}),
    ]


def fresh() -> Delegations:
    return Delegations(lambda owner: TextTranslation(owner=owner, new_id=lambda: "id"))


def tells(data: Any) -> dict[str, Any]:
    return {"tool_use": {"toolUseId": "c", "name": "ask"}, "data": data}


def node(kind: str, **members: Any) -> dict[str, Any]:
    return tells(DelegateTold("ask", "", {"type": f"multiagent_node_{kind}", **members}))


def test_a_delegate_that_was_given_up_ends_with_the_error_of_its_call() -> None:
    delegations = fresh()
    delegations.told(tells(DelegateTold("ask", "")), "m")
    assert delegations.finished(ToolFinished("c", (), error=True)) == [SubagentEnded("c", "failed")]
    assert delegations.finished(ToolFinished("c", (), error=True)) == []


def test_an_agent_that_waits_for_the_user_is_suspended() -> None:
    delegations = fresh()
    delegations.told(tells(DelegateTold("ask", "")), "m")
    assert delegations.told(tells(DelegateEnded("suspended", ("i",))), "m") == [
        SubagentEnded("c", "suspended", ("i",))
    ]


def test_a_node_that_comes_again_is_another_agent() -> None:
    delegations = fresh()
    for _ in range(2):
        told_last = delegations.told(node("start", node_id="a"), "m")
        delegations.told(node("stop", node_id="a", node_result=_Stopped()), "m")
    assert told_last == [
        Delegated("c", StepStarted("a")),
        Delegated("c", SubagentStarted("c/a#2", "a")),
    ]


def test_what_comes_from_no_node_is_not_told() -> None:
    delegations = fresh()
    delegations.told(tells(DelegateTold("ask", "")), "m")
    stream = node("stream", node_id="x", event={"event": {"messageStart": {}}})
    assert delegations.told(stream, "m") == []
    assert delegations.told(node("stop", node_id="x", node_result=_Stopped()), "m") == []


def test_progress_of_a_delegates_tool_is_the_delegates() -> None:
    use = {"toolUseId": "1", "name": "cook"}
    event = {"tool_stream_event": {"tool_use": use, "data": Progress("cooking", {"done": 1})}}
    (_, progress) = fresh().told(tells(DelegateTold("ask", "", event)), "m")
    assert progress == Delegated("c", ActivityChanged("c/1-cooking", "cooking", {"done": 1}))


def test_what_a_tool_yields_for_itself_is_not_told() -> None:
    assert fresh().told(tells("half way"), "m") == []


class _Status:
    value = "completed"


class _Stopped:
    status = _Status()


def test_progress_that_is_no_json_can_be_told() -> None:
    use = {"toolUseId": "c1", "name": "cook"}
    event = {"tool_stream_event": {"tool_use": use, "data": Progress("cooking", {"x": object()})}}
    assert TextTranslation().translate(event) == [
        ActivityChanged("c1-cooking", "cooking", {"x": "(object)"})
    ]


def test_progress_that_is_no_object_is_shown_in_one() -> None:
    half: Any = 0.5
    use = {"toolUseId": "c1", "name": "cook", "input": {}}
    event = {"tool_stream_event": {"tool_use": use, "data": Progress("cooking", half)}}
    assert TextTranslation().translate(event) == [
        ActivityChanged("c1-cooking", "cooking", {"value": 0.5})
    ]
