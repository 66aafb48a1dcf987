import pytest

from gateway.models.offline.endpointing import (
    FRAME_BYTES,
    Ear,
    Endpointer,
    Endpointing,
    PauseBegan,
    PauseEnded,
    Signal,
    SpeechBegan,
    SpeechConfirmed,
    SpeechDropped,
    SpeechEnded,
    SpeechPiece,
    level_dbfs,
    split_frames,
)
from tests.gateway.models.speech_fakes import frame


def play(endpointer: Endpointer, *parts: tuple[float, int]) -> list[Signal]:
    """Feed frames numbered from 0 with (probability, how many) and collect the signals."""
    probabilities = [probability for probability, count in parts for _ in range(count)]
    signals: list[Signal] = []
    for number, probability in enumerate(probabilities):
        signals += endpointer.push(number_frame(number), probability)
    return signals


def number_frame(number: int) -> bytes:
    return number.to_bytes(2, "little") * (FRAME_BYTES // 2)


def numbers(first: int, last: int) -> bytes:
    return b"".join(number_frame(number) for number in range(first, last + 1))


def test_an_utterance_begins_with_its_pre_roll_and_ends_after_550_ms_of_silence() -> None:
    # 20 quiet frames, 10 voiced (20-29), then silence: 7 frames are a pause, 18 are the end.
    signals = play(Endpointer(), (0.1, 20), (0.9, 10), (0.1, 18))
    assert signals == [
        SpeechBegan(),
        SpeechConfirmed(),
        PauseBegan(numbers(20 - 11, 36)),
        SpeechEnded(numbers(20 - 11, 36), 0.576),
    ]


def test_three_frames_in_a_row_are_needed_to_begin() -> None:
    endpointer = Endpointer()
    assert play(endpointer, (0.9, 2), (0.49, 1), (0.9, 2), (0.0, 30)) == []
    assert endpointer.is_idle


def test_speech_shorter_than_200_ms_is_dropped() -> None:
    signals = play(Endpointer(), (0.9, 6), (0.1, 18))
    assert signals == [SpeechBegan(), SpeechDropped(0.576)]


def test_speech_is_confirmed_when_it_lasted_200_ms() -> None:
    assert play(Endpointer(), (0.9, 6)) == [SpeechBegan()]
    assert play(Endpointer(), (0.9, 7)) == [SpeechBegan(), SpeechConfirmed()]


@pytest.mark.parametrize(("probability", "goes_on"), [(0.34, False), (0.36, True)])
def test_less_probability_is_needed_to_go_on_than_to_begin(
    probability: float, goes_on: bool
) -> None:
    signals = play(Endpointer(), (0.9, 10), (probability, 18))
    assert isinstance(signals[-1], SpeechConfirmed) is goes_on


@pytest.mark.parametrize(("probability", "resumes"), [(0.49, False), (0.5, True)])
def test_full_probability_is_needed_to_resume_after_silence(
    probability: float, resumes: bool
) -> None:
    signals = play(Endpointer(), (0.9, 10), (0.1, 7), (probability, 1))
    assert isinstance(signals[-1], PauseEnded) is resumes


def test_a_pause_that_ends_is_followed_by_another_one() -> None:
    signals = play(Endpointer(), (0.9, 10), (0.1, 10), (0.9, 10), (0.1, 18))
    assert signals == [
        SpeechBegan(),
        SpeechConfirmed(),
        PauseBegan(numbers(0, 16)),
        PauseEnded(),
        PauseBegan(numbers(0, 36)),
        SpeechEnded(numbers(0, 36), 0.576),
    ]


def test_a_short_silence_inside_is_no_pause() -> None:
    signals = play(Endpointer(), (0.9, 10), (0.1, 6), (0.9, 3))
    assert signals == [SpeechBegan(), SpeechConfirmed()]


def test_two_utterances_do_not_share_audio() -> None:
    signals = play(Endpointer(), (0.9, 10), (0.1, 18), (0.9, 10), (0.1, 18))
    ended = [signal.audio for signal in signals if isinstance(signal, SpeechEnded)]
    assert ended == [numbers(0, 16), numbers(28, 44)]


def test_long_speech_comes_in_pieces() -> None:
    rules = Endpointing(piece_seconds=0.64)
    signals = play(Endpointer(rules), (0.9, 45), (0.1, 18))
    assert signals == [
        SpeechBegan(),
        SpeechConfirmed(),
        SpeechPiece(numbers(0, 19)),
        SpeechPiece(numbers(20, 39)),
        SpeechPiece(numbers(40, 59)),
        SpeechEnded(b"", 0.576),
    ]


def test_a_piece_that_ends_inside_a_pause_voids_it() -> None:
    rules = Endpointing(piece_seconds=0.64)
    signals = play(Endpointer(rules), (0.9, 12), (0.1, 8), (0.9, 8), (0.1, 18))
    assert signals == [
        SpeechBegan(),
        SpeechConfirmed(),
        PauseBegan(numbers(0, 18)),
        SpeechPiece(numbers(0, 19)),
        PauseBegan(numbers(20, 34)),
        SpeechPiece(numbers(20, 39)),
        SpeechEnded(b"", 0.576),
    ]


def test_finishing_ends_what_is_being_said() -> None:
    endpointer = Endpointer()
    play(endpointer, (0.9, 10))
    assert endpointer.finish() == [SpeechEnded(numbers(0, 9), 0.0)]
    assert endpointer.finish() == []


def test_an_idle_ear_does_not_ask_the_detector_about_silence() -> None:
    asked: list[bytes] = []

    def detector(sound: bytes) -> float:
        asked.append(sound)
        return 0.9

    ear = Ear(detector)
    assert ear.hear([frame(0), frame(50)]) == []
    assert asked == []
    assert ear.hear([frame(1000)] * 3 + [frame(0)]) == [SpeechBegan()]
    assert asked == [frame(1000)] * 3 + [frame(0)]
    assert ear.finish() == [SpeechDropped(0.0)]


def test_the_last_frame_is_filled_up_with_silence() -> None:
    assert split_frames(b"\1\1" * 513) == [b"\1\1" * 512, b"\1\1" + bytes(FRAME_BYTES - 2)]


def test_level_is_measured_against_full_scale() -> None:
    assert level_dbfs(frame(-32768)) == 0.0
    assert level_dbfs(frame(3277)) == pytest.approx(-20, abs=0.01)
    assert level_dbfs(frame(0)) == float("-inf")
