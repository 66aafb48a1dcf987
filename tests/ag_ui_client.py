"""The published AG-UI client as the reader of our answers; it lives in ``tests/node``."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.ag_ui_verifier import FOLDER


def decoded(content_type: str, body: bytes) -> list[dict[str, Any]]:
    """The events the client reads in a body; fails when it refuses or warns of any."""
    return [json.loads(line) for line in _node("decode_stream.mjs", content_type, said=body)]


def run(url: str, accept: str, run_input: Mapping[str, Any]) -> dict[str, Any]:
    """Run an agent: what came as ``contentType``, ``events`` and ``messages``; no warning."""
    (seen,) = _node("run_agent.mjs", url, accept, said=json.dumps(run_input).encode())
    answer: dict[str, Any] = json.loads(seen)
    return answer


def _node(script: str, *arguments: str, said: bytes) -> list[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (FOLDER / "node_modules").exists():
        pytest.skip("the npm packages are not installed: `make test` does")
    done = subprocess.run(
        [node, script, *arguments],
        cwd=FOLDER,
        input=said,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout.decode().split("\n")[:-1]
