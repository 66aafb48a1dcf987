"""The first to end wins; the others are cancelled and waited for."""

import asyncio

import pytest

from protocols.live.racing import first_of


async def test_the_first_to_end_ends_the_others() -> None:
    cleaned = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    async with asyncio.timeout(5):
        await first_of(forever(), asyncio.sleep(0))
    assert cleaned.is_set()


async def test_what_the_first_raises_is_raised_bare() -> None:
    async def fail() -> None:
        raise LookupError("it")

    async with asyncio.timeout(5):
        with pytest.raises(LookupError, match="it"):
            await first_of(asyncio.Event().wait(), fail())


async def test_a_cancellation_passes_to_all() -> None:
    started, cleaned = asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    race = asyncio.create_task(first_of(forever()))
    async with asyncio.timeout(5):
        await started.wait()
        race.cancel()
        with pytest.raises(asyncio.CancelledError):
            await race
    assert cleaned.is_set()
