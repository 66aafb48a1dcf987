"""What the user said is kept until it was heard."""

import numpy as np

from gateway.models.nova_sonic.hearing import Change, Unheard
from tests.emulators.sonic.hearing import tone

RATE = 16000
SPEECH = tone(440, 1.0, RATE)


def seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE


def silence(length: float) -> bytes:
    return bytes(round(length * RATE) * 2)


def noise(length: float, level: float) -> bytes:
    made = np.random.default_rng(1).normal(0, level, round(length * RATE))
    return bytes(made.astype("<i2").tobytes())


def feed(unheard: Unheard, pcm: bytes, step: int = 3200) -> list[Change]:
    return [
        change
        for start in range(0, len(pcm), step)
        for change in unheard.feed(pcm[start : start + step])
    ]


def test_speech_is_told_from_silence() -> None:
    unheard = Unheard(RATE)
    assert feed(unheard, silence(1)) == []
    assert feed(unheard, SPEECH) == [Change.STARTED]
    assert feed(unheard, silence(1)) == [Change.STOPPED]
    assert unheard.waiting_seconds == 1.0


def test_speech_is_there_from_its_beginning_until_it_was_heard() -> None:
    unheard = Unheard(RATE)
    there = []
    for pcm in (silence(1), SPEECH, silence(1)):
        feed(unheard, pcm)
        there.append(unheard.has_speech)
    unheard.heard()
    assert [*there, unheard.has_speech] == [False, True, True, False]


def test_pieces_of_any_length_are_judged_alike() -> None:
    changes = []
    for step in (2, 642, 100_000):
        unheard = Unheard(RATE)
        changes.append(feed(unheard, silence(0.5) + SPEECH + silence(1), step))
    assert changes == [[Change.STARTED, Change.STOPPED]] * 3


def test_of_silence_only_the_last_moment_is_kept() -> None:
    unheard = Unheard(RATE)
    feed(unheard, silence(5))
    assert unheard.replay() == silence(0.4)


def test_speech_is_kept_from_before_its_first_sound() -> None:
    unheard = Unheard(RATE)
    feed(unheard, silence(3) + SPEECH + silence(2))
    assert SPEECH in unheard.replay()
    assert 3.3 < seconds(unheard.replay()) < 3.6


def test_speech_that_was_heard_is_let_go() -> None:
    unheard = Unheard(RATE)
    feed(unheard, SPEECH + silence(1))
    unheard.heard()
    assert (unheard.waiting_seconds, unheard.replay()) == (0.0, silence(0.4))


def test_speech_that_goes_on_while_the_model_tells_what_it_heard_is_kept() -> None:
    unheard = Unheard(RATE)
    feed(unheard, SPEECH + silence(1) + SPEECH[: RATE // 2])
    unheard.heard()
    assert unheard.is_speaking
    assert unheard.replay().endswith(SPEECH[: RATE // 2])
    assert seconds(unheard.replay()) <= 1.0
    assert feed(unheard, silence(1)) == [Change.STOPPED]


def test_a_model_that_is_quicker_than_we_leaves_nothing_to_say_again() -> None:
    unheard = Unheard(RATE)
    feed(unheard, SPEECH + silence(0.2))
    unheard.heard()
    assert unheard.is_speaking  # not known to be over
    assert unheard.replay() == silence(0.2)
    assert feed(unheard, silence(0.5)) == [Change.STOPPED]
    assert unheard.waiting_seconds == 0.0


def test_who_goes_on_after_being_heard_is_kept_from_there() -> None:
    unheard = Unheard(RATE)
    feed(unheard, SPEECH + silence(0.2))
    unheard.heard()
    feed(unheard, SPEECH + silence(1))
    assert unheard.waiting_seconds == 1.0
    assert unheard.replay().count(SPEECH) == 1


def test_the_noise_of_a_room_is_no_speech() -> None:
    unheard = Unheard(RATE)
    feed(unheard, noise(10, 100))
    assert feed(unheard, noise(5, 150)) == []
    assert feed(unheard, SPEECH) == [Change.STARTED]


def test_noise_that_never_stops_is_no_speech_for_ever() -> None:
    unheard = Unheard(RATE)
    changes = feed(unheard, noise(90, 1000))
    assert changes == [Change.STARTED, Change.STOPPED]


def test_what_is_kept_is_bounded() -> None:
    unheard = Unheard(RATE)
    feed(unheard, SPEECH * 60)
    assert seconds(unheard.replay()) == 20.0


def test_what_was_no_speech_is_forgotten() -> None:
    unheard = Unheard(RATE)
    feed(unheard, SPEECH + silence(1))
    unheard.forget()
    assert unheard.waiting_seconds == 0.0
