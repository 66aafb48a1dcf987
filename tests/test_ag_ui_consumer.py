"""The consumer itself: it must let good runs pass, and fail where the client complains."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from tests.ag_ui_consumer import Consumer, consuming, events_of

ASKED = {"threadId": "t", "runId": "r", "messages": [{"id": "1", "role": "user", "content": "q"}]}
STARTED = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": {"type": "success"}}
MESSAGE = [
    {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
    {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "hello"},
    {"type": "TEXT_MESSAGE_END", "messageId": "m"},
]
PATCH = {"type": "STATE_DELTA", "delta": [{"op": "add", "path": "/a", "value": 1}]}


@pytest.fixture(scope="module")
def consumer() -> Iterator[Consumer]:
    """The published client."""
    with consuming() as started:
        yield started


def test_a_run_is_what_the_client_makes_of_it(consumer: Consumer) -> None:
    run = consumer.judge([STARTED, *MESSAGE, PATCH, FINISHED], ASKED | {"state": {"b": 2}})
    assert (run.text, run.state, run.outcome) == ("hello", {"a": 1, "b": 2}, {"type": "success"})
    assert run.messages[-1] == {"id": "m", "role": "assistant", "content": "hello"}
    assert run.finished == {"outcome": "success", "pendingToolCallIds": []}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([*MESSAGE, FINISHED], id="no start"),
        pytest.param([STARTED, *MESSAGE[:2], FINISHED], id="left open"),
        pytest.param([STARTED, FINISHED, *MESSAGE], id="after the end"),
        pytest.param([STARTED, {"type": "NO_EVENT"}, FINISHED], id="unknown type"),
        pytest.param([STARTED, FINISHED | {"unknown": 1}], id="unknown member"),
        pytest.param([STARTED, FINISHED | {"usage": None}], id="null"),
        pytest.param(
            [STARTED, PATCH | {"delta": [{"op": "remove", "path": "/none"}]}, FINISHED],
            id="a patch that does not apply",
        ),
    ],
)
def test_faults_are_found(consumer: Consumer, events: list[dict[str, Any]]) -> None:
    with pytest.raises((AssertionError, ValidationError)):
        consumer.judge(events, ASKED)


@pytest.mark.parametrize(
    "body",
    [
        b"data: {}\r\n\r\n",
        b"data: {}",
        b"data: {}\n{}\n\n",
        b"id: 1\n\n",
    ],
    ids=["CRLF", "not closed", "two lines", "no data"],
)
def test_frames_of_another_form_are_found(body: bytes) -> None:
    with pytest.raises((AssertionError, json.JSONDecodeError)):
        events_of(body)


def test_comments_are_no_events() -> None:
    assert events_of(b': keep-alive\n\ndata: {"type":"RAW"}\n\n') == [{"type": "RAW"}]
