import pytest

from gateway.models.cascade.playback import BYTES_PER_SECOND, Answer, Piece, Playback


def sound(seconds: float) -> int:
    return int(seconds * BYTES_PER_SECOND)


def test_words_lie_behind_each_other_on_the_time_line() -> None:
    playback = Playback()
    assert playback.queue("One.", sound(1.5)) == Piece("One.", 0.0, 1.5)
    assert playback.queue("Two.", sound(2.0)) == Piece("Two.", 1.5, 3.5)


def test_sound_plays_without_gaps_from_when_it_is_taken() -> None:
    playback = Playback()
    playback.queue("Words.", sound(3.0))
    playback.taken(sound(1.0), now_seconds=10.0)
    playback.taken(sound(2.0), now_seconds=10.1)
    assert playback.position(10.0) == pytest.approx(0.0)
    assert playback.position(11.5) == pytest.approx(1.5)
    assert playback.position(20.0) == pytest.approx(3.0)


def test_a_gap_in_the_taking_is_a_gap_in_the_playing() -> None:
    playback = Playback()
    playback.queue("Words.", sound(2.0))
    playback.taken(sound(1.0), now_seconds=10.0)
    playback.taken(sound(1.0), now_seconds=15.0)
    assert playback.position(15.0) == pytest.approx(1.0)
    assert playback.position(15.5) == pytest.approx(1.5)


def test_it_plays_while_anything_waits_or_sounds() -> None:
    playback = Playback()
    assert not playback.is_playing(10.0)
    playback.queue("Words.", sound(1.0))
    assert playback.is_playing(10.0)
    playback.taken(sound(1.0), now_seconds=10.0)
    assert playback.is_playing(10.9)
    assert not playback.is_playing(11.0)


def test_odd_pieces_add_up_exactly() -> None:
    playback = Playback()
    last = [playback.queue("Words.", 6400 + 2 * number) for number in range(1000)][-1]
    for size in range(2, 3681, 2):
        playback.taken(size, now_seconds=10.0)
    playback.taken(sum(6400 + 2 * n for n in range(1000)) - sum(range(2, 3681, 2)), 10.0)
    assert not playback.is_playing(1000.0)
    assert playback.position(1000.0) == last.end_seconds


def test_after_a_cut_nothing_plays() -> None:
    playback = Playback()
    playback.queue("Words.", sound(1.0))
    playback.taken(sound(0.5), now_seconds=10.0)
    playback.cut()
    assert not playback.is_playing(10.0)
    assert playback.queue("More.", sound(1.0)) == Piece("More.", 0.0, 1.0)


@pytest.mark.parametrize(
    ("position", "heard", "whole"),
    [
        (-1.0, "", False),
        (0.0, "", False),
        (0.6, "One", False),
        (1.0, "One two.", False),
        (1.9, "One two. Three", False),
        (2.0, "One two. Three four.", True),
        (9.0, "One two. Three four.", True),
    ],
)
def test_what_was_heard_is_counted_in_words(position: float, heard: str, whole: bool) -> None:
    answer = Answer([Piece("One two. ", 0.0, 1.0), Piece("Three four. ", 1.0, 2.0)])
    assert (answer.heard(position), answer.is_heard(position)) == (heard, whole)


def test_words_without_sound_count_when_their_turn_has_come() -> None:
    answer = Answer([Piece("One. ", 0.0, 1.0), Piece("Two. ", 1.0, 1.0), Piece("Three.", 1.0, 2.0)])
    assert answer.heard(0.5) == ""
    assert answer.heard(1.0) == "One. Two."


def test_an_answer_without_words_is_heard() -> None:
    assert Answer().is_heard(0.0)
