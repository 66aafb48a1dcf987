"""The one table that says how each error shows on each wire.

A new wire adds a field to ``Failure``; the type checker then asks for its value in every row. An
error that is not in the table is ours: it shows as ``INTERNAL_ERROR`` and its text never leaves
the process.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from protocols.contract import errors


class Failure(Struct, frozen=True):
    """How one kind of error shows.

    ``code`` is stable and the same on every wire; where AgentCore's AG-UI contract names a code,
    it is that one. ``http`` is a status, ``websocket_close`` a close code (RFC 6455 section 7.4),
    ``retryable`` tells whether the same request may succeed later.
    """

    code: str
    http: int
    websocket_close: int
    retryable: bool


FAILURES: Mapping[type[errors.GatewayError], Failure] = {
    errors.InvalidInput: Failure("VALIDATION_ERROR", 400, 1003, False),
    errors.TooLarge: Failure("PAYLOAD_TOO_LARGE", 413, 1009, False),
    errors.TooSlow: Failure("REQUEST_TIMEOUT", 408, 1008, True),
    errors.NotSupported: Failure("UNSUPPORTED_MEDIA_TYPE", 415, 1003, False),
    errors.NotAcceptable: Failure("NOT_ACCEPTABLE", 406, 1003, False),
    errors.NotAuthorized: Failure("UNAUTHORIZED", 401, 1008, False),
    errors.NotFound: Failure("NOT_FOUND", 404, 1008, False),
    errors.SessionBusy: Failure("SESSION_BUSY", 409, 1008, True),
    errors.TooManySessions: Failure("SERVICE_QUOTA_EXCEEDED", 429, 1008, True),
    errors.ModelThrottled: Failure("RATE_LIMIT_EXCEEDED", 429, 1011, True),
    errors.ModelFailed: Failure("AGENT_ERROR", 502, 1011, True),
    errors.TimedOut: Failure("TIMED_OUT", 504, 1008, True),
    errors.NotConfigured: Failure("NOT_CONFIGURED", 503, 1011, False),
    errors.Unavailable: Failure("UNAVAILABLE", 503, 1011, True),
}

INTERNAL = Failure("INTERNAL_ERROR", 500, 1011, False)
_INTERNAL_MESSAGE = "The gateway failed on this request. Its log holds the reason; try again."


def failure_of(error: BaseException) -> Failure:
    """Find the row of an error, or of the nearest class it is derived from."""
    for kind in type(error).__mro__:
        row = FAILURES.get(kind)
        if row is not None:
            return row
    return INTERNAL


def message_of(error: BaseException) -> str:
    """What a caller may read about an error."""
    return error.message if isinstance(error, errors.GatewayError) else _INTERNAL_MESSAGE


def error_object(error: BaseException) -> dict[str, Any]:
    """Show an error: ``error``, ``code``, ``retryable`` and, if there are any, ``details``."""
    failure = failure_of(error)
    shown: dict[str, Any] = {
        "error": message_of(error),
        "code": failure.code,
        "retryable": failure.retryable,
    }
    if isinstance(error, errors.GatewayError) and error.details:
        shown["details"] = [
            {"path": detail.path, "problem": detail.problem} for detail in error.details
        ]
    return shown
