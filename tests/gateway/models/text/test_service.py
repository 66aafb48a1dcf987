"""Keys and time-outs are found before a service is asked."""

import httpx
import pytest

from gateway.models.text.service import read_seconds, require_key, time_limits
from gateway.settings import ModelOptions
from protocols.contract.errors import NotConfigured


def test_one_of_the_keys_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRST_KEY", raising=False)
    monkeypatch.setenv("SECOND_KEY", "")
    with pytest.raises(NotConfigured) as refused:
        require_key("somebody", "FIRST_KEY", "SECOND_KEY")
    assert refused.value.message == "There is no key for somebody. Set FIRST_KEY or SECOND_KEY."
    monkeypatch.setenv("SECOND_KEY", "example")
    require_key("somebody", "FIRST_KEY", "SECOND_KEY")


def test_libraries_wait_a_little_longer_than_the_gateway() -> None:
    options = ModelOptions(
        model_connect_seconds=2, first_token_seconds=30, between_tokens_seconds=40
    )
    assert read_seconds(options) == 41
    assert time_limits(options) == httpx.Timeout(41, connect=2)
