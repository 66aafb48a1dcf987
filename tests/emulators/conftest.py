"""An emulated AWS for each test, and this process led to it."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from strands.bidi.models import bedrock as nova
from strands.bidi.models.bedrock import BedrockNovaSonicModel

from gateway.models.endpoints import follow_environment
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.sonic.strands_session import MODEL


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    """AWS, as every client of this process finds it."""
    with AwsEmulator() as emulator:
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield emulator
    assert emulator.routes.refused.all() == []


@pytest.fixture
def sonic_model(aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch) -> BedrockNovaSonicModel:
    """Nova Sonic as strands speaks to it, led to the emulator."""
    for name in ("AsyncBedrockRuntimeConfig", "_BedrockAWSCRTHTTPClient"):
        monkeypatch.setattr(nova, name, getattr(nova, name))  # put back after the test
    follow_environment()
    audio: Any = {"input": {"sample_rate": 16000}, "output": {"sample_rate": 24000}}
    return BedrockNovaSonicModel(boto_session=boto3.Session(), model_id=MODEL, audio=audio)
