"""A live conversation on a real strands BidiAgent, with a scripted voice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import Any

import pytest
from strands import tool
from strands.bidi import BidiAgent
from strands.bidi.types.events import BidiBargeInEvent
from strands.bidi.types.media import AudioDelta as StrandsAudio

from gateway.agents.factory import Voice
from gateway.agents.live import LivePlan, StrandsLive
from observability.conversations import ConversationObservation
from protocols.contract.errors import InvalidInput, ModelFailed, TimedOut, Unavailable
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    ToolFinished,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import AudioChunk, Media, Text
from tests.scripted_voice import (
    ScriptedVoice,
    assistant_says,
    calls_tool,
    texts_sent,
    user_says,
)


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


class InterruptibleVoice(ScriptedVoice):
    """A voice that can be told to stop."""

    async def interrupt(self) -> None:
        self.says(BidiBargeInEvent())


class Rig:
    """A live conversation, and what it did to its session."""

    def __init__(
        self,
        voice: ScriptedVoice,
        *,
        limit_seconds: float = 5,
        idle_seconds: float = 5,
        takes_images: bool = False,
    ) -> None:
        self.voice = voice
        self.kept: list[Any] = []
        self.released = 0
        agent = BidiAgent(model=voice, tools=[double])
        self.live = StrandsLive(
            LivePlan(
                voice=Voice(agent, "scripted", 16000, 24000, takes_images),
                observe=self._observe,
                keep=self._keep,
                release=self._release,
                limit_seconds=limit_seconds,
                idle_seconds=idle_seconds,
            )
        )

    async def _keep(self, agent: BidiAgent) -> None:
        self.kept.append(agent.messages)

    @contextmanager
    def _observe(self) -> Any:
        yield ConversationObservation()

    def _release(self) -> None:
        self.released = 1

    async def until(self, kind: type[Event]) -> list[Event]:
        """Read up to the first event of a kind."""
        read: list[Event] = []
        async with asyncio.timeout(5):
            async for event in self.live:
                read.append(event)
                if isinstance(event, kind):
                    return read
        raise AssertionError(f"ended without {kind.__name__}: {read}")

    async def rest(self) -> list[Event]:
        """Read to the end."""
        async with asyncio.timeout(5):
            return [event async for event in self.live]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig(InterruptibleVoice())
    yield made
    await made.live.aclose()


async def test_a_spoken_turn_comes_through_with_both_transcripts_and_audio(rig: Rig) -> None:
    rig.voice.says(*user_says("hello"), *assistant_says("hi"))
    events = await rig.until(TurnEnded)
    assert isinstance(events[0], TurnStarted)
    spoken = [(e.role, e.delta) for e in events if isinstance(e, Transcript) and e.delta]
    assert spoken == [("user", "hello"), ("assistant", "hi")]
    assert [event.pcm for event in events if isinstance(event, AudioDelta)] == [b"\x01\x02"]
    assert events[-1] == TurnEnded()


async def test_what_is_said_reaches_the_model_in_order(rig: Rig) -> None:
    await rig.live.send(AudioChunk(b"\1\0"))
    await rig.live.send(Text("typed"))
    async with asyncio.timeout(5):
        await rig.live.taken()
    assert rig.voice.sent[0] == StrandsAudio(format="pcm", source={"bytes": b"\1\0"})
    assert texts_sent(rig.voice) == ["typed"]


async def test_a_tool_runs_and_its_result_is_told_and_given_to_the_model(rig: Rig) -> None:
    rig.voice.says(*user_says("double 21"), *calls_tool("c1", "double", number=21))
    events = await rig.until(ToolFinished)
    assert events[-1] == ToolFinished("c1", (Text("42"),))
    rig.voice.says(*assistant_says("42"))
    assert (await rig.until(TurnEnded))[-1] == TurnEnded()


async def test_cancel_stops_the_answer_and_keeps_listening(rig: Rig) -> None:
    rig.voice.says(*user_says("hello"), *assistant_says("a long answer")[:-1])
    await rig.until(AudioDelta)
    rig.live.cancel()
    assert (await rig.until(TurnEnded))[-2:] == [BargeIn(), TurnEnded("cancelled", "interrupted")]
    rig.voice.says(*user_says("again", "u2"), *assistant_says("yes", "a2"))
    assert (await rig.until(TurnEnded))[-1] == TurnEnded()


async def test_a_model_that_cannot_be_told_to_stop_is_cut_here() -> None:
    rig = Rig(ScriptedVoice())
    rig.voice.says(*user_says("hello"), *assistant_says("a long answer")[:-1])
    await rig.until(AudioDelta)
    rig.live.cancel()
    assert (await rig.until(TurnEnded))[-1] == TurnEnded("cancelled", "interrupted")
    await rig.live.aclose()


async def test_hanging_up_stops_the_model_keeps_the_history_and_frees_the_session() -> None:
    rig = Rig(ScriptedVoice())
    rig.voice.says(*user_says("my name is Ada"), *assistant_says("hello Ada"))
    await rig.until(TurnEnded)
    async with asyncio.timeout(5):
        await rig.live.aclose()
        await rig.live.aclose()
    texts = [block["text"] for message in rig.kept[0] for block in message["content"]]
    assert texts == ["my name is Ada", "hello Ada"]
    assert (rig.released, rig.voice.stopped) == (1, 1)
    assert await rig.rest() == []


async def test_a_model_that_does_not_stop_cannot_hold_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.agents.live._STOP_SECONDS", 0.01)
    rig = Rig(ScriptedVoice())
    rig.voice.stop_waits = True
    rig.voice.says(*user_says("hello"))
    await rig.until(TurnStarted)
    async with asyncio.timeout(5):
        await rig.live.aclose()
    assert rig.released == 1


async def test_a_model_that_cannot_be_reached_ends_the_conversation_with_an_error() -> None:
    rig = Rig(ScriptedVoice())
    rig.voice.start_error = Unavailable("No credentials.")
    with pytest.raises(Unavailable):
        await rig.rest()
    assert rig.released == 1


async def test_a_model_that_fails_ends_the_conversation_without_its_text() -> None:
    rig = Rig(ScriptedVoice())
    rig.voice.says(RuntimeError("secret"))
    with pytest.raises(ModelFailed) as caught:
        await rig.rest()
    assert "secret" not in caught.value.message
    assert rig.released == 1


async def test_a_model_that_refuses_what_it_is_sent_ends_the_conversation() -> None:
    class Deaf(ScriptedVoice):
        async def send(self, content: Any) -> None:
            raise RuntimeError("deaf")

    rig = Rig(Deaf())
    await rig.live.send(Text("hello"))
    with pytest.raises(ModelFailed):
        await rig.rest()
    assert rig.released == 1


async def test_silence_for_the_idle_time_ends_the_conversation() -> None:
    rig = Rig(ScriptedVoice(), idle_seconds=0.02)
    with pytest.raises(TimedOut, match="GATEWAY_IDLE_SECONDS"):
        await rig.rest()


async def test_the_longest_conversation_is_ended() -> None:
    rig = Rig(ScriptedVoice(), limit_seconds=0.02)
    with pytest.raises(TimedOut, match="GATEWAY_LIVE_SECONDS"):
        await rig.rest()


async def test_an_image_goes_to_a_model_that_sees_and_is_refused_for_others(rig: Rig) -> None:
    image = Media("image", "image/png", b"\x89PNG")
    with pytest.raises(InvalidInput):
        await rig.live.send(image)
    seeing = Rig(ScriptedVoice(), takes_images=True)
    await seeing.live.send(image)
    async with asyncio.timeout(5):
        await seeing.live.taken()
    with pytest.raises(InvalidInput):
        await seeing.live.send(Media("video", "video/mp4", b""))
    with pytest.raises(InvalidInput, match="PNG"):
        await seeing.live.send(Media("image", "image/bmp", b"BM"))
    await seeing.live.aclose()
    assert seeing.voice.sent[0].content[0].source == {"bytes": b"\x89PNG"}


async def test_draining_leaves_it_to_the_wire_when_the_answer_was_heard() -> None:
    rig = Rig(ScriptedVoice())
    rig.voice.says(*user_says("hello"))
    await rig.until(TurnStarted)
    draining = asyncio.create_task(rig.live.drain(5))
    rig.voice.says(*assistant_says("bye"))
    await rig.until(TurnEnded)
    assert not draining.done()
    await rig.live.aclose()
    async with asyncio.timeout(5):
        await draining
    assert rig.released == 1


async def test_draining_hangs_up_when_the_time_is_over() -> None:
    rig = Rig(ScriptedVoice())
    async with asyncio.timeout(5):
        await rig.live.drain(0.01)
    assert rig.released == 1


async def test_the_conversation_tells_its_model_and_rates(rig: Rig) -> None:
    live = rig.live
    assert (live.model, live.input_sample_rate, live.output_sample_rate) == (
        "scripted",
        16000,
        24000,
    )
