"""Claude is made with a key, and told what to keep."""

import httpx
import pytest
from strands.models.anthropic import AnthropicModel

from gateway.models.caching import cache_config
from gateway.models.choice import ModelChoice
from gateway.models.text.anthropic import MODEL, text_model
from gateway.settings import ModelOptions
from tests.gateway.models.text.making import forget_keys, named, refusal


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_keys(monkeypatch)


def test_without_a_key_it_is_said_which() -> None:
    assert (
        refusal(text_model, "anthropic")
        == "There is no key for anthropic. Set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN."
    )


async def test_the_model_is_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "example")
    assert await named(text_model, "anthropic") == MODEL
    assert await named(text_model, "anthropic/claude-x") == "claude-x"


def test_claude_keeps_instructions_tools_and_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "example")
    model = text_model(ModelChoice(setting="anthropic"))
    assert isinstance(model, AnthropicModel)
    assert model.config["cache_config"] == cache_config(MODEL)
    off = text_model(ModelChoice(setting="anthropic", options=ModelOptions(prompt_cache=False)))
    assert isinstance(off, AnthropicModel)
    assert off.config["cache_config"] is None
    assert (model.client.max_retries, model.client.timeout) == (0, httpx.Timeout(61, connect=5))
