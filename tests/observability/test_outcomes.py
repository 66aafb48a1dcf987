import asyncio

import pytest

from observability.catalog import OUTCOME
from observability.outcomes import outcome_of_exception, outcome_of_status, outcome_word


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (302, "ok"),
        (400, "client_error"),
        (408, "timeout"),
        (409, "client_error"),
        (500, "server_error"),
        (503, "server_error"),
        (504, "timeout"),
    ],
)
def test_a_status_tells_an_outcome_of_the_catalogue(status: int, outcome: str) -> None:
    assert outcome_of_status(status) == outcome
    assert outcome in (OUTCOME.values or ())


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (asyncio.CancelledError, "cancelled"),
        (GeneratorExit, "cancelled"),
        (TimeoutError, "timeout"),
        (KeyError, "server_error"),
    ],
)
def test_an_exception_tells_an_outcome(error: type[BaseException] | None, outcome: str) -> None:
    assert outcome_of_exception(error) == outcome


def test_the_words_of_the_contract_become_those_of_the_metrics() -> None:
    assert [outcome_word(word) for word in ("completed", "cancelled")] == ["ok", "cancelled"]
