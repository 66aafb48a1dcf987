"""Which errors are refusals, and why."""

import pytest

from protocols import refusals
from protocols.contract import errors
from protocols.refusals import CallerLeft, ForeignPage, count_refusal


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (ForeignPage(), [("http", "origin")]),
        (errors.NotAuthorized("x"), [("http", "auth")]),
        (errors.TooLarge("x"), [("http", "size")]),
        (errors.TooSlow("x"), [("http", "slow")]),
        (errors.InvalidInput("x"), [("http", "schema")]),
        (errors.NotSupported("x"), [("http", "schema")]),
        (errors.SessionBusy("x"), [("http", "busy")]),
        (errors.TooManySessions("x"), [("http", "capacity")]),
        (errors.Unavailable("x"), [("http", "draining")]),
        (CallerLeft("x"), []),
        (errors.ModelFailed("x"), []),
        (KeyError("x"), []),
    ],
)
def test_refusals_are_counted_by_their_reason(
    error: Exception, counted: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(refusals, "request_rejected", lambda *values: seen.append(values))
    count_refusal("http", error)
    assert seen == counted
