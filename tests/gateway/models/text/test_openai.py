"""Models behind OpenAI's Chat Completions: OpenAI's own, and those of other servers."""

import pytest

from gateway.models.text.openai import MODEL, text_model
from tests.gateway.models.text.making import forget_keys, named, refusal


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_keys(monkeypatch)


def test_without_a_key_it_is_said_which() -> None:
    assert refusal(text_model, "openai") == "There is no key for openai. Set OPENAI_API_KEY."


async def test_the_model_is_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "example")
    assert await named(text_model, "openai") == MODEL
    assert await named(text_model, "openai/gpt-x") == "gpt-x"


async def test_another_server_needs_a_model_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    message = "OPENAI_BASE_URL is set: name its model, as in openai/MODEL."
    assert refusal(text_model, "openai") == message
    assert await named(text_model, "openai/meta/llama") == "meta/llama"
