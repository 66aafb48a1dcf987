"""The emulator started by hand, and what it tells the shell."""

import os
import shlex
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import boto3
import pytest

from tests.emulators.converse.scripts import says
from tests.emulators.emulator import AwsEmulator, clean
from tests.server_process import ROOT

MESSAGES = [{"role": "user", "content": [{"text": "Hi"}]}]


def answer(session: boto3.Session) -> str:
    with closing(session.client("bedrock-runtime")) as client:
        reply = client.converse(modelId="anthropic.claude-x", messages=MESSAGES)
        text: str = reply["output"]["message"]["content"][0]["text"]
        return text


def test_its_output_leads_a_client_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulators", "--region", "eu-west-1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [shlex.split(process.stdout.readline()) for _ in range(11)]
        exports = [line[1].split("=", 1) for line in lines if line[0] == "export"]
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in exports:
            monkeypatch.setenv(name, value)
        assert dict(exports)["AWS_REGION"] == "eu-west-1"
        assert answer(boto3.Session()) == "You said: Hi"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_a_hundred_clients_are_served_at_once(aws: AwsEmulator) -> None:
    aws.converse.scripts.standing = says("Hello there", wait_seconds=0.5)
    with (
        closing(boto3.Session().client("bedrock-runtime")) as client,
        ThreadPoolExecutor(100) as pool,
    ):
        calls = [
            pool.submit(client.converse, modelId="anthropic.claude-x", messages=MESSAGES)
            for _ in range(100)
        ]
        done = [call.result(10)["stopReason"] for call in calls]
    assert done == ["end_turn"] * 100
    assert len(aws.converse.ended(100)) == 100


def test_nothing_else_leads_a_client_astray() -> None:
    environ = {
        "AWS_PROFILE": "a",
        "HTTPS_PROXY": "b",
        "OTEL_X": "c",
        "GATEWAY_PORT": "1",
        "PATH": "d",
    }
    assert clean(environ) == {"PATH": "d"}
