"""Counts what is refused before any work, in the words of the metrics.

The one table from errors to reasons; an error that is not in it is no refusal.
"""

from collections.abc import Mapping

from observability.requests import request_rejected
from protocols.contract import errors


class ForeignPage(errors.NotAuthorized):
    """A web page that may not call."""

    def __init__(self) -> None:
        super().__init__("This page may not call the gateway (GATEWAY_ALLOWED_ORIGINS).")


class CallerLeft(errors.InvalidInput):
    """Nobody will read the answer: that is no refusal."""


_REASONS: Mapping[type[BaseException], str | None] = {
    ForeignPage: "origin",
    errors.NotAuthorized: "auth",
    errors.TooLarge: "size",
    errors.TooSlow: "slow",
    CallerLeft: None,
    errors.InvalidInput: "schema",
    errors.SessionBusy: "busy",
    errors.TooManySessions: "capacity",
    errors.Unavailable: "draining",
}


def count_refusal(protocol: str, error: BaseException) -> None:
    """Count an error as a refusal, if it is one."""
    for kind in type(error).__mro__:
        if kind in _REASONS:
            reason = _REASONS[kind]
            if reason is not None:
                request_rejected(protocol, reason)
            return
