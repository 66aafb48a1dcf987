"""strands' class, with nothing replaced, under the service's real name: the seam hides nothing."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from strands.bidi.models.bedrock import BedrockNovaSonicModel

from tests.emulators.emulator import AwsEmulator
from tests.emulators.sonic.strands_session import SILENCE, SPEECH, say, started, until, words
from tests.server_process import ROOT

pytestmark = pytest.mark.slow

INSIDE = """
ip link set lo up && mount --bind "$1" /etc/hosts && exec "$2" -m tests.emulators.real_names
"""
NAMES = "127.0.0.1 localhost bedrock-runtime.us-east-1.amazonaws.com\n"


def in_a_namespace(*command: str) -> list[str]:
    return ["unshare", "--net", "--mount", "--", *command]


def test_the_class_as_it_is_says_the_same_as_through_the_seam(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(NAMES)
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("a network namespace needs root, unshare and ip")
    if subprocess.run(in_a_namespace("true"), check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody make a network namespace")
    inside = subprocess.run(
        in_a_namespace("sh", "-c", INSIDE, "sh", str(hosts), sys.executable),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert inside.returncode == 0, inside.stderr

    async def talk() -> list[str]:
        async with started(sonic_model, system_prompt="Be short."):
            await say(sonic_model, SPEECH, SILENCE)
            events = await until(sonic_model, "bidi_response_stop")
        return [words(events, "user"), words(events, "assistant")]

    assert boto3.Session().region_name == "us-east-1"
    said = asyncio.run(talk())
    [session] = aws.sonic.ended(1)
    assert json.loads(inside.stdout) == {
        "said": said,
        "names": session.names(),
        "outcome": "ended",
        "violations": [],
        "signed": True,
    }
