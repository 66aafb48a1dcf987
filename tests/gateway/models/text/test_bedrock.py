"""Bedrock's text models are made from what boto3 finds; nothing here reaches a network."""

from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError
from strands.models import CacheConfig

from gateway.models.choice import ModelChoice
from gateway.models.converse import ConverseModel
from gateway.models.text.bedrock import text_model
from gateway.settings import ModelOptions
from tests.gateway.models.machines import with_aws, without_aws


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_aws(monkeypatch, tmp_path)


def made(setting: str = "bedrock", options: ModelOptions | None = None) -> ConverseModel:
    model = text_model(ModelChoice(setting=setting, options=options or ModelOptions()))
    assert isinstance(model, ConverseModel)
    model.client.close()
    return model


def test_without_credentials_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_aws(monkeypatch, tmp_path)
    with pytest.raises(NoCredentialsError):
        text_model(ModelChoice(setting="bedrock"))


def test_an_api_key_of_bedrock_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_aws(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "example")
    assert made().config["model_id"].startswith("global.anthropic.claude")


@pytest.mark.usefixtures("keys")
def test_the_model_is_the_one_named_and_tries_nothing_again() -> None:
    options = ModelOptions(
        model_connect_seconds=2, first_token_seconds=30, between_tokens_seconds=10
    )
    model = made("bedrock/eu.anthropic.claude-x", options)
    config = model.client.meta.config
    assert model.get_config()["model_id"] == "eu.anthropic.claude-x"
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (2, 31)


@pytest.mark.usefixtures("keys")
def test_without_a_name_it_is_the_frameworks_choice() -> None:
    assert "anthropic.claude" in str(made().get_config()["model_id"])


@pytest.mark.usefixtures("keys")
def test_claude_keeps_instructions_tools_and_history() -> None:
    kept = CacheConfig(strategy="anthropic", tools_ttl=True)
    assert made().config["cache_config"] == kept
    assert made("bedrock/amazon.nova-lite-v1:0").config["cache_config"] is None
    assert "cache_config" not in made(options=ModelOptions(prompt_cache=False)).config


@pytest.mark.usefixtures("keys")
def test_it_goes_to_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")
    assert made().client.meta.endpoint_url == "http://127.0.0.1:9"
