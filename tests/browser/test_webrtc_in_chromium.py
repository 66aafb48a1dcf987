"""A real browser speaks to the gateway over WebRTC and hears the answer."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from protocols.audio import read_wav, write_wav
from tests.ag_ui_verifier import FOLDER, verify
from tests.server_process import ROOT, serve

QUESTION = ROOT / "tests" / "audio" / "multiply.wav"
# The browser's microphone speaks as soon as it is opened, which is before the call is connected.
SILENCE_BEFORE_SECONDS = 4


@pytest.mark.slow
def test_a_browser_asks_aloud_and_hears_the_answer(tmp_path: Path) -> None:
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if node is None or chromium is None:
        pytest.skip("node or chromium is not installed")
    if not (FOLDER / "node_modules" / "playwright-core").exists():
        pytest.skip("the npm packages are not installed: `make test` does")
    pcm, sample_rate = read_wav(QUESTION.read_bytes())
    silence = bytes(2 * sample_rate * SILENCE_BEFORE_SECONDS)
    said = tmp_path / "said.wav"
    said.write_bytes(write_wav(silence + pcm, sample_rate))
    with serve(tmp_path / "server.log") as url:
        done = subprocess.run(
            [node, "webrtc_in_chromium.mjs", url, str(said), chromium],
            cwd=FOLDER,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    run = [event for event in told["events"] if not event["type"].startswith("gateway.")]
    verify(run)
    (called,) = [event for event in run if event["type"] == "TOOL_CALL_START"]
    assert called["toolCallName"] == "calculator"
    assert "714" in "".join(e["delta"] for e in run if e["type"] == "TEXT_MESSAGE_CONTENT")
    assert told["peak"] > 0.05, "the answer was not heard"
    assert told["left"] == {"status": "success"}
