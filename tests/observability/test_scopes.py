from typing import Any

from opentelemetry import trace
from opentelemetry.trace import StatusCode

from observability.scopes import SessionSpan, mark_error, mark_outcome


def test_a_span_is_current_between_enter_and_leave_and_ended_after(recorded: Any) -> None:
    scope = SessionSpan(recorded.recorder, "work", "s1", {"a": 1})
    assert trace.get_current_span() is trace.INVALID_SPAN
    scope.enter()
    assert trace.get_current_span() is scope.span
    scope.leave()
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert dict(recorded.span("work").attributes) == {"session.id": "s1", "a": 1}


def test_a_scope_never_entered_only_ends_its_span(recorded: Any) -> None:
    SessionSpan(recorded.recorder, "work", "s1", {}).leave()
    assert recorded.span("work").end_time is not None


def test_only_faults_of_ours_make_a_span_an_error(recorded: Any) -> None:
    statuses = {}
    for outcome in ("ok", "client_error", "cancelled", "timeout", "server_error"):
        span = recorded.recorder.tracer.start_span(outcome)
        mark_outcome(span, outcome)
        mark_error(span, None)
        span.end()
        statuses[outcome] = span.status.status_code
    assert statuses == {
        "ok": StatusCode.UNSET,
        "client_error": StatusCode.UNSET,
        "cancelled": StatusCode.UNSET,
        "timeout": StatusCode.ERROR,
        "server_error": StatusCode.ERROR,
    }
