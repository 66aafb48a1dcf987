"""Live conversations of sessions: their client's tools and state, and who has to give way."""

import asyncio
from typing import Any

import pytest
from strands import ToolContext, tool
from strands.types.tools import AgentTool

from protocols.contract.conversations import Heard, SessionKey
from protocols.contract.errors import (
    InvalidInput,
    NotFound,
    SessionBusy,
    TooLarge,
    TooManySessions,
)
from protocols.contract.events import (
    AudioDelta,
    Event,
    StateChanged,
    ToolFinished,
    ToolRequested,
    TurnEnded,
)
from protocols.contract.inputs import ClientTool, LiveOptions, Text, ToolResult, UserTurn
from tests.gateway.test_sessions import KEY, Rig
from tests.scripted import Call, Says
from tests.scripted_voice import assistant_says, calls_tool, user_says
from tools.sharing import share_state, shared_state

PAINT = ClientTool("paint", "Paints the page.")


@tool(context=True)
def turn_page(tool_context: ToolContext) -> str:
    """Turn to the next page."""
    page = shared_state(tool_context)["page"] + 1
    share_state(tool_context, {"page": page})
    return f"page {page}"


async def test_a_client_tool_is_called_and_answered_in_a_live_conversation() -> None:
    rig = Rig(tool_seconds=5)
    live = await rig.sessions.open(KEY, LiveOptions(client_tools=(PAINT,)), "ws")
    [voice] = rig.models.voices
    voice.says(*user_says("Red"), *calls_tool("c", "paint"))
    async with asyncio.timeout(5):
        async for event in live:
            if type(event).__name__ == "ToolRequested":
                live.answer(ToolResult("c", (Text("red"),)))
            if isinstance(event, ToolFinished):
                break
        assert event == ToolFinished("c", (Text("red"),))
        await live.aclose()


@pytest.mark.parametrize("name", ["turn_page", "no spaces", ""])
async def test_names_of_client_tools_are_checked_as_for_text(name: str) -> None:
    tools: list[AgentTool] = [turn_page]
    rig = Rig(tools=tools)
    with pytest.raises(InvalidInput, match="tool"):
        await rig.sessions.open(KEY, LiveOptions(client_tools=(ClientTool(name, ""),)), "ws")
    assert rig.activity.status == "Healthy"


async def test_a_live_conversation_brings_no_more_tools_than_a_run() -> None:
    rig = Rig(max_client_tools=1)
    tools = (PAINT, ClientTool("draw", ""))
    with pytest.raises(TooLarge, match="GATEWAY_MAX_CLIENT_TOOLS"):
        await rig.sessions.open(KEY, LiveOptions(client_tools=tools), "ws")


async def test_the_clients_state_is_shared_with_the_tools() -> None:
    rig = Rig(tools=[turn_page])
    live = await rig.sessions.open(KEY, LiveOptions(state={"page": 2}), "ws")
    [voice] = rig.models.voices
    voice.says(*user_says("Next"), *calls_tool("c", "turn_page"))
    async with asyncio.timeout(5):
        changed = [event async for event in _until_changed(live)]
        await live.aclose()
    assert changed == [StateChanged({"page": 2}, {"page": 3})]


async def _until_changed(live: Any) -> Any:
    async for event in live:
        if isinstance(event, StateChanged):
            yield event
            return


async def test_a_conversation_whose_client_is_away_gives_way() -> None:
    rig = Rig(Says(["Hello"]))
    live = await rig.sessions.open(KEY, LiveOptions(), "ws")
    with pytest.raises(SessionBusy):
        await rig.ask("Hi")
    live.park(parked=True)
    events = await rig.ask("Hi")
    assert events[-1] == TurnEnded()
    assert [event async for event in live] == []


async def test_other_wires_remember_only_what_was_heard() -> None:
    rig = Rig(Says(["Yes"]))
    live = await rig.sessions.open(KEY, LiveOptions(), "ws")
    [voice] = rig.models.voices
    voice.says(*user_says("Count"), *assistant_says("one two three four"))
    async with asyncio.timeout(5):
        async for event in live:
            if isinstance(event, AudioDelta):
                message_id = event.message_id
            if isinstance(event, TurnEnded):
                break
        live.cut_off([Heard(message_id, 0.5 / 24_000)])
        await live.aclose()
    [asked, answered] = await rig.sessions.history(KEY)
    assert asked.content == (Text("Count"),)
    assert answered.content == (Text("one two [interrupted]"),)


@pytest.mark.parametrize("waits", [True, False])
async def test_a_written_turn_waits_for_its_clients_tools_if_it_says_so(waits: bool) -> None:
    rig = Rig(Says(calls=[Call("c", "paint")]), Says(["Red it is"]), tool_seconds=5)
    said = UserTurn(content=(Text("Red"),), client_tools=(PAINT,), waits_for_tools=waits)
    turn = await rig.sessions.begin(KEY, said, "ws")
    events: list[Event] = []
    async with asyncio.timeout(5):
        async for event in turn:
            events.append(event)
            if isinstance(event, ToolRequested) and waits:
                turn.answer(ToolResult("c", (Text("red"),)))
    results = [event for event in events if isinstance(event, ToolFinished)]
    assert results == ([ToolFinished("c", (Text("red"),))] if waits else [])
    assert events[-1] == TurnEnded(stop_reason="end_turn" if waits else "tool_use")
    with pytest.raises((InvalidInput, NotFound)):
        turn.answer(ToolResult("c", ()))


async def test_in_a_crowd_a_conversation_whose_client_is_away_gives_way_to_any_other() -> None:
    rig = Rig(max_turns=2)
    first = await rig.sessions.open(KEY, LiveOptions(), "ws")
    second = await rig.sessions.open(SessionKey("ada", "s2"), LiveOptions(), "ws")
    with pytest.raises(TooManySessions):
        await rig.sessions.open(SessionKey("ada", "s3"), LiveOptions(), "ws")
    second.park(parked=True)
    third = await rig.sessions.open(SessionKey("ada", "s3"), LiveOptions(), "ws")
    assert [event async for event in second] == []
    for live in (first, third):
        await live.aclose()


async def test_where_voices_are_few_those_that_wait_give_way_first() -> None:
    rig = Rig(max_voices=1)
    rig.models.voice_name = "offline"
    first = await rig.sessions.open(KEY, LiveOptions(), "ws")
    first.park(parked=True)
    second = await rig.sessions.open(SessionKey("ada", "s2"), LiveOptions(), "ws")
    assert [event async for event in first] == []
    await second.aclose()
