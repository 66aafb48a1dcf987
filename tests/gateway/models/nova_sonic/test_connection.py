"""One connection is read ahead, and its end is told after all that came before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import boto3
import pytest
from strands.bidi.types.content import BidiMessage
from strands.bidi.types.media import AudioDelta
from strands.types.content import TextBlock
from strands.types.media import ImageBlock

from gateway.models.cascade.events import CascadeSpeechStartEvent
from gateway.models.nova_sonic.connection import Connection
from gateway.models.nova_sonic.session import NovaSonicSession, StreamLost
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import Break
from tests.emulators.sonic.scripts import Session, Turn
from tests.emulators.sonic.strands_session import MODEL, SILENCE

QUESTION = BidiMessage([TextBlock("Hi")])
SOUND = AudioDelta(format="pcm", source={"bytes": SILENCE})


@asynccontextmanager
async def opened() -> AsyncIterator[Connection]:
    session = NovaSonicSession(
        boto_session=boto3.Session(), model_id=MODEL, start_seconds=5, stop_seconds=0.5
    )
    connection = Connection(session, lasts_seconds=390.0)
    async with asyncio.timeout(15):
        await connection.open("Be short.", None)
        try:
            yield connection
        finally:
            await connection.aclose()


async def until(connection: Connection, last: str) -> list[str]:
    """Types of the events up to the first of one type."""
    kinds: list[str] = []
    while last not in kinds:
        event = await connection.next(5)
        kinds += [] if event is None else [event["type"]]
    return kinds


async def test_a_connection_that_answers_works(sonic: AwsEmulator) -> None:
    async with opened() as connection:
        assert (connection.is_working, connection.blocked_seconds) == (False, 0.0)
        await connection.send(QUESTION)
        kinds = await until(connection, "bidi_response_stop")
        assert kinds[0] == "bidi_connection_start"
        assert (connection.is_working, connection.is_answered) == (True, True)


async def test_without_an_event_the_wait_ends(sonic: AwsEmulator) -> None:
    async with opened() as connection:
        await until(connection, "bidi_connection_start")
        assert await connection.next(0.01) is None


async def test_the_end_comes_after_the_events_before_it(sonic: AwsEmulator) -> None:
    turn = Turn(fault=Break.TCP_CUT, fault_after_seconds=0.2)
    sonic.sonic.scripts.add(Session(turns=(turn,)))
    async with opened() as connection:
        await connection.send(QUESTION)
        await until(connection, "bidi_audio_delta")
        with pytest.raises(StreamLost):
            await until(connection, "never")
        assert connection.is_failed
        await connection.send(QUESTION)  # is for the next connection


async def test_a_stalled_service_is_seen_by_what_it_does_not_take(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(Session(is_reading=False))
    async with opened() as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                for _ in range(100):
                    await connection.send(SOUND)
        speaking = asyncio.create_task(connection.send(SOUND))
        await asyncio.sleep(0)
        assert connection.blocked_seconds >= 0.0
        await connection.aclose()
        await speaking
        assert connection.is_failed


async def test_after_a_sending_that_was_given_up_nothing_more_is_sent(sonic: AwsEmulator) -> None:
    async with opened() as connection:
        sendings = [asyncio.create_task(connection.send(SOUND)) for _ in range(100)]
        await asyncio.wait(sendings, return_when=asyncio.FIRST_COMPLETED)
        for sending in sendings:
            sending.cancel()
        await asyncio.gather(*sendings, return_exceptions=True)
    [session] = await asyncio.to_thread(sonic.sonic.ended, 1)
    assert (session.outcome, "promptEnd" in session.names()) == ("client left", False)


async def test_its_age_is_the_longer_of_time_and_sound(sonic: AwsEmulator) -> None:
    async with opened() as connection:
        assert connection.age_seconds < 15
        connection.audio_seconds = 100.0
        assert connection.age_seconds == 100.0


async def test_what_the_model_cannot_take_is_refused(sonic: AwsEmulator) -> None:
    picture = ImageBlock(format="png", source={"bytes": b""})
    async with opened() as connection:
        with pytest.raises(ValueError, match="not supported"):
            await connection.send(BidiMessage([picture]))
        assert not connection.is_failed


async def test_our_own_events_come_first_and_are_bounded(sonic: AwsEmulator) -> None:
    ours: Any = CascadeSpeechStartEvent()
    async with opened() as connection:
        await connection.send(QUESTION)
        await until(connection, "bidi_audio_start")
        for _ in range(200):
            connection.put(ours)
        assert [await connection.next(1) for _ in range(64)] == [ours] * 64
        assert await until(connection, "bidi_response_stop")


async def test_our_own_events_wake_who_waits(sonic: AwsEmulator) -> None:
    async with opened() as connection:
        await until(connection, "bidi_connection_start")
        waiting = asyncio.create_task(connection.next(10))
        await asyncio.sleep(0)
        ours: Any = CascadeSpeechStartEvent()
        connection.put(ours)
        async with asyncio.timeout(5):
            assert await waiting is None
            assert await connection.next(10) is ours


async def test_only_the_first_reason_counts(sonic: AwsEmulator) -> None:
    async with opened() as connection:
        connection.fail(OSError("first"))
        connection.fail(OSError("second"))
        with pytest.raises(OSError, match="first"):
            await until(connection, "never")
