"""Tools that the client runs in a live conversation, on a real strands BidiAgent."""

import asyncio
from typing import Any

from strands.bidi.types.content import BidiMessage
from strands.bidi.types.events import BidiBargeInEvent
from strands.types.tools import ToolResultBlock

from gateway.agents.client_tools import ClientTools
from protocols.contract.events import (
    BargeIn,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    Transcript,
    TurnEnded,
)
from protocols.contract.inputs import ClientTool, Text, ToolResult
from tests.gateway.agents.live_rig import Talk, talking
from tests.scripted_voice import ScriptedVoice, assistant_says, calls_tool, user_says

PAINT = ClientTool("paint", "Paints the page.")
RED = ToolResult("c1", (Text("red"),))


class Attentive(ScriptedVoice):
    """Tells when it was given the result of a tool."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[ToolResultBlock] = []
        self.told = asyncio.Event()

    async def send(self, content: Any) -> None:
        await super().send(content)
        if isinstance(content, BidiMessage) and isinstance(content.content[0], ToolResultBlock):
            self.results += [b for b in content.content if isinstance(b, ToolResultBlock)]
            self.told.set()


async def result_of(voice: Attentive) -> tuple[str, Any]:
    async with asyncio.timeout(5):
        await voice.told.wait()
    [result] = voice.results
    return result.status, result.content


async def asked(talk: Talk) -> None:
    """Let the model call the client's tool."""
    talk.voice.says(*user_says("Paint it red"), *calls_tool("c1", "paint", colour="red"))
    events = await talk.until(ToolRequested)
    assert next(e for e in events if isinstance(e, ToolStarted)).client


async def test_the_model_waits_for_the_result_of_the_client() -> None:
    voice = Attentive()
    async with talking(voice, ClientTools([PAINT])) as talk:
        await asked(talk)
        assert voice.results == []
        talk.live.answer(RED)
        assert (await talk.until(ToolFinished))[-1] == ToolFinished("c1", (Text("red"),))
        assert await result_of(voice) == ("success", [{"text": "red"}])
        voice.says(*assistant_says("It is red."))
        assert (await talk.until(TurnEnded))[-1] == TurnEnded()


async def test_a_client_that_does_not_answer_in_time_fails_the_call_not_the_conversation() -> None:
    voice = Attentive()
    async with talking(voice, ClientTools([PAINT], timeout_seconds=0.02)) as talk:
        await asked(talk)
        assert (await result_of(voice))[0] == "error"
        voice.says(*assistant_says("I cannot paint now."))
        events = await talk.until(TurnEnded)
        assert events[-1] == TurnEnded()
        assert [e.error for e in events if isinstance(e, ToolFinished)] == [True]


async def test_a_waiting_tool_holds_up_neither_speech_nor_a_barge_in() -> None:
    voice = Attentive()
    async with talking(voice, ClientTools([PAINT])) as talk:
        await asked(talk)
        voice.says(*assistant_says("One moment.")[:-1])
        spoken = await talk.until(Transcript, 2)
        assert "One moment." in [e.delta for e in spoken if isinstance(e, Transcript)]
        voice.says(BidiBargeInEvent())
        assert BargeIn() in await talk.until(TurnEnded)


async def test_a_result_after_a_barge_in_still_reaches_the_model_and_is_told_to_nobody() -> None:
    voice = Attentive()
    async with talking(voice, ClientTools([PAINT])) as talk:
        await asked(talk)
        voice.says(BidiBargeInEvent())
        await talk.until(TurnEnded)
        talk.live.answer(RED)
        voice.says(*user_says("Hello?", "u2"))
        assert await result_of(voice) == ("success", [{"text": "red"}])
        voice.says(*assistant_says("Yes.", "a2"))
        assert not [e for e in await talk.until(TurnEnded) if isinstance(e, ToolFinished)]


async def test_hanging_up_gives_waiting_calls_up() -> None:
    async with talking(Attentive(), ClientTools([PAINT])) as talk:
        await asked(talk)
        async with asyncio.timeout(5):
            await talk.live.aclose()
        assert talk.voice.stopped == 1
