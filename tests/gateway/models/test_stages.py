"""An answer begins in time, goes on in time, and is whole."""

import asyncio
import threading
from typing import Any

import pytest

from gateway.models.stages import holds_token, staged
from gateway.settings import ModelOptions
from protocols.contract.errors import ModelFailed, TimedOut
from tests.gateway.models.streams import (
    COUNTED,
    ENDED,
    NEVER,
    STARTED,
    STOPPED,
    PlayedModel,
    says,
    word,
)

QUICK = ModelOptions(first_token_seconds=0.05, between_tokens_seconds=0.05)
PATIENT = ModelOptions()


async def read(
    *steps: Any, options: ModelOptions = PATIENT, cancelled: threading.Event | None = None
) -> tuple[list[Any], int, BaseException | None]:
    """The chunks told, how often the model's stream was closed, and the error at the end."""
    model = PlayedModel([steps])
    chunks: list[Any] = []
    error: BaseException | None = None
    async with asyncio.timeout(10):
        try:
            async for chunk in staged(model.stream([]), options, cancelled):
                chunks.append(chunk)  # noqa: PERF401 - those before an error count
        except Exception as raised:  # noqa: BLE001 - looked at by the test
            error = raised
    return chunks, model.closed, error


async def test_an_answer_is_handed_on_as_it_is() -> None:
    answer = says("Hello", " you")
    assert await read(*answer) == (answer, 1, None)


async def test_an_empty_answer_is_whole_too() -> None:
    assert await read(STARTED, ENDED) == ([STARTED, ENDED], 1, None)


async def test_a_first_token_that_does_not_come_is_told_with_its_setting() -> None:
    chunks, closed, error = await read(STARTED, NEVER, options=QUICK)
    assert (chunks, closed, type(error)) == ([STARTED], 1, TimedOut)
    assert "GATEWAY_FIRST_TOKEN_SECONDS" in str(error)


async def test_a_next_token_that_does_not_come_is_told_with_its_setting() -> None:
    chunks, closed, error = await read(STARTED, word("One"), NEVER, options=QUICK)
    assert (chunks, closed, type(error)) == ([STARTED, word("One")], 1, TimedOut)
    assert "GATEWAY_BETWEEN_TOKENS_SECONDS" in str(error)


async def test_the_reader_may_be_slower_than_the_model_may() -> None:
    model = PlayedModel([says("One", " two")])
    chunks = []
    async with asyncio.timeout(10):
        async for chunk in staged(model.stream([]), QUICK, None):
            chunks.append(chunk)
            await asyncio.sleep(0.08)
    assert chunks == says("One", " two")


@pytest.mark.parametrize(
    "steps",
    [
        (STARTED, word("One")),
        (STARTED, word("One"), STOPPED),
        # As strands' OpenAI model says it of a stream that just ended.
        (STARTED, word("One"), ENDED),
        (),
    ],
)
async def test_an_answer_that_just_ends_has_broken_off(steps: tuple[Any, ...]) -> None:
    chunks, closed, error = await read(*steps)
    assert (chunks, closed, type(error)) == ([*steps], 1, ModelFailed)
    assert "broke off" in str(error)


async def test_the_count_of_tokens_may_fail_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.models.stages._AFTER_THE_END_SECONDS", 0.05)
    answer = [STARTED, word("One"), STOPPED, ENDED]
    assert await read(*answer, NEVER) == (answer, 1, None)


async def test_a_time_out_of_the_library_is_left_as_it_is() -> None:
    error = TimeoutError("the library's")
    assert await read(STARTED, error) == ([STARTED], 1, error)


async def test_cancelling_ends_a_wait_and_closes_the_stream() -> None:
    cancelled = threading.Event()
    asyncio.get_running_loop().call_later(0.02, cancelled.set)
    assert await read(STARTED, word("One"), NEVER, cancelled=cancelled) == (
        [STARTED, word("One")],
        1,
        None,
    )


async def test_after_cancelling_the_model_is_not_even_asked() -> None:
    cancelled = threading.Event()
    cancelled.set()
    assert await read(*says("Hello"), cancelled=cancelled) == ([], 0, None)


async def test_nothing_more_is_told_after_cancelling() -> None:
    cancelled = threading.Event()
    model = PlayedModel([says("One", " two")])
    async with asyncio.timeout(10):
        stream = staged(model.stream([]), PATIENT, cancelled)
        assert await anext(stream) == STARTED
        cancelled.set()
        assert [chunk async for chunk in stream] == []
    assert model.closed == 1


async def test_who_leaves_closes_the_models_stream() -> None:
    model = PlayedModel([says("One", " two")])
    stream = staged(model.stream([]), PATIENT, threading.Event())
    async with asyncio.timeout(10):
        assert await anext(stream) == STARTED
        await stream.aclose()
    assert model.closed == 1


def test_tokens_are_told_from_announcements() -> None:
    call: Any = {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "a", "name": "b"}}}}
    text: Any = {"contentBlockStart": {"start": {}}}
    chunks = [word("One"), call, text, STARTED, STOPPED, ENDED, COUNTED]
    assert [holds_token(each) for each in chunks] == [True, True] + [False] * 5
