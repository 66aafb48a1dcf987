"""An emulated AWS, to which Nova Sonic is led for one test."""

from collections.abc import Iterator

import pytest
from strands.bidi.models import bedrock as nova

from gateway.models.endpoints import follow_environment
from tests.emulators.conftest import aws
from tests.emulators.emulator import AwsEmulator

__all__ = ["aws"]


@pytest.fixture
def sonic(aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    """The emulator; strands is as it was after the test."""
    for name in ("AsyncBedrockRuntimeConfig", "_BedrockAWSCRTHTTPClient"):
        monkeypatch.setattr(nova, name, getattr(nova, name))
    follow_environment()
    yield aws
    assert aws.sonic.violations == []
    assert aws.sonic.scripts.left == 0
