import json

import pytest

from gateway.cli.failures import CommandFailed
from gateway.cli.received import (
    AudioFlushed,
    GatewayFailed,
    LatencyReported,
    MessagesSnapshot,
    Outcome,
    Received,
    ReofferAsked,
    RunFailed,
    RunFinished,
    RunStarted,
    SessionOpened,
    TextStarted,
    ToolCallResult,
    ToolCallStarted,
    decode,
)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{"type":"RUN_STARTED","threadId":"t","runId":"r","new":1}', RunStarted("t", "r")),
        ('{"type":"RUN_FINISHED","threadId":"t","runId":"r"}', RunFinished(Outcome("success"))),
        (
            '{"type":"RUN_FINISHED","outcome":{"type":"cancelled"}}',
            RunFinished(Outcome("cancelled")),
        ),
        ('{"type":"RUN_ERROR","message":"m","code":"C"}', RunFailed("m", "C")),
        ('{"type":"TEXT_MESSAGE_START","messageId":"m"}', TextStarted("m", "assistant")),
        (
            '{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"n","parentMessageId":"m"}',
            ToolCallStarted("c", "n", "m"),
        ),
        (
            '{"type":"TOOL_CALL_RESULT","messageId":"m","toolCallId":"c","content":"714"}',
            ToolCallResult("m", "c", "714"),
        ),
        (
            '{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"1","role":"user"}]}',
            MessagesSnapshot([{"id": "1", "role": "user"}]),
        ),
        (
            '{"type":"gateway.session","sessionId":"s","model":"offline","seq":1}',
            SessionOpened("s", "offline"),
        ),
        (
            '{"type":"gateway.audio.flush","messageId":"m","reason":"barge-in"}',
            AudioFlushed("barge-in"),
        ),
        ('{"type":"gateway.error","error":"e","code":"C"}', GatewayFailed("e", "C")),
        ('{"type":"gateway.reoffer","reason":"credentials","seconds":60}', ReofferAsked()),
        (
            '{"type":"gateway.latency","runId":"r","aMs":3,"bMs":2.5,"seq":4,"cMs":null}',
            LatencyReported({"aMs": 3.0, "bMs": 2.5}),
        ),
        (
            '{"type":"gateway.latency","path":"host","lossUpPercent":9.5,"underruns":2,"seq":4}',
            LatencyReported({"lossUpPercent": 9.5, "underruns": 2.0, "path": "host"}),
        ),
    ],
)
def test_what_a_command_needs_is_decoded(text: str, event: Received) -> None:
    assert decode(text) == event


@pytest.mark.parametrize("text", ['{"type":"STATE_SNAPSHOT","snapshot":1}', '{"a":1}'])
def test_other_kinds_are_survived(text: str) -> None:
    assert decode(text) is None


def test_the_work_of_subagents_is_left_out() -> None:
    added = {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "a"}
    assert decode(json.dumps(added)) is not None
    assert decode(json.dumps(added | {"subagentRunId": "s"})) is None


@pytest.mark.parametrize("text", ["[]", "x", b"\xff", '{"type":"RUN_ERROR","message":3}'])
def test_a_malformed_event_is_an_error(text: str | bytes) -> None:
    with pytest.raises(CommandFailed, match=r"not AG-UI 1\.0"):
        decode(text)
