"""Nova Sonic goes where the variables of AWS say, and as strands sends it where they do not."""

import asyncio
import importlib
import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import boto3
import pytest
from strands.bidi.models import bedrock as nova
from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.bidi.types.content import BidiMessage
from strands.types.content import TextBlock

from gateway.models import endpoints
from gateway.models.endpoints import follow_environment
from tests.emulators.emulator import AwsEmulator, clean

NAMES = ("AsyncBedrockRuntimeConfig", "_BedrockAWSCRTHTTPClient")


@pytest.fixture(autouse=True)
def strands_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The names of strands, put back after the test; and a machine that knows nothing of AWS."""
    names = {name: getattr(nova, name) for name in NAMES}
    for name, value in names.items():
        monkeypatch.setattr(nova, name, value)
    for name in set(os.environ) - set(clean(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    return names


def current() -> dict[str, Any]:
    return {name: getattr(nova, name) for name in NAMES}


async def endpoint() -> Any:
    """Where strands' own call would go."""
    config = await getattr(nova, NAMES[0]).resolve(
        endpoint_uri="https://bedrock-runtime.us-east-1.amazonaws.com",
        region="us-east-1",
        transport=getattr(nova, NAMES[1])(),
    )
    return config.endpoint_uri


async def test_without_the_variables_strands_is_left_as_it_is(
    strands_as_it_is: dict[str, Any],
) -> None:
    follow_environment({"AWS_ENDPOINT_URL": "", "AWS_CA_BUNDLE": "", "AWS_REGION": "eu-west-1"})
    assert current() == strands_as_it_is
    assert await endpoint() == "https://bedrock-runtime.us-east-1.amazonaws.com"


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"])
async def test_an_endpoint_is_followed(
    name: str, monkeypatch: pytest.MonkeyPatch, strands_as_it_is: dict[str, Any]
) -> None:
    monkeypatch.setenv(name, "https://127.0.0.1:8443")
    follow_environment()
    follow_environment()
    assert await endpoint() == "https://127.0.0.1:8443"
    assert current()[NAMES[1]] is strands_as_it_is[NAMES[1]]


async def test_the_service_s_own_variable_beats_the_one_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://127.0.0.1:2")
    follow_environment()
    assert await endpoint() == "https://127.0.0.1:2"


def test_a_bundle_that_is_not_there_is_an_error_and_not_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strands_as_it_is: dict[str, Any]
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "absent.pem"))
    follow_environment()
    assert current()[NAMES[0]] is strands_as_it_is[NAMES[0]]
    with pytest.raises(FileNotFoundError):
        current()[NAMES[1]]()


@pytest.mark.parametrize("name", NAMES)
def test_a_strands_without_the_names_is_refused_at_import(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(nova, name)
    with pytest.raises((AttributeError, ImportError), match=name):
        importlib.reload(endpoints)


async def test_a_session_is_held_with_the_emulator_by_the_bundle_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with AwsEmulator() as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("SSL_CERT_FILE")
        follow_environment()
        model = BedrockNovaSonicModel(
            boto_session=boto3.Session(), model_id="amazon.nova-2-sonic-v1:0"
        )
        async with asyncio.timeout(10):
            await model.start()
            await model.send(BidiMessage(content=[TextBlock(text="Hi")]))
            async with aclosing(model.receive()) as events:
                async for event in events:
                    if event["type"] == "bidi_response_stop":
                        break
            await model.stop()
        [session] = await asyncio.to_thread(aws.sonic.ended, 1)
        assert (session.outcome, aws.sonic.violations) == ("ended", [])
