"""The events of a turn or a live conversation on their way to a wire."""

import asyncio

import pytest

from gateway.agents.buffer import EventBuffer
from protocols.contract.errors import ModelFailed
from protocols.contract.events import AudioDelta, BargeIn, Event, Transcript, TurnEnded

AUDIO = AudioDelta("a", b"\0\0")
WORDS = Transcript("a", "assistant", "hi")


async def test_everything_that_waits_is_taken_at_once_in_order() -> None:
    buffer = EventBuffer(4)
    for event in (WORDS, AUDIO, None):
        await buffer.put(event)
    assert await buffer.take() == [WORDS, AUDIO, None]


async def test_a_full_buffer_makes_its_writer_wait() -> None:
    buffer = EventBuffer(1)
    assert buffer.offer(AUDIO)
    assert not buffer.offer(WORDS)
    writing = asyncio.create_task(buffer.put(WORDS))
    await asyncio.sleep(0)
    assert not writing.done()
    assert await buffer.take() == [AUDIO]
    async with asyncio.timeout(5):
        await writing
    assert await buffer.take() == [WORDS]


async def test_a_reader_waits_for_an_event() -> None:
    buffer = EventBuffer(1)
    reading = asyncio.create_task(buffer.take())
    await asyncio.sleep(0)
    assert not reading.done()
    buffer.offer(AUDIO)
    async with asyncio.timeout(5):
        assert await reading == [AUDIO]


async def test_a_reader_that_will_not_wait_for_ever_gets_nothing() -> None:
    buffer = EventBuffer(1)
    assert await buffer.take(0.001) == []
    assert await anext(buffer.batches(0.001)) == []


async def test_a_silence_begins_anew_with_each_waiting() -> None:
    buffer = EventBuffer(1)
    batches = buffer.batches(0.02)
    reading = asyncio.create_task(anext(batches))
    await asyncio.sleep(0.001)
    buffer.offer(AUDIO)
    async with asyncio.timeout(5):
        assert await reading == [AUDIO]
        waits_from = asyncio.get_running_loop().time()
        assert await anext(batches) == []
    assert asyncio.get_running_loop().time() - waits_from > 0.019  # the timer of the first is over


async def test_a_shorter_silence_is_not_kept_waiting_by_a_longer_one() -> None:
    buffer = EventBuffer(1)
    reading = asyncio.create_task(buffer.take(3600))
    await asyncio.sleep(0)
    buffer.offer(AUDIO)
    async with asyncio.timeout(5):
        assert await reading == [AUDIO]
        assert await buffer.take(0.001) == []


async def test_a_reader_that_goes_leaves_no_timer() -> None:
    buffer = EventBuffer(1)
    batches = buffer.batches(3600)
    reading = asyncio.create_task(anext(batches))
    await asyncio.sleep(0)
    buffer.offer(AUDIO)
    await reading
    await batches.aclose()
    assert buffer._alarm._timer is None


async def read(buffer: EventBuffer) -> list[list[Event]]:
    async with asyncio.timeout(5):
        return [batch async for batch in buffer.batches()]


async def test_batches_end_where_the_events_end() -> None:
    buffer = EventBuffer(4)
    for event in (WORDS, AUDIO, None):
        buffer.offer(event)
    assert await read(buffer) == [[WORDS, AUDIO]]
    buffer.offer(None)
    assert await read(buffer) == []


async def test_an_error_is_raised_after_what_came_before_it() -> None:
    buffer = EventBuffer(4)
    buffer.offer(WORDS)
    buffer.offer(ModelFailed("x"))
    batches = buffer.batches()
    assert await anext(batches) == [WORDS]
    with pytest.raises(ModelFailed):
        await anext(batches)


async def test_one_by_one_a_reader_gets_what_a_barge_in_leaves_and_then_the_end() -> None:
    buffer = EventBuffer(4)
    for event in (WORDS, AUDIO, AUDIO):
        await buffer.put(event)
    events = buffer.events()
    read = [await anext(events)]
    await buffer.put(BargeIn())
    buffer.finish()
    read += [event async for event in events]
    assert read == [WORDS, BargeIn()]


async def test_one_by_one_a_reader_waits_and_is_told_of_an_error() -> None:
    buffer = EventBuffer(1)
    events = buffer.events()
    reading = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    writing = asyncio.create_task(buffer.put(WORDS))
    async with asyncio.timeout(5):
        assert await reading == WORDS
        await writing
        buffer.finish(ModelFailed("x"))
        with pytest.raises(ModelFailed):
            await anext(events)


async def test_a_barge_in_overtakes_the_speech_it_cuts_off() -> None:
    buffer = EventBuffer(4)
    final = Transcript("a", "assistant", "", final=True)
    user = Transcript("u", "user", "stop")
    for event in (AUDIO, WORDS, user, final):
        await buffer.put(event)
    await buffer.put(BargeIn())
    assert await buffer.take() == [user, final, BargeIn()]


async def test_a_closed_buffer_lets_its_writer_go_and_ends_its_reader() -> None:
    buffer = EventBuffer(1)
    await buffer.put(AUDIO)
    writing = asyncio.create_task(buffer.put(TurnEnded()))
    await asyncio.sleep(0)
    buffer.close()
    async with asyncio.timeout(5):
        await writing
    assert await read(buffer) == []
    assert not buffer.offer(WORDS)
