from collections.abc import Mapping
from typing import Any

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from observability import catalog
from observability.recording import record_with, recorder, recording, stop_recording


def test_nobody_records_until_told_and_none_after_it_is_over() -> None:
    assert recorder() is None
    first = record_with(NoOpTracerProvider(), NoOpMeterProvider())
    assert recorder() is first
    with recording(NoOpTracerProvider(), NoOpMeterProvider()) as second:
        assert recorder() is second
    assert recorder() is first
    stop_recording()
    assert recorder() is None


def test_values_outside_their_set_are_recorded_as_other(recorded: Any) -> None:
    recorded.recorder.add(catalog.TURNS, 1, "carrier pigeon", "claude", "ok")
    recorded.recorder.session_entered("carrier pigeon")
    metrics = recorded.metrics()
    assert metrics["gateway.turns"] == {("other", "claude", "ok"): 1}
    assert metrics["gateway.sessions.active"] == {("other",): 1}


def test_a_gauge_gives_what_its_source_says_when_it_is_read(recorded: Any) -> None:
    amounts: dict[str, float] = {"": 1}

    def read() -> Mapping[str, float]:
        return amounts

    recorded.recorder.gauge(catalog.PROCESS_FILES, read)
    assert recorded.metrics()["gateway.process.fds"] == {(): 1}
    amounts[""] = 7
    assert recorded.metrics()["gateway.process.fds"] == {(): 7}
