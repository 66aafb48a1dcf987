"""What a live session tells of voices that were cut, and how it outlives its wire."""

import asyncio
from typing import Any

import pytest

from protocols.contract.conversations import Heard
from protocols.contract.errors import InvalidInput, NotFound
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    TextDelta,
    ToolRequested,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import AudioChunk, Text, ToolResult
from protocols.live.messages import Playback, ResponseCancel, ToolOutcome
from tests.protocols.live.notes import Notes, running
from tests.protocols.scripted import ScriptedLive

SECOND = b"\0\0" * 24_000


class Packets(Notes):
    """A wire that knows that nothing of the last tenth has left."""

    unsent_seconds = 0.1


async def test_a_barge_in_is_told_with_what_was_heard_to_client_and_conversation() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), Transcript("m", "assistant", "words"), AudioDelta("m", SECOND))
        await notes.until_sound(3)
        await session.receive(Playback(200, "m"))
        live.push(BargeIn(), TurnEnded("cancelled"))
        await notes.until("RUN_FINISHED")
    flush = next(d for d in notes.documents if d["type"] == "gateway.audio.flush")
    [[heard]] = live.cuts
    assert heard.message_id == "m"
    assert 0.2 <= heard.seconds <= 0.45
    assert flush["playedMs"] == pytest.approx(heard.seconds * 1000, abs=1)
    after = notes.kinds[notes.kinds.index("gateway.audio.flush") :]
    assert after[1:3] == ["gateway.state", "gateway.latency"]
    latency = next(d for d in notes.documents if "bargeInToSilenceMs" in d)
    assert latency["runId"] == "t"


async def test_a_cancel_tells_the_conversation_what_was_heard() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await notes.until_sound(3)
        await session.receive(ResponseCancel())
        assert (await notes.until("gateway.audio.flush"))["playedMs"] <= 300
    assert [cut[0].message_id for cut in live.cuts] == ["m"]


async def test_nothing_is_told_when_there_was_nothing_to_cut() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), TextDelta("m", "written"), BargeIn())
        await notes.until("TEXT_MESSAGE_CONTENT")
        await session.receive(ResponseCancel())
    assert live.cuts == []
    assert "gateway.audio.flush" not in notes.kinds


async def test_what_the_wire_still_held_was_not_heard() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        packets = Packets()
        session.park()
        await session.resume(packets, None)
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await packets.until_sound(3)
        live.push(BargeIn())
        await packets.until("gateway.audio.flush")
    [[heard]] = live.cuts
    assert heard.seconds <= 0.2 + 0.001
    assert notes.sound == []


async def test_a_session_that_ends_keeps_what_was_heard() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await notes.until_sound(3)
        session.stop()
        async with asyncio.timeout(5):
            await run
    assert [cut[0].message_id for cut in live.cuts] == ["m"]


async def test_a_tool_result_reaches_the_conversation() -> None:
    live = ScriptedLive()
    live.calls.add("c")
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), ToolStarted("m", "c", "paint", client=True), ToolRequested("c"))
        await notes.until("TOOL_CALL_END")
        await session.receive(ToolOutcome("c", {"colour": "red"}))
        with pytest.raises(NotFound):
            await session.receive(ToolOutcome("c", "again"))
    assert live.results == [ToolResult("c", (Text('{"colour":"red"}'),))]


async def test_a_parked_session_says_nothing_and_misses_nothing() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), TextDelta("m", "one"))
        await notes.until("TEXT_MESSAGE_CONTENT")
        last_seq = notes.documents[-1]["metadata"]["gateway"]["seq"]
        session.park()
        assert (session.is_parked, live.parked) == (True, True)
        live.push(TextDelta("m", "two"))
        await session.refuse(InvalidInput("not this"))
        before = list(notes.left)
        other = Notes()
        await session.resume(other, last_seq)
        await other.until("TEXT_MESSAGE_CONTENT")
        assert (session.is_parked, live.parked, notes.left) == (False, False, before)
        assert other.kinds[:2] == ["gateway.session", "gateway.error"]
        assert other.documents[-1]["delta"] == "two"


async def test_a_wire_that_is_lost_while_it_is_spoken_on_parks_the_session() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        await notes.until("gateway.state")
        notes.lost = True
        live.push(TurnStarted("t"), TextDelta("m", "one"))
        async with asyncio.timeout(5):
            await live.parking.wait()
        other = Notes()
        await session.resume(other, 2)
        await other.until("TEXT_MESSAGE_CONTENT")
        assert other.kinds[:2] == ["gateway.session", "RUN_STARTED"]
        assert not run.done()


async def test_the_missed_can_be_said_again_on_the_wire_there_is() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), TextDelta("m", "one"))
        await notes.until("TEXT_MESSAGE_CONTENT")
        said = notes.documents[2:]
        notes.left.clear()
        await session.repeat(2)
        assert notes.documents[1 : 1 + len(said)] == said


@pytest.mark.parametrize("seq", [-1, 3])
async def test_a_number_that_was_never_sent_is_refused(seq: int) -> None:
    async with running(ScriptedLive()) as (session, notes, _):
        await notes.until("gateway.state")
        with pytest.raises(InvalidInput, match="lastSeq"):
            await session.resume(Notes(), seq)
        assert not session.is_parked


@pytest.mark.parametrize(("heard", "silence"), [(b"\1\0" * 160, [bytes(3200)]), (b"", [])])
async def test_silence_is_for_models_that_have_heard_a_voice(
    heard: bytes, silence: list[Any]
) -> None:
    live = ScriptedLive()
    async with running(live) as (session, _, _):
        if heard:
            await session.hear(heard)
        await session.hear_silence(0.1)
    assert live.said[bool(heard) :] == [AudioChunk(pcm) for pcm in silence]


async def test_two_interruptions_are_told_once() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await notes.until_sound(3)
        await session.receive(ResponseCancel())
        live.push(BargeIn(), BargeIn(), TurnEnded("cancelled"))
        await notes.until("RUN_FINISHED")
    assert notes.kinds.count("gateway.audio.flush") == 1
    assert len(live.cuts) == 1
    assert isinstance(live.cuts[0][0], Heard)
