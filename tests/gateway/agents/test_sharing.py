"""Tools that share a state and tell their progress, in real agents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import UNSET
from strands import Agent, ToolContext, tool
from strands.bidi import BidiAgent
from strands.types.content import Messages

from gateway.agents.factory import Voice
from gateway.agents.live import LivePlan, StrandsLive
from gateway.agents.sharing import SharedState
from gateway.agents.turns import StrandsTurn, TurnPlan
from observability.conversations import ConversationObservation
from observability.turns import TurnObservation
from protocols.contract.events import ActivityChanged, Event, StateChanged, ToolFinished
from protocols.contract.inputs import Text, UserTurn
from tests.scripted import Call, Says, ScriptedModel
from tests.scripted_voice import ScriptedVoice, calls_tool, user_says
from tools.delegate_events import DelegateTold
from tools.registry import ToolRegistry
from tools.sharing import STATE_KEY, Progress, share_state, shared_state


@tool(context=True)
async def cook(dish: str, tool_context: ToolContext) -> AsyncIterator[Any]:
    """Cook a dish.

    Args:
        dish: What to cook.
    """
    for step in (1, 2):
        yield Progress("cooking", {"dish": dish, "step": step})
    before = shared_state(tool_context) or {}
    share_state(tool_context, {**before, "menu": [*before.get("menu", []), dish]})
    yield f"{dish} is ready."


TOLD = [
    ActivityChanged("c1-cooking", "cooking", {"dish": "soup", "step": 1}),
    ActivityChanged("c1-cooking", "cooking", {"dish": "soup", "step": 2}),
    ToolFinished("c1", (Text("soup is ready."),)),
]


def told(events: list[Event]) -> list[Event]:
    """What is told in the order of the tool; a change of state may be told at any place."""
    return [event for event in events if isinstance(event, ActivityChanged | ToolFinished)]


def changes(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, StateChanged)]


@pytest.mark.parametrize(
    ("given", "change"),
    [
        (UNSET, StateChanged(None, {"menu": ["tea", "soup"]})),
        ({"menu": []}, StateChanged({"menu": []}, {"menu": ["soup"]})),
    ],
)
async def test_a_text_turn_tells_progress_and_what_a_tool_changed(given: Any, change: Any) -> None:
    model = ScriptedModel([Says(calls=[Call("c1", "cook", ['{"dish": "soup"}'])]), Says(["ok"])])

    async def agent(messages: Messages) -> Agent:
        tools: list[Any] = list(ToolRegistry([cook]))
        state = {"shared": {"menu": ["tea"]}}
        return Agent(
            model=model, messages=messages, tools=tools, state=state, callback_handler=None
        )

    @contextmanager
    def observe() -> Any:
        yield TurnObservation()

    turn = StrandsTurn(
        TurnPlan(
            said=UserTurn(content=(Text("cook"),), state=given),
            history=[],
            agent=agent,
            observe=observe,
            keep=keep_nothing,
            release=lambda: None,
            limit_seconds=5,
            stalled_seconds=5,
        )
    )
    async with asyncio.timeout(5):
        events = [event async for event in turn]
    assert told(events) == TOLD
    assert changes(events) == [change]


async def keep_nothing(*left: Any) -> None:
    """What a turn leaves is of no interest here."""


async def test_a_spoken_turn_tells_the_same() -> None:
    voice = ScriptedVoice()
    agent = BidiAgent(model=voice, tools=[*ToolRegistry([cook])])

    @contextmanager
    def observe() -> Any:
        yield ConversationObservation()

    live = StrandsLive(
        LivePlan(
            voice=Voice(agent, "scripted", 16000, 24000, False),
            observe=observe,
            keep=keep_nothing,
            release=lambda: None,
            limit_seconds=5,
            idle_seconds=5,
        )
    )
    voice.says(*user_says("cook soup"), *calls_tool("c1", "cook", dish="soup"))
    events: list[Event] = []
    async with asyncio.timeout(5):
        async for event in live:
            events.append(event)
            if isinstance(event, ToolFinished):
                break
        await live.aclose()
    assert told(events) == TOLD
    assert changes(events) == [StateChanged(None, {"menu": ["soup"]})]


def test_nothing_is_told_where_nothing_changed_or_may_have() -> None:
    agent = Agent(callback_handler=None)
    state = SharedState(agent, {"a": 1})
    assert state.changes({"message": {}}) == []
    agent.state.set("shared", {"a": 2})
    assert state.changes({"data": "x"}) == []
    assert state.changes({"tool_stream_event": {}}) == [StateChanged({"a": 1}, {"a": 2})]
    assert state.changes({"message": {}}) == []


def test_a_change_beside_a_tool_that_asks_is_told_at_the_end() -> None:
    agent = Agent(callback_handler=None)
    state = SharedState(agent, {"a": 1})
    agent.state.set(STATE_KEY, {"a": 2})
    assert state.changes({"result": None}) == [StateChanged({"a": 1}, {"a": 2})]


def test_one_is_not_true() -> None:
    agent = Agent(callback_handler=None)
    state = SharedState(agent, {"a": 1})
    agent.state.set(STATE_KEY, {"a": True})
    (change,) = state.changes({"message": {}})
    assert isinstance(change, StateChanged)
    assert change.after["a"] is True


def test_a_client_that_brought_no_state_is_told_all_of_it_first() -> None:
    agent = Agent(callback_handler=None, state={STATE_KEY: {"a": 1, "b": 1}})
    state = SharedState(agent)
    agent.state.set(STATE_KEY, {"a": 2, "b": 1})
    assert state.changes({"message": {}}) == [StateChanged(None, {"a": 2, "b": 1})]
    agent.state.set(STATE_KEY, {"a": 3})
    assert state.changes({"message": {}}) == [StateChanged({"a": 2, "b": 1}, {"a": 3})]


def test_what_delegates_tell_changes_no_state() -> None:
    agent = Agent(callback_handler=None)
    shared = SharedState(agent, {"a": 1})
    agent.state.set(STATE_KEY, {"a": 2})
    told = {"tool_use": {"toolUseId": "c", "name": "ask"}, "data": DelegateTold("ask", "")}
    assert shared.changes({"tool_stream_event": told}) == []
    assert shared.changes({"tool_stream_event": {**told, "data": 1}}) == [
        StateChanged({"a": 1}, {"a": 2})
    ]


def test_a_state_that_nobody_has_set_again_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = Agent(callback_handler=None)
    state = SharedState(agent, {"a": 1})
    monkeypatch.setattr(agent.state, "get", None)
    assert state.changes({"message": {}}) == []
