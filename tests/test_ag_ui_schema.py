"""The judge itself: it must let good events pass and find faults."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.ag_ui_schema import check
from tests.protocols.ag_ui.every_event import bare, full

FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}


@pytest.mark.parametrize("event", [*bare(), *full()], ids=lambda event: str(event["type"]))
def test_what_the_protocol_has_passes(event: dict[str, Any]) -> None:
    check(event)


@pytest.mark.parametrize(
    "event",
    [
        FINISHED | {"unknown": 1},
        FINISHED | {"outcome": {"type": "success", "unknown": 1}},
        FINISHED | {"usage": None},
        FINISHED | {"usage": [{"inputTokens": None}]},
        FINISHED | {"runId": 7},
        {"type": "RUN_FINISHED", "runId": "r"},
        {"type": "THINKING_START"},
    ],
)
def test_faults_are_found(event: dict[str, Any]) -> None:
    with pytest.raises((AssertionError, ValidationError)):
        check(event)
