import numpy as np
import pytest

from gateway.cli.sound import (
    audible_after_seconds,
    seconds_of,
    silence,
    speech_end_seconds,
    trimmed,
)

RATE = 16_000


def tone(seconds: float, level: int = 8_000) -> bytes:
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()


def noise(seconds: float, level: int) -> bytes:
    return np.random.default_rng(1).normal(0, level, round(seconds * RATE)).astype("<i2").tobytes()


def test_length_is_counted_in_samples() -> None:
    assert seconds_of(silence(1.25, RATE), RATE) == 1.25


@pytest.mark.parametrize(
    ("pcm", "seconds"),
    [
        (b"", None),
        (silence(0.1, RATE), None),
        (tone(0.02), 0.0),
        (silence(0.06, RATE) + tone(0.04), 0.06),
    ],
)
def test_what_can_be_heard_is_told_from_silence(pcm: bytes, seconds: float | None) -> None:
    assert audible_after_seconds(pcm, RATE) == seconds


def test_the_end_of_speech_is_found() -> None:
    pcm = silence(0.4, RATE) + tone(1.6) + silence(0.9, RATE)
    assert speech_end_seconds(pcm, RATE) == pytest.approx(2.0, abs=0.02)


def test_constant_noise_does_not_hide_the_end_of_speech() -> None:
    mixed = np.frombuffer(
        silence(0.4, RATE) + tone(1.6) + silence(0.9, RATE), "<i2"
    ) + np.frombuffer(noise(2.9, 400), "<i2")
    assert speech_end_seconds(mixed.astype("<i2").tobytes(), RATE) == pytest.approx(2.0, abs=0.04)


@pytest.mark.parametrize("pcm", [silence(1, RATE), b"\0\0" * 10])
def test_silence_ends_where_it_ends(pcm: bytes) -> None:
    assert speech_end_seconds(pcm, RATE) == seconds_of(pcm, RATE)


def test_silence_around_is_cut_to_a_margin() -> None:
    cut = trimmed(
        silence(3, RATE) + tone(1) + silence(0.3, RATE) + tone(1) + silence(4, RATE), RATE
    )
    assert seconds_of(cut, RATE) == pytest.approx(0.2 + 1 + 0.3 + 1 + 0.2, abs=0.02)


def test_a_sound_at_the_very_edges_is_kept_whole() -> None:
    assert trimmed(tone(1), RATE) == tone(1)


def test_nothing_is_left_of_silence() -> None:
    assert trimmed(silence(2, RATE), RATE) == b""
