"""Gemini is made with a key."""

import pytest

from gateway.models.text.gemini import MODEL, text_model
from tests.gateway.models.text.making import forget_keys, named, refusal


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_keys(monkeypatch)


def test_without_a_key_it_is_said_which() -> None:
    assert (
        refusal(text_model, "gemini")
        == "There is no key for gemini. Set GEMINI_API_KEY or GOOGLE_API_KEY."
    )


async def test_the_model_is_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "example")
    assert await named(text_model, "gemini") == MODEL
    assert await named(text_model, "gemini/gemini-x") == "gemini-x"
