"""The BedrockModel of strands against the emulated Converse, as the gateway makes it."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EventStreamError
from strands import Agent, ModelRetryStrategy, tool
from strands.models import BedrockModel
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException
from urllib3.exceptions import ProtocolError

from tests.emulators.converse.scripts import Reasoning, Reply, Text, ToolUse, Usage, calls, says
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    THROTTLED,
    TOO_LONG,
    Break,
    Fault,
    StreamException,
)

MODEL = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a * b


@pytest.fixture
def model(aws: AwsEmulator) -> Iterator[BedrockModel]:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
    made = BedrockModel(boto_session=boto3.Session(), boto_client_config=config, model_id=MODEL)
    with closing(made.client):
        yield made
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        # strands 1.62 does not close a response whose stream fails: its socket is open till now.
        del made
        gc.collect()


def agent(model: BedrockModel, *, attempts: int = 1, **more: Any) -> Agent:
    strategy = ModelRetryStrategy(max_attempts=attempts, initial_delay=0, max_delay=0)
    return Agent(model, callback_handler=None, retry_strategy=strategy, **more)


async def told(asked: Agent, prompt: str) -> str:
    """Ask; give the text as it streamed."""
    async with asyncio.timeout(10):
        return "".join([piece async for piece in _pieces(asked, prompt)])


async def _pieces(asked: Agent, prompt: str) -> AsyncIterator[str]:
    async for event in asked.stream_async(prompt):
        if "data" in event:
            yield event["data"]


async def test_words_stream_with_the_system_prompt_sent(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    assert await told(agent(model, system_prompt="Be short."), "Hi") == "You said: Hi"
    [call] = aws.converse.calls.all()
    assert (call.streaming, call.body["system"]) == (True, [{"text": "Be short."}])
    assert aws.converse.violations == []


async def test_a_tool_is_called_and_its_result_told(aws: AwsEmulator, model: BedrockModel) -> None:
    asked = agent(model, tools=[multiply])
    assert await told(asked, 'call multiply {"a": 6, "b": 7}') == "The tools answered: 42"
    result = aws.converse.calls.all()[1].body["messages"][-1]["content"][0]["toolResult"]
    assert (result["content"], result["status"]) == ([{"text": "42"}], "success")
    assert aws.converse.violations == []


async def test_parallel_tools_are_answered_in_one_message(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    uses = (ToolUse("multiply", {"a": 2, "b": 3}, "x"), ToolUse("multiply", {"a": 4, "b": 5}, "y"))
    aws.converse.scripts.add(calls(*uses, before="One moment."))
    said = await told(agent(model, tools=[multiply]), "Multiply.")
    assert said in (
        "One moment.The tools answered: 6; 20",
        "One moment.The tools answered: 20; 6",
    )
    assert aws.converse.violations == []


async def test_reasoning_goes_back_with_its_signature(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    use = ToolUse("multiply", {"a": 6, "b": 7})
    aws.converse.scripts.add(Reply((Reasoning("I should multiply."), use)))
    asked = agent(model, tools=[multiply])
    assert await told(asked, "6 times 7?") == "The tools answered: 42"
    sent = aws.converse.calls.all()[1].body["messages"][1]["content"][0]["reasoningContent"]
    assert sent["reasoningText"]["text"] == "I should multiply."
    assert aws.converse.violations == []  # the signature was right


async def test_tokens_are_counted(aws: AwsEmulator, model: BedrockModel) -> None:
    aws.converse.scripts.add(says("Hello", usage=Usage(100, 5, cache_read_tokens=90)))
    asked = agent(model)
    await told(asked, "Hi")
    usage = asked.event_loop_metrics.accumulated_usage
    assert (usage["inputTokens"], usage["outputTokens"], usage["cacheReadInputTokens"]) == (
        100,
        5,
        90,
    )


async def test_throttling_is_tried_again_as_often_as_asked(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    aws.converse.scripts.add(THROTTLED, THROTTLED)
    assert await told(agent(model, attempts=3), "Hi") == "You said: Hi"
    aws.converse.scripts.add(THROTTLED)
    with pytest.raises(ModelThrottledException):
        await told(agent(model), "Hi")
    assert len(aws.converse.calls.all()) == 4


async def test_throttling_within_a_stream_repeats_what_was_said(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    # Why the gateway may not retry once a token is out.
    fault = StreamException("throttlingException")
    aws.converse.scripts.add(says("One two three", fault=fault, fault_after=3))
    assert await told(agent(model, attempts=2), "Hi") == "One twoYou said: Hi"


async def test_a_conversation_that_is_too_long_is_told_apart(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    aws.converse.scripts.standing = TOO_LONG
    with pytest.raises(ContextWindowOverflowException):
        async with asyncio.timeout(10):
            await _overflow(model)


async def _overflow(model: BedrockModel) -> None:
    async for _ in model.stream([{"role": "user", "content": [{"text": "Hi"}]}]):
        pass


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (StreamException("modelStreamErrorException"), EventStreamError),
        (StreamException("internalServerException"), EventStreamError),
        (StreamException("serviceUnavailableException"), EventStreamError),
        (StreamException("throttlingException"), ModelThrottledException),
        (Break.TCP_CUT, ProtocolError),
    ],
    ids=str,
)
async def test_faults_within_a_stream_are_errors(
    aws: AwsEmulator, model: BedrockModel, fault: Fault, error: type[Exception]
) -> None:
    aws.converse.scripts.add(says("One two", fault=fault, fault_after=2))
    with pytest.raises(error):
        await told(agent(model), "Hi")


async def test_an_answer_that_just_ends_is_taken_for_whole(
    aws: AwsEmulator, model: BedrockModel
) -> None:
    # strands 1.62 sees no missing messageStop: the words so far count as the answer.
    aws.converse.scripts.add(says("One two three", fault=Break.END_STREAM, fault_after=3))
    assert await told(agent(model), "Hi") == "One two"


async def test_without_streaming_all_comes_at_once(aws: AwsEmulator) -> None:
    config = Config(retries={"total_max_attempts": 1})
    model = BedrockModel(
        boto_session=boto3.Session(), boto_client_config=config, model_id=MODEL, streaming=False
    )
    with closing(model.client):
        aws.converse.scripts.add(Reply((Reasoning("Hm."), Text("Hello there"))))
        assert await told(agent(model), "Hi") == "Hello there"
    assert [call.streaming for call in aws.converse.calls.all()] == [False]
