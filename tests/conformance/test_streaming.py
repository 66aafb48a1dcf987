"""Server-sent events of a prompt."""

import time

import pytest

from tests.conformance.deployment import SESSION_HEADER, Deployment, events_of, new_session

STREAM = {"Accept": "text/event-stream"}


@pytest.mark.promise("S01")
def test_a_stream_is_events_of_json(deployment: Deployment) -> None:
    response = deployment.invoke({"prompt": "hello"}, new_session(), **STREAM)
    assert response.status_code == 200
    events = events_of(response)
    assert len(events) > 1
    assert all(isinstance(event, dict) for event in events)
    assert [event for event in events if event.get("type") == "RUN_ERROR"] == []


@pytest.mark.promise("S03")
def test_the_first_event_comes_early(deployment: Deployment) -> None:
    arrivals = []
    with deployment.http.stream(
        "POST",
        "/invocations",
        json={"prompt": "count from 1 to 60"},
        headers={SESSION_HEADER: new_session(), **STREAM},
    ) as response:
        arrivals = [time.monotonic() for line in response.iter_lines() if line.startswith("data:")]
    assert len(arrivals) > 2
    assert arrivals[-1] - arrivals[0] > 0.1, "all events came at once"
