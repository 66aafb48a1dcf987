"""When speech begins and ends, in audio time."""

import numpy as np
import pytest

from tests.emulators.sonic.hearing import Change, Hearing, resample, tone

RATE = 16000
SPEECH = tone(440, 1.0, RATE)
SILENCE = bytes(RATE * 2)


@pytest.mark.parametrize("piece_bytes", [2, 100, 640, 100_000])
def test_speech_starts_and_ends_whatever_the_size_of_the_pieces(piece_bytes: int) -> None:
    hearing = Hearing(RATE, end_silence_seconds=0.6)
    audio = SILENCE + SPEECH + SILENCE
    pieces = [audio[at : at + piece_bytes] for at in range(0, len(audio), piece_bytes)]
    changes = [change for piece in pieces for change in hearing.feed(piece)]
    assert changes == [Change.STARTED, Change.ENDED]
    assert hearing.heard_seconds == pytest.approx(3.0)


def test_what_was_said_is_kept_with_the_silence_that_ended_it() -> None:
    hearing = Hearing(RATE, end_silence_seconds=0.5)
    hearing.feed(SILENCE + SPEECH + SILENCE)
    seconds = len(hearing.take_speech()) / 2 / RATE
    assert seconds == pytest.approx(1.5, abs=0.05)
    assert hearing.take_speech() == b""


def test_a_short_pause_and_noise_end_and_start_nothing() -> None:
    hearing = Hearing(RATE, end_silence_seconds=0.6)
    pause = SILENCE[: len(SILENCE) // 2]
    noise = (np.resize([90, -90], RATE)).astype("<i2").tobytes()
    assert hearing.feed(noise + SPEECH + pause + SPEECH) == [Change.STARTED]


def test_endless_speech_is_ended_after_its_longest_time() -> None:
    hearing = Hearing(RATE, end_silence_seconds=0.6, max_speech_seconds=1.0)
    changes = hearing.feed(SPEECH * 3)
    assert changes == [Change.STARTED, Change.ENDED] * 3


def test_a_changed_rate_keeps_the_pitch_and_length() -> None:
    changed = np.frombuffer(resample(SPEECH, RATE, 24000), "<i2")
    spectrum = np.abs(np.fft.rfft(changed))
    assert (len(changed), int(spectrum.argmax())) == (24000, 440)
