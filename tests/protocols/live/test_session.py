"""The shell of a live conversation, on a scripted conversation and an outlet that notes."""

import asyncio

import pytest

from protocols.contract.errors import InvalidInput, ModelFailed, NotFound, Unavailable
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    TextDelta,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import AudioChunk, Media, Text
from protocols.live.messages import (
    ClientMessage,
    InputAudio,
    InputImage,
    InputText,
    Playback,
    ResponseCancel,
    SessionStart,
    SessionStop,
    ToolOutcome,
)
from protocols.live.pacing import Pace
from protocols.live.session import SampleRates
from tests.protocols.live.notes import running
from tests.protocols.ordering import check_order, without_gateway
from tests.protocols.scripted import ScriptedLive

SECOND = b"\0\0" * 24_000


async def ended(run: "asyncio.Task[str]") -> str:
    async with asyncio.timeout(5):
        return await run


async def test_a_conversation_is_greeted_played_to_its_end_and_said_goodbye() -> None:
    live = ScriptedLive()
    async with running(live) as (_, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND[:9600]), TurnEnded(), None)
        assert await ended(run) == "ended"
    assert notes.kinds == [
        "gateway.session",
        "gateway.state",
        "RUN_STARTED",
        "gateway.state",
        "gateway.audio.start",
        "gateway.latency",
        "gateway.state",
        "gateway.audio.stop",
        "RUN_FINISHED",
        "gateway.state",
        "gateway.end",
    ]
    assert notes.documents[0]["inputSampleRate"] == 16_000
    assert notes.documents[-1]["reason"] == "ended"
    assert b"".join(notes.sound) == SECOND[:9600]
    assert live.closed.is_set()


async def test_the_voice_waits_for_its_listener_and_the_turn_for_the_voice() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND), TurnEnded())
        await notes.until_sound(3)
        assert len(b"".join(notes.sound)) == 0.3 * 48_000
        assert "RUN_FINISHED" not in notes.kinds
        await session.receive(Playback(200, "m"))  # 0.1 s unheard leaves room for 0.3 s
        await notes.until_sound(6)
        assert len(b"".join(notes.sound)) == 0.6 * 48_000


async def test_a_barge_in_stops_the_voice_and_cancels_the_run() -> None:
    live = ScriptedLive()
    async with running(live) as (_, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND), TurnEnded())
        await notes.until_sound(3)
        live.push(BargeIn(), AudioDelta("m", SECOND), None)
        await ended(run)
    flush = notes.left.index("drop")
    assert not [item for item in notes.left[flush:] if isinstance(item, bytes)]
    assert notes.left[flush + 1]["type"] == "gateway.audio.flush"
    finished = next(d for d in notes.documents if d["type"] == "RUN_FINISHED")
    assert finished["outcome"] == {"type": "cancelled"}


async def test_a_cancel_flushes_at_once_and_tells_the_conversation() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), Transcript("m", "assistant", "one"), AudioDelta("m", SECOND))
        await notes.until_sound(3)
        await session.receive(ResponseCancel())
        assert (await notes.until("gateway.audio.flush"))["reason"] == "cancelled"
        assert live.cancels == 1
        live.push(BargeIn(), TurnEnded("cancelled"))
        await notes.until("RUN_FINISHED")
        assert notes.kinds.count("gateway.audio.flush") == 1
        check_order(without_gateway(notes.documents))


async def test_a_slow_wire_sends_nothing_of_a_message_after_its_flush() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"))
        await notes.until("RUN_STARTED")
        notes.flowing.clear()
        live.push(AudioDelta("m", SECOND), TextDelta("n", "after"), TurnEnded())
        async with asyncio.timeout(5):
            await notes.blocked.wait()
            cancel = asyncio.create_task(session.receive(ResponseCancel()))
            await asyncio.wait({cancel}, timeout=0)
            notes.flowing.set()
            await cancel
        await notes.until("RUN_FINISHED")
    dropped = notes.left.index("drop")
    assert len(notes.sound) == 1  # the piece that was being sent
    assert notes.left.index(notes.sound[0]) < dropped
    assert notes.left[dropped + 1]["type"] == "gateway.audio.flush"


async def test_the_user_is_heard_at_the_rate_of_the_model() -> None:
    live = ScriptedLive()
    async with running(live, rates=SampleRates(8_000, 24_000)) as (session, _, _):
        for _ in range(10):
            await session.hear(b"\0\0" * 160)
    heard = b"".join(item.pcm for item in live.said if isinstance(item, AudioChunk))
    assert 3000 * 2 < len(heard) <= 3200 * 2


