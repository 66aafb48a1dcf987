"""A real browser speaks to the gateway over WebRTC and hears the answer."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from protocols.audio import read_wav, write_wav
from tests.ag_ui_verifier import FOLDER, verify
from tests.server_process import ROOT, serve
from tests.turn_server import turn_server

QUESTION = ROOT / "tests" / "audio" / "multiply.wav"
# The browser's microphone says the file again and again from when it is opened, which is before the
# call is connected. What a slow machine cut or missed is said once more, after the silence in which
# the answer to the last one had its time.
SILENCE_BEFORE_SECONDS = 4
SILENCE_AFTER_SECONDS = 18


@pytest.mark.slow
def test_a_browser_asks_aloud_hears_the_answer_and_moves_over(tmp_path: Path) -> None:
    with serve(tmp_path / "server.log") as url:
        told = call(url, tmp_path)
    check(told)
    assert set(told["paths"]) & {"host", "prflx"}


@pytest.mark.slow
def test_a_browser_does_so_through_a_relay_alone(tmp_path: Path) -> None:
    with turn_server(tmp_path) as coturn:
        servers = ",".join(coturn.setting(transport) for transport in ("udp", "tcp"))
        with serve(tmp_path / "server.log", GATEWAY_ICE_SERVERS=servers) as url:
            told = call(url, tmp_path, "turnOnly")
    check(told)
    assert set(told["paths"]) == {"relay"}


def call(url: str, folder: Path, *policy: str) -> dict[str, Any]:
    """Let the browser call, and give what it tells."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if node is None or chromium is None:
        pytest.skip("node or chromium is not installed")
    if not (FOLDER / "node_modules" / "playwright-core").exists():
        pytest.skip("the npm packages are not installed: `make test` does")
    pcm, sample_rate = read_wav(QUESTION.read_bytes())
    second = bytes(2 * sample_rate)
    said = folder / "said.wav"
    said.write_bytes(
        write_wav(
            second * SILENCE_BEFORE_SECONDS + pcm + second * SILENCE_AFTER_SECONDS, sample_rate
        )
    )
    done = subprocess.run(
        [node, "webrtc_in_chromium.mjs", url, str(said), chromium, *policy],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def check(told: dict[str, Any]) -> None:
    """Whatever the path: understood, answered, heard, and moved over within one session."""
    runs = [event for event in told["events"] if not event["type"].startswith("gateway.")]
    verify(runs)
    started = max(at for at, event in enumerate(runs) if event["type"] == "RUN_STARTED")
    run = runs[started:]
    (called,) = [event for event in run if event["type"] == "TOOL_CALL_START"]
    assert called["toolCallName"] == "calculator", run
    assert "714" in "".join(e["delta"] for e in run if e["type"] == "TEXT_MESSAGE_CONTENT"), run
    assert told["peak"] > 0.05, "the answer was not heard"
    assert len(set(told["sessions"])) == 1
    assert told["left"] == {"status": "success"}
