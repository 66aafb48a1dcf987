"""Bedrock's models are made from what boto3 finds; nothing here reaches a network."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.models import BedrockModel

from gateway.models.bedrock import NOVA_SONIC, text_model, voice_model
from gateway.models.choice import ModelChoice


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that knows nothing of AWS."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "absent"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


def text(setting: str = "bedrock") -> BedrockModel:
    model = text_model(ModelChoice(setting=setting))
    assert isinstance(model, BedrockModel)
    return model


def voice(setting: str = "bedrock", name: str = "") -> BedrockNovaSonicModel:
    model = voice_model(ModelChoice(setting=setting, voice=name))
    assert isinstance(model, BedrockNovaSonicModel)
    return model


@pytest.mark.parametrize("make", [text_model, voice_model])
def test_without_credentials_nothing_is_made(make: Callable[[ModelChoice], Any]) -> None:
    with pytest.raises(NoCredentialsError):
        make(ModelChoice(setting="bedrock"))


@pytest.mark.usefixtures("keys")
def test_a_text_model_is_the_one_named_and_retries_nothing_itself() -> None:
    model = text("bedrock/eu.anthropic.claude-x")
    assert model.get_config()["model_id"] == "eu.anthropic.claude-x"
    config = model.client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (5, 120)


@pytest.mark.usefixtures("keys")
def test_without_a_name_a_text_model_is_the_frameworks_choice() -> None:
    assert "anthropic.claude" in str(text().get_config()["model_id"])


@pytest.mark.usefixtures("keys")
def test_a_voice_is_nova_sonic_at_the_rates_of_the_wires() -> None:
    model = voice()
    assert model.get_config()["model_id"] == NOVA_SONIC
    audio = model.get_audio_config()
    assert (audio["input"]["sample_rate"], audio["output"]["sample_rate"]) == (16000, 24000)
    assert model._voice == "matthew"


@pytest.mark.usefixtures("keys")
def test_a_voice_may_be_chosen() -> None:
    model = voice("bedrock/amazon.nova-sonic-v1:0", "tiffany")
    assert (model.get_config()["model_id"], model._voice) == ("amazon.nova-sonic-v1:0", "tiffany")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-north-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_text_and_voice_are_in_the_region_of_the_environment(
    variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (text().client.meta.region_name, voice().region) == (region, region)


@pytest.mark.usefixtures("keys")
def test_text_goes_to_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")
    assert text().client.meta.endpoint_url == "http://127.0.0.1:9"
