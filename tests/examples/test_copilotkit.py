"""The CopilotKit example, run and used as its readers do: in a real browser, on a real gateway."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ag_ui_verifier import FOLDER, verify
from tests.server_process import ROOT, free_port, own_environment, serve

EXAMPLE = ROOT / "examples" / "copilotkit"
START_SECONDS = 90  # it builds its page first
STOP_SECONDS = 20


@pytest.mark.slow
def test_a_copilotkit_chat_uses_the_tools_of_the_gateway_and_of_its_own_page(
    tmp_path: Path,
) -> None:
    chromium = required_programs()
    connections = tmp_path / "connections.txt"
    with (
        serve(tmp_path / "gateway.log") as gateway,
        started(gateway, tmp_path / "example.log", connections) as url,
    ):
        told = visit("chat", url, chromium, tmp_path)

    grown = told["grown"]
    assert len(grown) > 5, "the answer came at once"
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown)), grown
    assert grown[-1].endswith("20.")
    assert told["calculator"] == {"asked": "42 * 17", "result": "714"}
    assert told["before"] == "rgb(240, 248, 255)"
    assert told["after"] == "rgb(144, 238, 144)"
    assert told["painted"] == {
        "asked": "light green",
        "result": "The background is light green now.",
    }
    assert [run_of(events) for events in told["runs"]] == [
        ([], None),
        (["calculator"], None),
        (["set_background_color"], 1),
        ([], None),  # goes on with the answer of the page
        (["calculator"], None),
    ]
    for events in told["runs"]:
        verify(events)
    assert told["complaints"] == []
    assert told["hosts"] == [url.removeprefix("http://")]
    assert set(connections.read_text().split()) == {"127.0.0.1"}


@pytest.mark.slow
def test_a_copilotkit_chat_says_that_the_gateway_cannot_be_reached(tmp_path: Path) -> None:
    chromium = required_programs()
    nobody = f"http://127.0.0.1:{free_port()}"
    with started(nobody, tmp_path / "example.log", tmp_path / "connections.txt") as url:
        told = visit("unanswered", url, chromium, tmp_path)
    assert told["alert"].startswith("No answer: fetch failed")


def required_programs() -> str:
    """The browser; skips the test with the reason when something it needs is missing."""
    chromium = shutil.which("chromium")
    if shutil.which("npm") is None or chromium is None:
        pytest.skip("node, npm or chromium is not installed")
    if not (FOLDER / "node_modules" / "playwright-core").exists():
        pytest.skip("the npm packages of tests/node are not installed: `make test` does")
    if not (EXAMPLE / "node_modules" / "@copilotkit").exists():
        pytest.skip("the npm packages are not installed: run `npm ci` in examples/copilotkit")
    return chromium


@contextmanager
def started(gateway: str, log: Path, connections: Path) -> Iterator[str]:
    """Run ``npm start``; yields the URL of the page, and notes where the process connects to."""
    url = f"http://127.0.0.1:{free_port()}"
    environment = own_environment(
        GATEWAY_URL=gateway,
        PORT=url.rpartition(":")[2],
        NODE_OPTIONS=f"--require {FOLDER / 'note_connections.cjs'}",
        CONNECTIONS_FILE=str(connections),
        npm_config_update_notifier="false",
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["npm", "start"],
            cwd=EXAMPLE,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # npm, its shell and node end together
        )
    try:
        wait_for_page(url, process, log)
        yield url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(STOP_SECONDS)


def wait_for_page(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the page is served; raise with the log when that fails or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the example did not start:\n{log.read_text(errors='replace')}")


def visit(purpose: str, url: str, chromium: str, folder: Path) -> dict[str, Any]:
    """Use the page in a browser."""
    done = subprocess.run(
        ["node", "copilotkit_in_chromium.mjs", purpose, url, chromium, str(folder)],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def run_of(events: list[dict[str, Any]]) -> tuple[list[str], int | None]:
    """The tools that a run called, and how many of the calls it leaves to the page."""
    called = [event["toolCallName"] for event in events if event["type"] == "TOOL_CALL_START"]
    assert events[-1]["type"] == "RUN_FINISHED"
    waiting = events[-1]["outcome"].get("pendingToolCallIds")
    return called, None if waiting is None else len(waiting)
