"""A model on an endpoint of SageMaker."""

from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError
from strands.models.sagemaker import SageMakerAIModel

from gateway.models.choice import ModelChoice
from gateway.models.text.sagemaker import text_model
from tests.gateway.models.machines import with_aws, without_aws
from tests.gateway.models.text.making import OPTIONS


def test_the_setting_names_the_endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_aws(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    model = text_model(ModelChoice(setting="sagemaker/my-llama", options=OPTIONS))
    assert isinstance(model, SageMakerAIModel)
    config = model.client.meta.config
    assert model.get_config()["endpoint_name"] == "my-llama"
    assert model.client.meta.region_name == "eu-north-1"
    assert (config.connect_timeout, config.read_timeout) == (2, 61)
    assert config.retries["total_max_attempts"] == 1
    model.client.close()


def test_without_credentials_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_aws(monkeypatch, tmp_path)
    with pytest.raises(NoCredentialsError):
        text_model(ModelChoice(setting="sagemaker/my-llama"))
