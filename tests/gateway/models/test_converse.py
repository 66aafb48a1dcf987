"""Answers of Bedrock can be left at any moment and leave nothing open; over the emulated wire."""

import asyncio
import gc
import os
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest
from strands.types.exceptions import ModelThrottledException
from urllib3.exceptions import ProtocolError

from gateway.models.choice import ModelChoice
from gateway.models.converse import ConverseModel
from gateway.models.text.bedrock import text_model
from gateway.settings import ModelOptions
from tests.emulators.converse.scripts import Reply, Text, says
from tests.emulators.converse.service import Call
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.scripting import THROTTLED, Break, Fault, StreamException
from tests.gateway.models.streams import told

USER: Any = {"role": "user", "content": [{"text": "Hi"}]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    with AwsEmulator() as emulator:
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield emulator
    assert emulator.routes.refused.all() == []


@pytest.fixture
def model(aws: AwsEmulator) -> Iterator[ConverseModel]:
    made = text_model(ModelChoice(setting="bedrock", options=ModelOptions(prompt_cache=False)))
    assert isinstance(made, ConverseModel)
    with closing(made.client):
        yield made


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """A socket that is left to the garbage collector is a warning, and that an error."""
    yield
    with warnings.catch_warnings(action="error", category=ResourceWarning):
        gc.collect()


async def ended(aws: AwsEmulator, count: int = 1) -> list[Call]:
    """The calls as the emulator saw them, once each has ended."""
    return await asyncio.to_thread(aws.converse.ended, count)


async def begun(model: ConverseModel) -> AsyncIterator[Any]:
    """An answer of which the first words have come."""
    stream = model.stream([USER])
    while "contentBlockDelta" not in await anext(stream):
        pass
    return stream


async def test_an_answer_is_read_to_its_end_and_the_connection_used_again(
    aws: AwsEmulator, model: ConverseModel
) -> None:
    async with asyncio.timeout(10):
        for _ in range(3):
            chunks = [chunk async for chunk in model.stream([USER], system_prompt="Be short.")]
            assert told(chunks) == "You said: Hi"
    calls = await ended(aws, 3)
    assert [call.body["system"] for call in calls] == [[{"text": "Be short."}]] * 3
    assert aws.accepted == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (StreamException("modelStreamErrorException"), Exception),
        (StreamException("throttlingException"), ModelThrottledException),
        (Break.TCP_CUT, ProtocolError),
        (Break.BAD_CHECKSUM, Exception),
    ],
    ids=str,
)
async def test_an_answer_that_fails_leaves_no_connection_open(
    aws: AwsEmulator, model: ConverseModel, fault: Fault, error: type[Exception]
) -> None:
    aws.converse.scripts.add(says("One two", fault=fault, fault_after=2))
    with pytest.raises(error):
        async with asyncio.timeout(10):
            [chunk async for chunk in model.stream([USER])]
    await ended(aws)


async def test_a_refusal_leaves_the_connection_to_the_next(
    aws: AwsEmulator, model: ConverseModel
) -> None:
    aws.converse.scripts.add(THROTTLED)
    async with asyncio.timeout(10):
        with pytest.raises(ModelThrottledException):
            [chunk async for chunk in model.stream([USER])]
        assert told([chunk async for chunk in model.stream([USER])]) == "You said: Hi"


async def test_leaving_a_silent_answer_closes_its_connection_at_once(
    aws: AwsEmulator, model: ConverseModel
) -> None:
    aws.converse.scripts.add(says("One two", fault=Break.SILENCE, fault_after=2))
    async with asyncio.timeout(10):
        stream: Any = await begun(model)
        await stream.aclose()
        [call] = await ended(aws)
    assert call.events == ["messageStart", "contentBlockDelta"]


async def test_leaving_a_long_answer_does_not_read_the_rest(
    aws: AwsEmulator, model: ConverseModel
) -> None:
    words = Text(" ".join(["word"] * 1000))
    aws.converse.scripts.add(Reply((words,), pause_seconds=0.01))
    async with asyncio.timeout(10):
        stream: Any = await begun(model)
        await stream.aclose()
        [call] = await ended(aws)
    assert call.outcome == "client left"


async def test_leaving_before_the_answer_begins_closes_it_when_it_does(
    aws: AwsEmulator, model: ConverseModel
) -> None:
    words = Text(" ".join(["word"] * 1000))
    aws.converse.scripts.add(Reply((words,), wait_seconds=0.3, pause_seconds=0.01))
    async with asyncio.timeout(10):
        stream = model.stream([USER])
        first = asyncio.ensure_future(anext(stream))
        await asyncio.to_thread(aws.converse.calls.wait_for, bool)
        first.cancel()
        await asyncio.wait([first])
        [call] = await ended(aws)
    assert call.outcome == "client left"


async def test_many_answers_at_once_do_not_wait_for_each_other(
    aws: AwsEmulator, model: ConverseModel
) -> None:
    # The pool of an event loop has six threads on two cores.
    aws.converse.scripts.standing = Reply((Text("Hello"),), wait_seconds=0.5)
    streams = [model.stream([USER]) for _ in range(40)]
    async with asyncio.timeout(20):
        reading = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.to_thread(aws.converse.calls.wait_for, lambda calls: len(calls) == 40)
        await asyncio.wait(reading)
        await asyncio.gather(*(stream.aclose() for stream in streams))
        await ended(aws, 40)
    assert all("messageStart" in first.result() for first in reading)


def test_a_response_of_somebody_else_is_left_alone(aws: AwsEmulator, model: ConverseModel) -> None:
    # Whoever uses the client without an answer of ours, as a tool might.
    reply = model.client.converse_stream(modelId="m", messages=[USER])
    assert [event for event in reply["stream"] if "messageStop" in event]
    assert threading.current_thread() is threading.main_thread()
