"""What the user says, on its way to the model."""

import asyncio

import pytest

from gateway.agents.microphone import Microphone, Said
from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import AudioChunk, Text


async def test_inputs_come_out_in_order() -> None:
    microphone = Microphone(100)
    items: list[Said] = [AudioChunk(b"ab"), Text("x"), AudioChunk(b"cd")]
    for item in items:
        microphone.put(item)
    assert [await microphone.get() for _ in items] == items


async def test_the_oldest_audio_is_dropped_and_counted_but_no_message() -> None:
    microphone = Microphone(4)
    for item in (AudioChunk(b"ab"), Text("x"), AudioChunk(b"cd"), AudioChunk(b"ef")):
        microphone.put(item)
    assert microphone.dropped_bytes == 2
    assert [await microphone.get() for _ in range(3)] == [
        Text("x"),
        AudioChunk(b"cd"),
        AudioChunk(b"ef"),
    ]


async def test_too_many_messages_are_refused() -> None:
    microphone = Microphone(4)
    for _ in range(64):
        microphone.put(Text("x"))
    with pytest.raises(InvalidInput):
        microphone.put(Text("x"))
    microphone.put(AudioChunk(b"ab"))


async def test_the_reader_waits_for_something_to_be_said() -> None:
    microphone = Microphone(4)
    reading = asyncio.create_task(microphone.get())
    await asyncio.sleep(0)
    assert not reading.done()
    microphone.put(Text("x"))
    async with asyncio.timeout(5):
        assert await reading == Text("x")


async def test_all_is_taken_when_the_reader_is_through_with_it() -> None:
    microphone = Microphone(4)
    microphone.put(Text("x"))
    microphone.put(Text("y"))
    taken = asyncio.create_task(microphone.taken())
    for done in (False, True):
        await microphone.get()
        microphone.done()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert taken.done() is done


async def test_nobody_waits_for_a_reader_that_has_left() -> None:
    microphone = Microphone(4)
    microphone.put(Text("x"))
    microphone.close()
    microphone.put(Text("y"))
    async with asyncio.timeout(5):
        await microphone.taken()


async def test_it_is_idle_only_while_the_reader_waits_for_something() -> None:
    microphone = Microphone(4)
    told = [microphone.is_idle]
    reading = asyncio.create_task(microphone.get())
    await asyncio.sleep(0)
    told.append(microphone.is_idle)
    microphone.put(Text("x"))
    told.append(microphone.is_idle)
    async with asyncio.timeout(5):
        await reading
    told.append(microphone.is_idle)
    reading = asyncio.create_task(microphone.get())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    told.append(microphone.is_idle)
    assert told == [False, True, False, False, False]
