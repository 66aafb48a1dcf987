from typing import Any

from opentelemetry import baggage, context
from opentelemetry.trace import Status, StatusCode


def test_a_span_takes_the_session_of_its_context_and_of_no_other(recorded: Any) -> None:
    tracer = recorded.tracer_provider.get_tracer("t")
    tracer.start_span("with", baggage.set_baggage("session.id", "s1")).end()
    tracer.start_span("without").end()
    tracer.start_span("not text", baggage.set_baggage("session.id", 7)).end()
    token = context.attach(baggage.set_baggage("session.id", "s2"))
    tracer.start_span("current").end()
    context.detach(token)
    assert {s.name: (s.attributes or {}).get("session.id") for s in recorded.spans()} == {
        "with": "s1",
        "without": None,
        "not text": None,
        "current": "s2",
    }


def test_texts_of_errors_are_taken_off_and_their_types_stay(recorded: Any) -> None:
    span = recorded.tracer_provider.get_tracer("t").start_span("work")
    span.add_event("before", {"a": 1})
    span.record_exception(ValueError("a secret"))
    span.set_status(Status(StatusCode.ERROR, "a secret"))
    span.end()
    done = recorded.span("work")
    assert [(event.name, dict(event.attributes)) for event in done.events] == [
        ("before", {"a": 1}),
        ("exception", {"exception.type": "ValueError", "exception.escaped": "False"}),
    ]
    assert (done.status.status_code, done.status.description) == (StatusCode.ERROR, None)
    assert "a secret" not in done.to_json()


def test_a_span_without_errors_is_not_touched(recorded: Any) -> None:
    span = recorded.tracer_provider.get_tracer("t").start_span("work")
    span.add_event("only", {"a": 1})
    events = span._events
    span.end()
    assert span._events is events
