"""When clients of AWS are made: not before the first request, once, and anew when they must be."""

import asyncio
from pathlib import Path
from typing import Any

import boto3
import pytest
from litestar.testing import AsyncTestClient

from gateway.app import Gateway, application
from gateway.models import aws as aws_module
from gateway.models.provider import Models
from gateway.settings import Settings
from tests.emulators.converse.shapes import ConverseRequest
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import Refusal
from tests.emulators.signatures import Credentials
from tests.gateway.models.streams import told

EXPIRED = Refusal(403, "ExpiredTokenException", "The security token is expired")
USER: Any = {"role": "user", "content": [{"text": "Hi"}]}


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[boto3.Session]:
    """The sessions of boto3 that were made."""
    made: list[boto3.Session] = []

    def make(**options: Any) -> boto3.Session:
        made.append(boto3.Session(**options))
        return made[-1]

    monkeypatch.setattr(aws_module, "boto3", type("boto3", (), {"Session": staticmethod(make)}))
    return made


async def test_nothing_of_aws_is_made_before_the_first_request_and_then_once(
    aws: AwsEmulator, sessions: list[boto3.Session]
) -> None:
    gateway = Gateway(Settings(text_model="bedrock", voice_model="bedrock"))
    async with AsyncTestClient(application(gateway)) as client, asyncio.timeout(20):
        for path in ("/ping", "/capabilities", "/ping"):
            assert (await client.get(path)).status_code == 200
        assert (sessions, aws.accepted) == ([], 0)
        for prompt in ("Hi", "Again"):
            reply = await client.post("/invocations", json={"prompt": prompt})
            assert reply.json()["response"] == f"You said: {prompt}"
        assert (len(sessions), aws.accepted) == (1, 1)


async def test_expired_credentials_are_read_again_where_they_come_from(
    aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    [old] = aws.credentials.values()
    new = Credentials("AKIAEMULATOREXAMPLE1", "another/secret/key/of/nobody")

    def hold(keys: Credentials) -> None:
        file.write_text(
            "[default]\n"
            f"aws_access_key_id = {keys.access_key}\n"
            f"aws_secret_access_key = {keys.secret_key}\n"
        )

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    hold(old)
    models = Models(Settings(text_model="bedrock"))
    model = await models.text()

    async def ask() -> str:
        async with asyncio.timeout(10):
            return told([chunk async for chunk in model.stream([USER])])

    assert await ask() == "You said: Hi"
    hold(new)

    def expire(_: ConverseRequest) -> Refusal:
        del aws.credentials[old.access_key]
        aws.credentials[new.access_key] = new
        return EXPIRED

    aws.converse.scripts.add(expire)
    assert await ask() == "You said: Hi"  # signed with the old keys it would be refused
    await models.aclose()
