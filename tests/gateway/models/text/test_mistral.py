"""Mistral's models are made with a key."""

import pytest

from gateway.models.text.mistral import MODEL, text_model
from tests.gateway.models.text.making import forget_keys, named, refusal


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_keys(monkeypatch)


def test_without_a_key_it_is_said_which() -> None:
    assert refusal(text_model, "mistral") == "There is no key for mistral. Set MISTRAL_API_KEY."


async def test_the_model_is_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "example")
    assert await named(text_model, "mistral") == MODEL
    assert await named(text_model, "mistral/mistral-x") == "mistral-x"
