"""The published AG-UI client as the judge of our events; it lives in ``tests/node``."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from tests.server_process import ROOT

FOLDER = ROOT / "tests" / "node"


def verify(events: Sequence[dict[str, Any]]) -> None:
    """Fail when an event is malformed or out of order; skip when there is no Node.js."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (FOLDER / "node_modules").exists():
        pytest.skip("the npm packages are not installed: `make test` does")
    done = subprocess.run(
        [node, "verify_events.mjs"],
        cwd=FOLDER,
        input="".join(f"{json.dumps(event)}\n" for event in events),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{len(events)} events"
