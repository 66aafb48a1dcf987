"""How often a model is asked again: a table."""

import pytest

from gateway.models.retrying import in_order, next_pause


@pytest.mark.parametrize(
    ("rounds", "attempts", "elapsed", "share", "pause"),
    [
        (1, 1, 0.1, 0.0, 0.5),
        (1, 1, 0.1, 1.0, 1.0),
        (2, 2, 1.5, 0.0, 1.0),
        (2, 2, 1.5, 1.0, 2.0),
        (1, 2, 0.1, 0.5, 0.75),  # two models have been asked once
        (3, 3, 3.0, 0.0, None),  # tried enough
        (1, 3, 0.1, 0.0, None),  # three models
        (1, 1, 5.2, 1.0, None),  # it would begin after six seconds
        (1, 1, 5.4, 0.0, 0.5),
        (1, 1, 60.0, 0.0, None),
    ],
)
def test_there_are_three_attempts_within_six_seconds(
    rounds: int, attempts: int, elapsed: float, share: float, pause: float | None
) -> None:
    assert next_pause(rounds, attempts, elapsed, share) == pause


@pytest.mark.parametrize(
    ("is_open", "order"),
    [("", "abc"), ("a", "bc"), ("ac", "b"), ("abc", "abc")],
)
def test_models_that_fail_are_left_out_unless_all_do(is_open: str, order: str) -> None:
    assert in_order(list("abc"), lambda model: model in is_open) == list(order)
