"""The first page: each request it shows is made, and must be answered as it shows."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_process import ROOT, own_environment, serve

CONSOLE = re.findall(
    r"```console\n\$ ([^\n]*)\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL
)
ADDRESS = "http://127.0.0.1:8080"


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("server") / "server.log") as url:
        yield url


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a clone, so that answers are not recorded into ours."""
    folder = tmp_path_factory.mktemp("clone")
    for name in (".venv", "examples", "gateway", "observability", "protocols", "tests", "tools"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def as_pattern(shown: str) -> str:
    """What is shown, with figures of time and the marked omissions left open."""
    words = re.sub(r"[\d,]+ ms", "… ms", shown.strip()).split()
    pattern = r"\s+".join(re.escape(word) for word in words)
    return pattern.replace("…", r"[\s\S]*?").replace(r"\s+[\s\S]*?\s+", r"[\s\S]*?")


def test_there_is_a_request_for_every_protocol() -> None:
    commands = " ".join(command for command, _ in CONSOLE)
    ways = ("curl", "text/event-stream", "run.mjs", "audio/wav", "--via ws", "--via webrtc")
    assert [way for way in ways if way not in commands] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "shown"), CONSOLE, ids=[f"request {i + 1}" for i in range(len(CONSOLE))]
)
def test_a_request_is_answered_as_shown(
    server: str, folder: Path, command: str, shown: str
) -> None:
    if "node" in command:
        installed = (ROOT / "examples" / "ag-ui-client" / "node_modules").exists()
        if shutil.which("node") is None or not installed:
            pytest.skip("node or its packages are not installed: `make test` does")
    done = subprocess.run(
        ["bash", "-c", command.replace(ADDRESS, server).replace("npm ci --silent && ", "")],
        cwd=folder,
        env=own_environment(PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(as_pattern(shown), done.stdout.strip()), done.stdout
