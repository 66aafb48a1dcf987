"""Flow through a live conversation: what is bounded, and who gives way, on a real BidiAgent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, override

import pytest
from strands.bidi.models import ConnectionTimeoutError
from strands.bidi.types.events import BidiBargeInEvent
from strands.bidi.types.media import AudioDelta as StrandsAudio

from protocols.contract.errors import ModelFailed
from protocols.contract.events import AudioDelta, BargeIn, TurnEnded
from protocols.contract.inputs import AudioChunk, Text
from tests.gateway.agents.live_rig import WAIT_SECONDS, Talk, talking
from tests.scripted_voice import ScriptedVoice, assistant_says, user_says

SECOND = b"\0\0" * 16_000


class Deaf(ScriptedVoice):
    """Takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.hears = asyncio.Event()
        self.given_up = 0
        self.send_error: Exception | None = None

    @override
    async def send(self, content: Any) -> None:
        try:
            await self.hears.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.send_error is not None:
            raise self.send_error
        await super().send(content)


async def until_it_waits(talk: Talk) -> None:
    """Let the conversation say something, and wait until it waits for more."""
    await talk.live.send(Text("first"))
    async with asyncio.timeout(WAIT_SECONDS):
        await talk.live.taken()
    await asyncio.sleep(0)


@asynccontextmanager
async def talking_until_deaf() -> AsyncIterator[tuple[Talk, Deaf]]:
    """A conversation that waits for sound, which its voice will not take at once."""
    voice = Deaf()
    voice.hears.set()
    async with talking(voice) as talk:
        await until_it_waits(talk)
        voice.hears.clear()
        yield talk, voice


async def test_speech_the_model_does_not_take_is_dropped_from_its_old_end_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dropped: list[float] = []
    monkeypatch.setattr("gateway.agents.live.speech_dropped", dropped.append)
    voice = Deaf()
    async with talking(voice) as talk:
        for number in range(8):
            await talk.live.send(AudioChunk(bytes([number, 0]) * 16_000))
        voice.hears.set()
        async with asyncio.timeout(5):
            await talk.live.taken()
        kept = [content.source["bytes"][0] for content in voice.sent]
    assert sum(dropped) == 8 - len(kept)
    assert len(kept) <= 6  # five that waited, and the one being taken
    assert kept[-5:] == [3, 4, 5, 6, 7]


async def test_a_model_that_waits_for_sound_takes_it_at_once() -> None:
    voice = ScriptedVoice()
    async with talking(voice) as talk:
        await until_it_waits(talk)
        await talk.live.send(AudioChunk(b"\1\0"))
        assert voice.sent[1:] == [StrandsAudio(format="pcm", source={"bytes": b"\1\0"})]


async def test_who_waits_until_sound_was_taken_lets_others_run() -> None:
    async with talking() as talk:
        await until_it_waits(talk)
        ran: list[str] = []
        asyncio.get_running_loop().call_soon(ran.append, "another")
        await talk.live.send(AudioChunk(b"\1\0"))
        assert ran == []
        await talk.live.taken()
        assert ran == ["another"]


async def test_what_is_said_to_a_model_that_takes_its_time_stays_in_order() -> None:
    async with talking_until_deaf() as (talk, voice):
        for number in range(1, 4):
            await talk.live.send(AudioChunk(bytes([number, 0])))
        assert len(voice.sent) == 1
        voice.hears.set()
        async with asyncio.timeout(WAIT_SECONDS):
            await talk.live.taken()
        assert [content.source["bytes"][0] for content in voice.sent[1:]] == [1, 2, 3]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_model_that_fails_to_take_sound_ends_the_conversation(at_once: bool) -> None:
    async with talking_until_deaf() as (talk, voice):
        voice.send_error = OSError("gone")
        if at_once:
            voice.hears.set()
        await talk.live.send(AudioChunk(b"\1\0"))
        voice.hears.set()
        with pytest.raises(ModelFailed):
            await talk.until(TurnEnded)


async def test_sound_that_is_never_taken_is_given_up_when_the_conversation_ends() -> None:
    async with talking_until_deaf() as (talk, voice):
        await talk.live.send(AudioChunk(b"\1\0"))
    assert voice.given_up == 1


async def test_a_reader_that_stops_slows_the_model_and_a_barge_in_still_overtakes() -> None:
    voice = ScriptedVoice()
    async with talking(voice) as talk:
        voice.says(*user_says("Go on"), *assistant_says("word", "a")[:-2])
        for _ in range(2_000):
            voice.says(assistant_says("word", "a")[3])
        await talk.until(AudioDelta)
        talk.live.cancel()
        events = await talk.until(TurnEnded)
    assert BargeIn() in events
    assert sum(isinstance(event, AudioDelta) for event in events) < 600


async def test_a_parked_conversation_says_so() -> None:
    async with talking() as talk:
        told = [talk.live.is_parked]
        for parked in (True, False):
            talk.live.park(parked=parked)
            told.append(talk.live.is_parked)
    assert told == [False, True, False]


async def test_08_nothing_of_the_old_answer_comes_back_when_the_model_is_connected_again() -> None:
    voice = ScriptedVoice()
    async with talking(voice) as talk:
        voice.says(*user_says("Go on"), *assistant_says("one", "a")[:-2])
        await talk.until(AudioDelta)
        late = assistant_says("late", "a")[3]
        voice.says(BidiBargeInEvent(), ConnectionTimeoutError("the session is old"), late, late)
        voice.says(*user_says("Again", "u2"), *assistant_says("two", "b"))
        events = await talk.until(TurnEnded, 2)
    assert voice.started == 2
    new = events[events.index(BargeIn()) :]
    assert sum(isinstance(event, AudioDelta) for event in new) == 1
