"""Makes a span current, and its session known, while a block of one task runs.

To be entered and left by the same task and never around a ``yield``: a context detached by
another task is an error ("Failed to detach context") that leaves a wrong parent behind.
"""

from contextvars import Token

from opentelemetry import baggage, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from observability.correlation import SESSION_ID
from observability.recording import Recorder

_FAULTS = frozenset({"server_error", "timeout"})


class SessionSpan:
    """One span of a session, as context: what is started under it is of its trace and session."""

    def __init__(
        self, recorder: Recorder, name: str, session_id: str, attributes: dict[str, AttributeValue]
    ) -> None:
        enclosing = trace.get_current_span()
        if enclosing.is_recording():
            # The server's span was started before anybody knew the session.
            enclosing.set_attribute(SESSION_ID, session_id)
        of_session = baggage.set_baggage(SESSION_ID, session_id)
        self.span: Span = recorder.tracer.start_span(
            name, of_session, attributes={SESSION_ID: session_id, **attributes}
        )
        self.context = trace.set_span_in_context(self.span, of_session)
        self._token: Token[Context] | None = None

    def enter(self) -> None:
        """Make the span the current one of this task."""
        self._token = attach(self.context)

    def leave(self) -> None:
        """Put back what was current before, and end the span."""
        if self._token is not None:
            detach(self._token)
            self._token = None
        self.span.end()


def mark_outcome(span: Span, outcome: str) -> None:
    """Write on a span how it ended."""
    span.set_attribute("gateway.outcome", outcome)
    if outcome in _FAULTS:
        span.set_status(Status(StatusCode.ERROR))


def mark_error(span: Span, error: type[BaseException] | None) -> None:
    """Write the type of an exception on a span, never its text."""
    if error is not None:
        span.set_attribute("error.type", error.__qualname__)
