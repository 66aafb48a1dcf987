"""What of the events of agents and teams is told."""

from typing import Any

import pytest

from tools.delegate_events import DelegateEnded, DelegateTold, is_worth_telling


@pytest.mark.parametrize(
    "event",
    [
        {"event": {"messageStop": {}}},
        {"message": {"role": "user", "content": []}},
        {"type": "tool_stream", "tool_stream_event": {}},
        {"type": "multiagent_node_start", "node_id": "a", "node_type": "agent"},
        {"type": "multiagent_node_stop", "node_id": "a", "node_result": None},
        {"type": "multiagent_node_stream", "node_id": "a", "event": {"event": {}}},
    ],
)
def test_what_says_something_is_told(event: dict[str, Any]) -> None:
    assert is_worth_telling(event)


@pytest.mark.parametrize(
    "event",
    [
        {"data": "word", "delta": {}, "agent": object()},
        {"init_event_loop": True},
        {"result": object()},
        {"force_stop": True, "force_stop_reason": "the text of an exception"},
        {"type": "multiagent_handoff", "from_node_ids": [], "to_node_ids": [], "message": "go"},
        {"type": "multiagent_result", "result": object()},
        {"type": "multiagent_node_stream", "node_id": "a", "event": {"data": "word"}},
    ],
)
def test_what_repeats_it_is_not_told(event: dict[str, Any]) -> None:
    assert not is_worth_telling(event)


def test_a_delegate_that_tells_nothing_begins() -> None:
    assert DelegateTold("ask", "Asks.") == DelegateTold("ask", "Asks.", {})
    assert DelegateEnded() == DelegateEnded("completed", ())
