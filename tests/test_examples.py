"""The examples, run as their readers run them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server_process import ROOT, serve

CLIENT = ROOT / "examples" / "ag-ui-client"


@pytest.mark.slow
def test_the_published_ag_ui_client_runs_against_the_gateway(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (CLIENT / "node_modules").exists():
        pytest.skip("the npm packages are not installed: `make test` does")
    with serve(tmp_path / "server.log") as url:
        done = subprocess.run(
            [node, "run.mjs", "What is 42 times 17?", url],
            cwd=CLIENT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    called, said = done.stdout.splitlines()
    assert called.startswith("tool: calculator ")
    assert said.startswith("agent: ")
    assert "714" in said
