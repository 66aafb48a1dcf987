"""Delegates of a live conversation: shown, never spoken, and nobody's after a barge-in."""

import asyncio
from typing import Any

from strands import Agent
from strands.bidi.types.events import BidiBargeInEvent
from strands.models import Model

from protocols.contract.events import (
    AudioDelta,
    Delegated,
    Event,
    StepStarted,
    SubagentEnded,
    SubagentStarted,
    TextDelta,
    ToolFinished,
    ToolStarted,
    Transcript,
    TurnEnded,
    UsageReported,
)
from protocols.contract.inputs import Text
from tests.gateway.agents.live_rig import talking
from tests.scripted import Says, ScriptedModel
from tests.scripted_voice import ScriptedVoice, assistant_says, calls_tool, user_says
from tests.tools import teams
from tools.delegation import delegate
from tools.registry import ToolRegistry


def lending(*turns: Says) -> Any:
    model = ScriptedModel(list(turns))

    async def lend() -> Model:
        return model

    return lend


async def test_a_team_works_for_a_voice_and_only_its_answer_is_spoken_of() -> None:
    voice = ScriptedVoice()
    tools = [*ToolRegistry(teams.TOOLS)]
    async with talking(voice, tools=tools, text_model=lending()) as talk:
        voice.says(*user_says("Ask the panel."), *calls_tool("c", "panel", input="Go."))
        read = await talk.until(ToolFinished)
        voice.says(*assistant_says("Both are right."))
        read += await talk.until(TurnEnded)
    kept = repr(talk.kept)
    (called,) = [event for event in read if isinstance(event, ToolStarted)]
    assert SubagentStarted("c", "panel", "Ask the panel.", "c", called.message_id) in read
    assert Delegated("c", StepStarted("judge")) in read
    answer = ToolFinished("c", (Text("Both are right."),))
    assert read.index(SubagentEnded("c")) < read.index(answer)
    assert not any(isinstance(event, TextDelta) for event in read)
    assert sum(isinstance(event, AudioDelta) for event in read) == 1
    assert sum(isinstance(event, UsageReported) for event in read) == 3
    assert ("left 1" in kept, "Both are right." in kept) == (False, True)


async def test_the_voice_lends_the_text_model_of_the_gateway() -> None:
    voice = ScriptedVoice()
    helper = delegate("helper", "Helps.", teams.helper)
    lend = lending(Says(["From the text model."]))
    async with talking(voice, tools=[*ToolRegistry([helper])], text_model=lend) as talk:
        voice.says(*user_says("Help."), *calls_tool("c", "helper", input="Go."))
        *_, answer = await talk.until(ToolFinished)
    assert answer == ToolFinished("c", (Text("From the text model."),))


async def test_what_a_delegate_does_after_a_barge_in_is_nobodys() -> None:
    begun, free = asyncio.Event(), asyncio.Event()

    def slow(model: Model) -> Agent:
        begun.set()
        return teams.member("slow", Says(["Too ", "late."], waits_for=free))

    voice = ScriptedVoice()
    tools = [*ToolRegistry([delegate("slow", "Slow.", slow)])]
    async with talking(voice, tools=tools, text_model=lending()) as talk:
        voice.says(*user_says("Ask."), *calls_tool("c", "slow", input="Go."))
        await talk.until(Delegated)
        voice.says(BidiBargeInEvent())
        await talk.until(TurnEnded)
        free.set()
        voice.says(*user_says("Never mind.", "v"), *assistant_says("All right."))
        read: list[Event] = await talk.until(TurnEnded)
    heard = [event for event in read if isinstance(event, Delegated | SubagentEnded | ToolFinished)]
    assert heard == []
    said = [event.delta for event in read if isinstance(event, Transcript) and event.delta]
    assert said == ["Never mind.", "All right."]


async def test_hanging_up_ends_the_delegates() -> None:
    before = asyncio.all_tasks()
    voice = ScriptedVoice()
    tools = [*ToolRegistry(teams.TOOLS)]
    async with talking(voice, tools=tools, text_model=lending()) as talk:
        voice.says(*user_says("Ask."), *calls_tool("c", "endless_team", input="Go."))
        await talk.until(Delegated, 2)
    async with asyncio.timeout(5):
        while left := asyncio.all_tasks() - before:
            await asyncio.wait(left)
