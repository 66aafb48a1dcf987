"""Processors of our spans. Imports the SDK: only ``observability.setup`` imports this, when on.

Both also work beside a distribution's own processors, whichever was added first: the SDK calls
``_on_ending`` of every processor before ``on_end`` of any.
"""

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, Span, SpanProcessor
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Status

from observability.correlation import SESSION_ID

_EXCEPTION_TEXTS = frozenset({"exception.message", "exception.stacktrace"})


class SessionOnSpans(SpanProcessor):
    """Writes the session of the context on every span that starts in it."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Copy the session from baggage."""
        session_id = baggage.get_baggage(SESSION_ID, parent_context)
        if isinstance(session_id, str):
            span.set_attribute(SESSION_ID, session_id)


class NoErrorTexts(SpanProcessor):
    """Takes the texts of errors off spans, since they quote what people and tools said.

    strands puts an exception, and the text of a tool's error result, on its spans unredacted.
    The type of the exception stays. The API cannot take anything back, hence the private fields.
    """

    def _on_ending(self, span: Span) -> None:
        if span._status.description is not None:
            span._status = Status(span._status.status_code)
        if any(event.name == "exception" for event in span._events):
            events = BoundedList.from_seq(None, (_without_text(event) for event in span._events))
            events.dropped = getattr(span._events, "dropped", 0)
            span._events = events


def _without_text(event: Event) -> Event:
    kept = {
        key: value for key, value in (event.attributes or {}).items() if key not in _EXCEPTION_TEXTS
    }
    return Event(event.name, kept, event.timestamp)
