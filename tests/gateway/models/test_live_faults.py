"""Refusals and losses of live services, in words for the user."""

import pytest

from gateway.models.live_faults import lost, refused, unreachable
from protocols.contract.errors import (
    GatewayError,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    Unavailable,
)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (401, NotConfigured, "A_KEY"),
        (403, NotConfigured, "A_KEY"),
        (404, NotConfigured, "GATEWAY_VOICE_MODEL"),
        (429, ModelThrottled, "limit"),
        (500, Unavailable, "not available"),
        (400, ModelFailed, "GATEWAY_VOICE_MODEL"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, kind: type[GatewayError], word: str) -> None:
    error = refused(status, "Example", "A_KEY")
    assert type(error) is kind
    assert word in error.message


def test_a_service_that_is_away_is_named() -> None:
    assert "Example cannot be reached" in unreachable("Example").message
    assert "could not be made again" in lost().message
