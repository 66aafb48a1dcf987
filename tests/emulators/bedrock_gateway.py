"""A gateway in a process of its own whose models are those of an emulated Bedrock."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.emulators.emulator import AwsEmulator, clean
from tests.server_process import ROOT, free_port, stop, wait_until_healthy


@dataclass(frozen=True)
class Gateway:
    url: str
    aws: AwsEmulator
    process: subprocess.Popen[bytes]


@contextmanager
def gateway_on(aws: AwsEmulator, log: Path, **settings: str) -> Iterator[Gateway]:
    """Serve until the block ends.

    Args:
        aws: where the models are.
        log: takes what the server prints.
        settings: further variables of its environment.
    """
    port = free_port()
    chosen = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_TEXT_MODEL": "bedrock",
        "GATEWAY_VOICE_MODEL": "bedrock",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=ROOT,
            env=clean(os.environ) | aws.environment() | chosen | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        yield Gateway(f"http://127.0.0.1:{port}", aws, process)
    finally:
        stop(process)
