"""What a thread makes is read on the loop, no faster than it is read."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from strands.types.streaming import StreamEvent

from gateway.models.threads import MOST_WAITING, HandOn, from_thread

_here: contextvars.ContextVar[str] = contextvars.ContextVar("here")


def chunk(number: int) -> StreamEvent:
    return cast(StreamEvent, {"number": number})


def nothing() -> None:
    pass


async def read(work: Callable[[HandOn], None]) -> list[Any]:
    async with asyncio.timeout(10):
        return [each async for each in from_thread(work, nothing)]


async def test_chunks_come_in_order_from_a_thread_with_the_callers_context() -> None:
    seen: list[object] = []

    def work(hand_on: HandOn) -> None:
        seen.extend([_here.get(), threading.current_thread().daemon])
        for number in range(1000):
            hand_on(chunk(number))
        hand_on()

    token = _here.set("the caller's")
    try:
        assert await read(work) == [chunk(number) for number in range(1000)]
    finally:
        _here.reset(token)
    assert seen == ["the caller's", True]


async def test_what_was_made_before_a_failure_is_read_first() -> None:
    def work(hand_on: HandOn) -> None:
        hand_on(chunk(1))
        raise ValueError("no more")

    async with asyncio.timeout(10):
        stream = from_thread(work, nothing)
        assert await anext(stream) == chunk(1)
        with pytest.raises(ValueError, match="no more"):
            await anext(stream)


async def test_a_thread_that_is_ahead_is_held_up() -> None:
    made: list[int] = []
    full = threading.Event()

    def work(hand_on: HandOn) -> None:
        for number in range(MOST_WAITING * 3):
            if number == MOST_WAITING + 1:
                full.set()
            made.append(number)
            hand_on(chunk(number))

    stream = from_thread(work, nothing)
    async with asyncio.timeout(10):
        first = await anext(stream)
        await asyncio.to_thread(full.wait, 5)
        # One is in hand_on; what the first reading took does not count.
        assert len(made) <= 2 * MOST_WAITING + 1
        rest = [each async for each in stream]
    assert [first, *rest] == [chunk(number) for number in range(MOST_WAITING * 3)]


async def test_who_stops_reading_ends_the_work_and_is_told_to_clean_up() -> None:
    ended = threading.Event()
    left: list[str] = []

    def work(hand_on: HandOn) -> None:
        try:
            while True:
                hand_on(chunk(0))
        finally:
            ended.set()

    stream = from_thread(work, lambda: left.append("left"))
    async with asyncio.timeout(10):
        await anext(stream)
        await stream.aclose()
        assert await asyncio.to_thread(ended.wait, 5)
    assert left == ["left"]


def test_a_loop_that_is_closed_is_no_failure_of_the_thread() -> None:
    going_on = threading.Event()
    ended = threading.Event()

    def work(hand_on: HandOn) -> None:
        hand_on(chunk(1))
        going_on.wait(5)
        try:
            hand_on(chunk(2))
            hand_on(chunk(3))
        finally:
            ended.set()

    async def begin() -> Any:
        stream = from_thread(work, nothing)
        await anext(stream)
        return stream

    loop = asyncio.new_event_loop()
    stream = loop.run_until_complete(begin())
    loop.close()
    going_on.set()
    assert ended.wait(5)
    del stream
