"""boto3 against the emulated Converse and ConverseStream, over TLS on the loopback."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from botocore.exceptions import ReadTimeoutError as BotoReadTimeoutError
from botocore.exceptions import SSLError as BotoSSLError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from tests.emulators.converse.scripts import (
    Reasoning,
    RedactedReasoning,
    Reply,
    Text,
    ToolUse,
    Usage,
    calls,
    says,
)
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    DENIED,
    THROTTLED,
    TOO_LONG,
    UNAVAILABLE,
    Break,
    Refusal,
    StreamException,
)

MODEL = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
MESSAGES = [{"role": "user", "content": [{"text": "Hi there"}]}]
TOOL = {"toolSpec": {"name": "calculator", "inputSchema": {"json": {"type": "object"}}}}


@contextmanager
def bedrock(**options: Any) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, **options)
    with closing(boto3.Session().client("bedrock-runtime", config=config)) as client:
        yield client


def converse(messages: list[dict[str, Any]] = MESSAGES, **more: Any) -> dict[str, Any]:
    with bedrock() as client:
        answer: dict[str, Any] = client.converse(modelId=MODEL, messages=messages, **more)
        return answer


def streamed(**options: Any) -> Generator[dict[str, Any]]:
    with bedrock(**options) as client:
        answer = client.converse_stream(modelId=MODEL, messages=MESSAGES)
        with closing(answer["stream"]) as events:
            yield from events


def stream(**options: Any) -> list[dict[str, Any]]:
    return list(streamed(**options))


def text_of(events: list[dict[str, Any]]) -> str:
    deltas = [
        event["contentBlockDelta"]["delta"]
        for event in events
        if len(event) == 1 and "contentBlockDelta" in event
    ]
    return "".join(delta.get("text", "") for delta in deltas)


def test_converse_answers_what_is_scripted(aws: AwsEmulator) -> None:
    usage = Usage(100, 7, cache_read_tokens=80, cache_write_tokens=20)
    aws.converse.scripts.add(
        Reply(
            (
                Reasoning("Let me see."),
                RedactedReasoning(b"\x01"),
                Text("It is"),
                ToolUse("calculator", {"expression": "6*7"}, "t1"),
            ),
            usage=usage,
        )
    )
    answer = converse(toolConfig={"tools": [TOOL]})
    content = answer["output"]["message"]["content"]
    assert content[0]["reasoningContent"]["reasoningText"]["text"] == "Let me see."
    assert content[1:] == [
        {"reasoningContent": {"redactedContent": b"\x01"}},
        {"text": "It is"},
        {"toolUse": {"toolUseId": "t1", "name": "calculator", "input": {"expression": "6*7"}}},
    ]
    assert (answer["stopReason"], answer["usage"]) == (
        "tool_use",
        {
            "inputTokens": 100,
            "outputTokens": 7,
            "totalTokens": 207,
            "cacheReadInputTokens": 80,
            "cacheWriteInputTokens": 20,
        },
    )


def test_the_model_id_and_body_arrive_as_they_were_given(aws: AwsEmulator) -> None:
    stream()
    [call] = aws.converse.ended(1)
    assert (call.model_id, call.streaming, call.body) == (MODEL, True, {"messages": MESSAGES})
    assert (call.outcome, call.violation) == ("complete", None)


def test_a_stream_brings_the_same_as_a_whole_answer(aws: AwsEmulator) -> None:
    events = stream()
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockDelta"] * 4,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert text_of(events) == "You said: Hi there"
    assert events[-1]["metadata"]["usage"]["totalTokens"] == 30


def test_deltas_come_one_by_one(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(says("one two three", pause_seconds=0.05))
    came = []
    for event in streamed():
        came += [time.monotonic()] if "contentBlockDelta" in event else []
    assert came[-1] - came[0] > 0.08


def test_the_demonstration_calls_tools_and_tells_their_results(aws: AwsEmulator) -> None:
    asked = {"role": "user", "content": [{"text": 'call calculator {"expression": "6*7"}'}]}
    tools = {"tools": [TOOL]}
    first = converse([asked], toolConfig=tools)
    message = first["output"]["message"]
    use = message["content"][0]["toolUse"]
    assert (use["name"], use["input"]) == ("calculator", {"expression": "6*7"})
    content = [{"text": "42"}, {"json": {"exact": True}}]
    result = {"toolResult": {"toolUseId": use["toolUseId"], "content": content}}
    told = {"role": "user", "content": [result]}
    second = converse([asked, message, told], toolConfig=tools)
    assert second["output"]["message"]["content"] == [
        {"text": 'The tools answered: 42 {"exact": true}'}
    ]


def test_parallel_tools_are_blocks_of_one_message(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(calls(ToolUse("a", {"x": 1}), ToolUse("b"), before="Wait."))
    events = stream()
    started = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert [(each["contentBlockIndex"], each["start"]["toolUse"]["name"]) for each in started] == [
        (1, "a"),
        (2, "b"),
    ]


@pytest.mark.parametrize("refusal", [THROTTLED, DENIED, UNAVAILABLE, TOO_LONG])
def test_refusals_are_errors_of_their_name(aws: AwsEmulator, refusal: Refusal) -> None:
    aws.converse.scripts.add(refusal)
    with pytest.raises(ClientError) as raised:
        stream()
    error = raised.value.response
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (
        refusal.status,
        refusal.code,
    )
    assert [call.outcome for call in aws.converse.ended(1)] == ["refused"]


def test_a_request_that_bedrock_would_refuse_is_refused_and_recorded(aws: AwsEmulator) -> None:
    with pytest.raises(ClientError, match="must alternate"):
        converse(MESSAGES * 2)
    [violation] = aws.converse.violations
    assert "must alternate" in violation


@pytest.mark.parametrize(
    "kind",
    [
        "internalServerException",
        "modelStreamErrorException",
        "serviceUnavailableException",
        "throttlingException",
        "validationException",
    ],
)
def test_exceptions_come_within_the_stream(aws: AwsEmulator, kind: str) -> None:
    aws.converse.scripts.add(says("a b c", fault=StreamException(kind, "broke"), fault_after=2))
    with pytest.raises(EventStreamError, match=rf"\({kind}\).*broke"):
        stream()
    assert aws.converse.calls.all()[0].events == ["messageStart", "contentBlockDelta"]


def test_the_same_exceptions_answer_converse_at_once(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(says("", fault=StreamException("modelErrorException", "broke")))
    with pytest.raises(ClientError, match=r"ModelErrorException.*broke"):
        converse()


def test_a_cut_is_an_error_and_a_clean_early_end_is_none(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(
        says("a b", fault=Break.TCP_CUT, fault_after=2),
        says("a b", fault=Break.BAD_CHECKSUM, fault_after=2),
        says("a b", fault=Break.END_STREAM, fault_after=2),
        says("a b", fault=Break.TRUNCATED_MESSAGE, fault_after=2),
    )
    with pytest.raises(ProtocolError):
        stream()
    with pytest.raises(Exception, match="Checksum mismatch"):
        stream()
    # botocore takes what has come for all there is.
    assert [len(stream()), len(stream())] == [2, 2]
    assert [call.outcome for call in aws.converse.ended(4)] == ["failed"] * 4


def test_a_cut_of_a_whole_answer_is_an_error(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(says("", fault=Break.TCP_CUT))
    with pytest.raises(Exception, match="Connection was closed"):
        converse()


def test_silence_ends_in_a_time_out_and_is_seen_as_leaving(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(
        says("a b", fault=Break.SILENCE, fault_after=2), says("late", wait_seconds=60)
    )
    with pytest.raises(ReadTimeoutError):  # urllib3's, since the answer had begun
        stream(read_timeout=0.3)
    with pytest.raises(BotoReadTimeoutError):
        stream(read_timeout=0.3)
    aws.converse.calls.wait_for(
        lambda calls: [each.outcome for each in calls] == ["failed", "client left"]
    )


def test_a_client_that_closes_early_is_noticed(aws: AwsEmulator) -> None:
    aws.converse.scripts.add(says("a b c d e f g h", pause_seconds=0.2))
    with closing(streamed()) as events:
        next(events)
    [call] = aws.converse.calls.wait_for(
        lambda calls: [each for each in calls if each.outcome == "client left"]
    )
    assert len(call.events) < 8


def test_one_connection_serves_several_requests(aws: AwsEmulator) -> None:
    with bedrock() as client:
        for _ in range(3):
            client.converse(modelId=MODEL, messages=MESSAGES)
    assert [call.outcome for call in aws.converse.ended(3)] == ["complete"] * 3


def test_wrong_keys_and_unknown_operations_are_refused(
    aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bedrock() as client, pytest.raises(ClientError, match="UnknownOperationException"):
        client.invoke_model(modelId=MODEL, body=b"{}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFNOBODY")
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        stream()
    assert [each.code for each in aws.routes.refused.take()] == ["UnrecognizedClientException"]


def test_a_client_that_does_not_know_the_authority_does_not_connect(
    aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(BotoSSLError, match="certificate verify failed"):
        stream()
