"""Which request and which session the running code works for: what log lines are joined by."""

from contextvars import ContextVar

SESSION_ID = "session.id"
"""Key of the session in baggage and on every span; CloudWatch groups traces by it."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_session_id: ContextVar[str] = ContextVar("session_id", default="")


def bind_request(request_id: str) -> None:
    """Name the request that this task, and the tasks it makes from now on, work for."""
    _request_id.set(request_id)


def bind_session(session_id: str) -> str:
    """Name the session that this task works for; gives the one before, to be bound again."""
    before = _session_id.get()
    _session_id.set(session_id)
    return before


def request_id() -> str:
    """The request this code works for, or ""."""
    return _request_id.get()


def session_id() -> str:
    """The session this code works for, or ""."""
    return _session_id.get()
