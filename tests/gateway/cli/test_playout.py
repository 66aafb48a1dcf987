from gateway.cli.playout import Playout
from gateway.cli.sound import silence

RATE = 1_000
SECOND = b"\1\0" * RATE


def test_audio_that_comes_ahead_is_played_without_gaps() -> None:
    playout = Playout(RATE)
    playout.start_message("a")
    for _ in range(3):
        playout.receive(SECOND, now=10.0)
    assert playout.recording == SECOND * 3
    assert (playout.played_seconds(10.0), playout.waiting_seconds(10.0)) == (0.0, 3.0)
    assert playout.heard(11.5) == ("a", 1.5)
    assert playout.heard(99.0) == ("a", 3.0)


def test_a_pause_is_recorded_and_not_counted_as_heard() -> None:
    playout = Playout(RATE)
    playout.receive(SECOND, now=0.0)
    playout.receive(SECOND, now=1.5)
    assert playout.recording == SECOND + silence(0.5, RATE) + SECOND
    assert playout.played_seconds(2.0) == 1.5


def test_a_flush_drops_what_was_not_heard() -> None:
    playout = Playout(RATE)
    playout.start_message("a")
    playout.receive(SECOND * 4, now=0.0)
    playout.flush(1.25)
    playout.flush(1.25)
    assert len(playout.recording) == 1.25 * len(SECOND)
    playout.start_message("b")
    playout.receive(SECOND, now=1.25)
    assert playout.heard(1.75) == ("b", 0.5)


def test_a_flush_before_any_audio_changes_nothing() -> None:
    playout = Playout(RATE)
    playout.flush(1.0)
    assert (playout.recording, playout.played_seconds(2.0), playout.heard(2.0)) == (b"", 0.0, None)


def test_the_message_being_heard_is_not_yet_the_one_that_comes() -> None:
    playout = Playout(RATE)
    playout.start_message("a")
    playout.receive(SECOND, now=0.0)
    playout.start_message("b")
    playout.receive(SECOND, now=0.5)
    assert playout.heard(0.5) == ("a", 0.5)
    assert playout.heard(1.25) == ("b", 0.25)
