"""Bedrock's models are made from what boto3 finds; nothing here reaches a network."""

import os
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError
from strands.bidi.models.bedrock import BedrockNovaSonicModel

from gateway.models.bedrock import NOVA_SONIC, voice_model
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


def voice(setting: str = "bedrock", name: str = "") -> BedrockNovaSonicModel:
    model = voice_model(ModelChoice(setting=setting, voice=name))
    assert isinstance(model, BedrockNovaSonicModel)
    return model


def test_without_credentials_nothing_is_made() -> None:
    with pytest.raises(NoCredentialsError):
        voice_model(ModelChoice(setting="bedrock"))


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
def test_the_voice_is_in_the_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert voice().region == "eu-north-1"
