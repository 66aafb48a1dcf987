"""Tools that run while the user speaks over the answer, on a real strands BidiAgent."""

import asyncio

import pytest
from strands import tool
from strands.bidi.types.events import BidiBargeInEvent

from protocols.contract.conversations import Heard
from protocols.contract.events import BargeIn, ToolRequested, TurnEnded
from tests.gateway.agents.live_rig import Talk, talking
from tests.gateway.agents.test_live_client_tools import Attentive, result_of
from tests.scripted_voice import assistant_says, calls_tool, user_says
from tools.interruption import ends_when_talked_over


class Work:
    """Tools that work until they are let go, and tell how they ended."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.runs = 0

        @tool
        async def book(seat: int) -> str:
            """Book a seat."""
            return await self._work(f"seat {seat} booked")

        @ends_when_talked_over
        @tool
        async def search(words: str) -> str:
            """Search for words."""
            return await self._work(f"found {words}")

        self.book, self.search = book, search

    async def _work(self, answer: str) -> str:
        self.runs += 1
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return answer


async def talked_over(talk: Talk, name: str, **arguments: object) -> None:
    """Let the model call a tool, and the user speak over the answer."""
    work_begun = talk.voice
    work_begun.says(*user_says("Do it"), *calls_tool("c", name, **arguments))
    await talk.until(ToolRequested)
    talk.voice.says(BidiBargeInEvent())
    assert BargeIn() in await talk.until(TurnEnded)


async def test_a_tool_goes_on_and_its_result_waits_until_the_user_has_spoken() -> None:
    work, voice = Work(), Attentive()
    async with talking(voice, tools=[work.book]) as talk:
        await talked_over(talk, "book", seat=7)
        work.go.set()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await voice.told.wait()
        voice.says(*user_says("And a window seat, please", "u2"))
        assert await result_of(voice) == ("success", [{"text": "seat 7 booked"}])
        assert work.runs == 1


async def test_a_user_who_says_nothing_more_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work, voice = Work(), Attentive()
    async with talking(voice, tools=[work.book]) as talk:
        talk.live._talked_over._held_seconds = 0.01
        await talked_over(talk, "book", seat=7)
        work.go.set()
        assert (await result_of(voice))[0] == "success"


async def test_a_tool_that_nobody_wants_any_more_is_cancelled_and_one_result_is_sent() -> None:
    work, voice = Work(), Attentive()
    async with talking(voice, tools=[work.search]) as talk:
        await talked_over(talk, "search", words="boats")
        async with asyncio.timeout(5):
            await work.cancelled.wait()
        voice.says(*user_says("Stop", "u2"), *assistant_says("Stopped.", "a2"))
        await talk.until(TurnEnded)
        status, content = await result_of(voice)
        assert (status, len(voice.results)) == ("error", 1)
        assert "cancelled" in content[0]["text"]


async def test_a_tool_that_nobody_speaks_over_gives_its_result_at_once() -> None:
    work, voice = Work(), Attentive()
    async with talking(voice, tools=[work.search, work.book]) as talk:
        work.go.set()
        voice.says(*user_says("Search"), *calls_tool("c", "search", words="boats"))
        assert await result_of(voice) == ("success", [{"text": "found boats"}])
        assert not talk.live._talked_over._running


async def test_a_cut_that_the_model_did_not_notice_ends_such_calls_too() -> None:
    work = Work()
    async with talking(Attentive(), tools=[work.search]) as talk:
        talk.voice.says(*user_says("Search"), *calls_tool("c", "search", words="boats"))
        async with asyncio.timeout(5):
            await work.begun.wait()
            talk.live.cut_off([Heard("m", 0.5)])
            await work.cancelled.wait()


async def test_hanging_up_ends_a_tool_that_runs() -> None:
    work = Work()
    async with talking(Attentive(), tools=[work.search]) as talk:
        talk.voice.says(*user_says("Search"), *calls_tool("c", "search", words="boats"))
        async with asyncio.timeout(5):
            await work.begun.wait()
            await talk.live.aclose()
            await work.cancelled.wait()
