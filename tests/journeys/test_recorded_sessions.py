"""Recorded sessions of AWS's sample clients, replayed message by message."""

from pathlib import Path

import pytest

from tests.journeys.replaying import Mismatch, replay, steps_of
from tests.journeys.wires import websocket_url
from tests.server_process import ROOT

RECORDINGS = sorted((ROOT / "tests" / "journeys" / "recordings").glob("*.jsonl"))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
async def test_a_recorded_session_goes_as_recorded(gateway: str, recording: Path) -> None:
    await replay(websocket_url(gateway), recording)


def test_each_vocabulary_of_a_sample_is_recorded() -> None:
    names = {recording.stem for recording in RECORDINGS}
    assert names >= {"strands_typed", "strands_spoken", "sonic_typed", "sonic_spoken"}
    assert names >= {"text_example", "ag_ui"}
    assert all(len(list(steps_of(recording))) > 3 for recording in RECORDINGS)


async def test_a_server_that_says_something_else_is_noticed(gateway: str, tmp_path: Path) -> None:
    recording = tmp_path / "wrong.jsonl"
    recording.write_text(
        '{"about": "x"}\n{"client": {"prompt": "hello"}}\n{"server": {"response": "<text>"}}\n'
    )
    with pytest.raises(Mismatch, match=r"wrong\.jsonl, line 3"):
        await replay(websocket_url(gateway), recording)
