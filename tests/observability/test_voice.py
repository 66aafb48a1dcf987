from typing import Any

import pytest

from observability.voice import barge_in_silenced, speech_dropped


def test_silence_after_a_barge_in_is_timed_and_dropped_speech_counted(recorded: Any) -> None:
    barge_in_silenced(0.012)
    speech_dropped(0.25)
    speech_dropped(0.5)
    metrics = recorded.metrics()
    assert metrics["gateway.voice.barge_in_to_silence"] == {(): pytest.approx(0.012)}
    assert metrics["gateway.voice.speech_dropped"] == {(): pytest.approx(0.75)}


def test_when_telemetry_is_off_nothing_is_measured_and_nothing_fails() -> None:
    barge_in_silenced(1.0)
    speech_dropped(1.0)
