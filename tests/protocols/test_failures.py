"""How each error shows."""

import pytest

from protocols.contract import errors
from protocols.failures import FAILURES, INTERNAL, error_object, failure_of, message_of


def every_error() -> list[type[errors.GatewayError]]:
    found = [errors.GatewayError]
    for kind in found:
        found += kind.__subclasses__()
    return [kind for kind in found[1:] if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_has_a_row_of_its_own(kind: type[errors.GatewayError]) -> None:
    assert kind in FAILURES
    assert failure_of(kind("x")) is FAILURES[kind]


def test_codes_are_stable_words_and_statuses_are_errors() -> None:
    codes = [row.code for row in FAILURES.values()]
    assert len(set(codes)) == len(codes)
    assert all(
        code.isupper() and 400 <= row.http < 600
        for code, row in zip(codes, FAILURES.values(), strict=True)
    )


def test_an_error_derived_from_one_in_the_table_shows_like_it() -> None:
    class Special(errors.SessionBusy):
        pass

    assert failure_of(Special("x")).code == "SESSION_BUSY"


def test_an_unknown_error_is_ours_and_its_text_stays_here() -> None:
    error = KeyError("secret")
    assert failure_of(error) is INTERNAL
    assert "secret" not in str(error_object(error))
    assert message_of(error) == error_object(error)["error"]


def test_the_object_holds_the_details_only_if_there_are_any() -> None:
    error = errors.InvalidInput("Mend it.", [errors.Detail("$.a", "wrong")])
    assert error_object(error) == {
        "error": "Mend it.",
        "code": "VALIDATION_ERROR",
        "retryable": False,
        "details": [{"path": "$.a", "problem": "wrong"}],
    }
    assert error_object(errors.SessionBusy("Wait.")) == {
        "error": "Wait.",
        "code": "SESSION_BUSY",
        "retryable": True,
    }
