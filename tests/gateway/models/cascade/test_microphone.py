import asyncio

import pytest

from gateway.models.cascade.microphone import MOST_WAITING_SECONDS, Microphone
from gateway.models.offline.endpointing import FRAME_BYTES
from gateway.models.offline.speech import BATCH_FRAMES

LIMIT_SECONDS = 10
SECOND = 32_000


@pytest.mark.parametrize("chunk", [1, 7, 640, 1023, 1024, 1025, 5000])
async def test_sound_of_any_chunk_size_becomes_whole_frames_in_order(chunk: int) -> None:
    microphone = Microphone()
    sound = bytes(number % 251 for number in range(FRAME_BYTES * 10))
    for start in range(0, len(sound), chunk):
        await microphone.put(sound[start : start + chunk])
    frames = await microphone.frames()
    assert b"".join(frames) == sound
    assert {len(frame) for frame in frames} == {FRAME_BYTES}


async def test_frames_are_handed_out_in_batches() -> None:
    microphone = Microphone()
    await microphone.put(bytes(FRAME_BYTES * (BATCH_FRAMES + 3) + 5))
    assert [len(await microphone.frames()), len(await microphone.frames())] == [BATCH_FRAMES, 3]


async def test_the_reader_waits_for_a_whole_frame() -> None:
    microphone = Microphone()
    reading = asyncio.create_task(microphone.frames())
    await microphone.put(bytes(FRAME_BYTES - 1))
    await asyncio.sleep(0)
    assert not reading.done()
    await microphone.put(b"\1")
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await reading == [bytes(FRAME_BYTES - 1) + b"\1"]


async def test_whoever_brings_sound_faster_than_it_is_heard_waits() -> None:
    microphone = Microphone()
    await microphone.put(bytes(int(MOST_WAITING_SECONDS) * SECOND))
    waiting = asyncio.create_task(microphone.put(b"\1" * FRAME_BYTES))
    await asyncio.sleep(0)
    assert not waiting.done()
    await microphone.frames()
    async with asyncio.timeout(LIMIT_SECONDS):
        await waiting


async def test_closing_lets_go_of_who_waits_and_takes_no_more() -> None:
    microphone = Microphone()
    await microphone.put(bytes(FRAME_BYTES))
    await microphone.frames()
    await microphone.put(bytes(int(MOST_WAITING_SECONDS) * SECOND))
    waiting = asyncio.create_task(microphone.put(b"\1" * FRAME_BYTES))
    await asyncio.sleep(0)
    microphone.close()
    async with asyncio.timeout(LIMIT_SECONDS):
        await waiting
        await microphone.put(bytes(FRAME_BYTES))
    reading = asyncio.create_task(microphone.frames())
    await asyncio.sleep(0)
    assert not reading.done()
    reading.cancel()
