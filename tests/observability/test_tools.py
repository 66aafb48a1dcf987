import asyncio
from typing import Any

import pytest

from observability.tools import observe_tool


def test_calls_are_counted_by_outcome_and_timed(recorded: Any) -> None:
    with observe_tool("calculator"):
        recorded.pass_seconds(0.5)
    with observe_tool("calculator") as call:
        call.failed()
    with pytest.raises(ValueError, match="no"), observe_tool("clock"):
        raise ValueError("no")
    with pytest.raises(TimeoutError), observe_tool("clock"):
        raise TimeoutError
    with pytest.raises(asyncio.CancelledError), observe_tool("clock"):
        raise asyncio.CancelledError
    metrics = recorded.metrics()
    assert metrics["gateway.tool.calls"] == {
        ("calculator", "ok"): 1,
        ("calculator", "error"): 1,
        ("clock", "error"): 1,
        ("clock", "timeout"): 1,
        ("clock", "cancelled"): 1,
    }
    assert metrics["gateway.tool.duration"] == {("calculator",): 0.5, ("clock",): 0}


def test_names_of_tools_beyond_the_bound_are_recorded_as_other(recorded: Any) -> None:
    for number in range(70):
        with observe_tool(f"tool {number}"):
            pass
    with observe_tool("tool 0"):
        pass
    calls = recorded.metrics()["gateway.tool.calls"]
    assert len(calls) == 65
    assert (calls[("tool 0", "ok")], calls[("other", "ok")]) == (2, 6)


def test_when_telemetry_is_off_the_call_just_runs() -> None:
    with observe_tool("calculator") as call:
        call.failed("timeout")
    assert call.outcome == "timeout"