async def test_the_voice_is_played_at_the_rate_of_the_wire_to_its_last_sample() -> None:
    live = ScriptedLive()
    async with running(live, rates=SampleRates(16_000, 48_000)) as (_, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND[:4800]), TurnEnded(), None)
        await ended(run)
    assert abs(len(b"".join(notes.sound)) // 2 - 4800) <= 1


async def test_what_was_held_back_of_a_cut_voice_is_never_played() -> None:
    live = ScriptedLive()
    async with running(live, rates=SampleRates(16_000, 48_000)) as (_, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", b"\x00\x40" * 2400))
        await notes.until_sound(1)
        live.push(BargeIn(), TurnEnded(), TurnStarted("u"), AudioDelta("n", SECOND[:4800]))
        live.push(TurnEnded(), None)
        await ended(run)
    after = notes.left[notes.left.index("drop") :]
    sound = b"".join(item for item in after if isinstance(item, bytes))
    assert abs(len(sound) // 2 - 4800) <= 1
    assert not any(sound)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (InputText("hello"), Text("hello")),
        (InputImage("image/png", b"x"), Media("image", "image/png", b"x")),
        (InputAudio(b"\1\2"), AudioChunk(b"\1\2")),
    ],
)
async def test_inputs_reach_the_conversation(message: ClientMessage, said: object) -> None:
    live = ScriptedLive()
    async with running(live) as (session, _, _):
        await session.receive(message)
    assert live.said == [said]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (InputAudio(b"odd"), InvalidInput),
        (SessionStart(), InvalidInput),
        (ToolOutcome("c", "x"), NotFound),
    ],
)
async def test_what_cannot_be_done_is_refused(
    message: ClientMessage, error: type[Exception]
) -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        with pytest.raises(error) as refused:
            await session.receive(message)
        await session.refuse(refused.value)
        assert (await notes.until("gateway.error"))["retryable"] is False
    assert live.said == []


async def test_a_stop_ends_the_run_that_is_open_and_the_session() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await notes.until_sound(1)
        await session.receive(SessionStop())
        assert await ended(run) == "stopped"
    assert notes.kinds[-3:] == ["gateway.audio.flush", "RUN_FINISHED", "gateway.end"]


async def test_a_drain_lets_the_turn_end_and_then_the_session() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        live.push(TurnStarted("t"), TextDelta("m", "x"))
        await notes.until("TEXT_MESSAGE_CONTENT")
        await session.drain()
        assert not run.done()
        live.push(TextDelta("m", "y"), TurnEnded())
        assert await ended(run) == "draining"
    assert notes.kinds.count("TEXT_MESSAGE_CONTENT") == 2
    assert notes.documents[-1]["reason"] == "draining"


async def test_a_drain_lets_what_was_said_be_heard_to_its_end() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        # All of it has been made, and half of it is still held back.
        live.push(TurnStarted("t"), AudioDelta("m", SECOND[: 2 * 14_400]), TurnEnded())
        await notes.until_sound(1)
        await session.drain()
        with pytest.raises(Unavailable, match="shutting down"):
            await session.receive(InputText("And another one?"))
        assert await ended(run) == "draining"
    assert sum(map(len, notes.sound)) == 2 * 14_400
    assert notes.kinds[-4:] == [
        "gateway.audio.stop",
        "RUN_FINISHED",
        "gateway.state",
        "gateway.end",
    ]


async def test_a_session_that_rests_ends_at_once_when_it_drains() -> None:
    async with running(ScriptedLive()) as (session, notes, run):
        await notes.until("gateway.state")
        await session.drain()
        assert await ended(run) == "draining"
    assert notes.kinds == ["gateway.session", "gateway.state", "gateway.draining", "gateway.end"]


async def test_a_session_that_drains_before_it_began_still_greets_first() -> None:
    async with running(ScriptedLive()) as (session, notes, run):
        await session.drain()
        assert await ended(run) == "draining"
    assert notes.kinds == ["gateway.session", "gateway.state", "gateway.draining", "gateway.end"]


async def test_a_drain_that_takes_too_long_is_cut_in_order() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await notes.until_sound(1)
        await session.drain()
        session.stop("draining")
        assert await ended(run) == "draining"
    assert notes.kinds[-3:] == ["gateway.audio.flush", "RUN_FINISHED", "gateway.end"]
    assert notes.documents[-2]["outcome"] == {"type": "cancelled"}
    assert notes.documents[-1]["reason"] == "draining"


async def test_a_failure_of_the_conversation_is_raised_and_can_be_told() -> None:
    live = ScriptedLive()
    async with running(live) as (session, notes, run):
        live.push(TurnStarted("t"), ModelFailed("The model failed. Try again."))
        with pytest.raises(ModelFailed) as failed:
            await ended(run)
        await session.fail(failed.value)
    assert notes.kinds[-3:] == ["gateway.error", "gateway.state", "gateway.end"]
    assert "RUN_ERROR" in notes.kinds


async def test_a_full_pacer_slows_the_conversation_and_loses_nothing() -> None:
    live = ScriptedLive()
    pace = Pace(ahead_seconds=0.1, most_waiting_seconds=0.2)
    async with running(live, pace=pace) as (_, notes, run):
        live.push(TurnStarted("t"), *[AudioDelta("m", SECOND[:4800])] * 6, TurnEnded(), None)
        assert await ended(run) == "ended"
    assert len(b"".join(notes.sound)) == 6 * 4800


async def test_closing_twice_closes_once() -> None:
    live = ScriptedLive()
    closes: list[None] = []
    live.on_close = lambda: closes.append(None)
    async with running(live) as (session, _, _):
        await session.aclose()
    assert closes == [None]


async def test_the_client_is_told_how_its_connection_does() -> None:
    async with running(ScriptedLive()) as (session, notes, _):
        await notes.until("gateway.state")
        await session.tell({"roundTripMs": 3.0})
        told = await notes.until("gateway.latency")
        assert told == {"type": "gateway.latency", "roundTripMs": 3.0, "seq": told["seq"]}
        assert session.underruns == 0
