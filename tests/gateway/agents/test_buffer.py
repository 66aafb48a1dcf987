"""The events of a live conversation on their way to a wire."""

import asyncio

from gateway.agents.buffer import EventBuffer
from protocols.contract.events import AudioDelta, BargeIn, Transcript, TurnEnded

AUDIO = AudioDelta("a", b"\0\0")
WORDS = Transcript("a", "assistant", "hi")


async def test_events_come_out_in_order() -> None:
    buffer = EventBuffer(4)
    for event in (WORDS, AUDIO, None):
        await buffer.put(event)
    assert [await buffer.get() for _ in range(3)] == [WORDS, AUDIO, None]


async def test_a_full_buffer_makes_its_writer_wait() -> None:
    buffer = EventBuffer(1)
    await buffer.put(AUDIO)
    writing = asyncio.create_task(buffer.put(WORDS))
    await asyncio.sleep(0)
    assert not writing.done()
    assert await buffer.get() == AUDIO
    async with asyncio.timeout(5):
        await writing
    assert await buffer.get() == WORDS


async def test_a_reader_waits_for_an_event() -> None:
    buffer = EventBuffer(1)
    reading = asyncio.create_task(buffer.get())
    await asyncio.sleep(0)
    assert not reading.done()
    await buffer.put(AUDIO)
    async with asyncio.timeout(5):
        assert await reading == AUDIO


async def test_a_barge_in_overtakes_the_speech_it_cuts_off() -> None:
    buffer = EventBuffer(4)
    final = Transcript("a", "assistant", "", final=True)
    user = Transcript("u", "user", "stop")
    for event in (AUDIO, WORDS, user, final):
        await buffer.put(event)
    await buffer.put(BargeIn())
    assert [await buffer.get() for _ in range(3)] == [user, final, BargeIn()]


async def test_a_closed_buffer_lets_its_writer_go_and_ends_its_reader() -> None:
    buffer = EventBuffer(1)
    await buffer.put(AUDIO)
    writing = asyncio.create_task(buffer.put(TurnEnded()))
    await asyncio.sleep(0)
    buffer.close()
    async with asyncio.timeout(5):
        await writing
        assert await buffer.get() is None
