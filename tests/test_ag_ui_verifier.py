"""The judge itself: it must let good runs pass and find faults."""

from typing import Any

import pytest

from tests.ag_ui_verifier import verify

STARTED = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}
MESSAGE = [
    {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
    {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "hello"},
    {"type": "TEXT_MESSAGE_END", "messageId": "m"},
]


def test_ordered_runs_pass() -> None:
    verify([STARTED, *MESSAGE, FINISHED, STARTED, FINISHED])


@pytest.mark.parametrize(
    "events",
    [
        [*MESSAGE, FINISHED],
        [STARTED, *MESSAGE[:2], FINISHED],
        [STARTED, FINISHED, *MESSAGE],
        [STARTED, {"type": "NO_EVENT"}, FINISHED],
        [STARTED, MESSAGE[0], {**MESSAGE[1], "delta": None}, MESSAGE[2], FINISHED],
    ],
)
def test_faults_are_found(events: list[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError):
        verify(events)
