"""Sessions of boto3 find what the environment says."""

from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from gateway.models.aws import aws_session
from tests.gateway.models.machines import with_aws, without_aws


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-north-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_the_region_is_that_of_the_environment(
    variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_aws(monkeypatch, tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert aws_session().region_name == region


def test_without_credentials_there_is_no_session(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_aws(monkeypatch, tmp_path)
    with pytest.raises(NoCredentialsError):
        aws_session(takes_api_key=True)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "example")
    with pytest.raises(NoCredentialsError):
        aws_session()
    assert aws_session(takes_api_key=True).region_name is None
