"""How far the listener is: by the clock, by its reports, and again by the clock."""

import pytest

from protocols.live.playhead import Playhead


def test_without_reports_the_clock_plays_what_was_sent() -> None:
    playhead = Playhead(1.0, 0.4)
    assert playhead.is_heard(10.0)
    playhead.send("m", 0.75, 10.0)
    assert not playhead.is_heard(10.5)
    assert playhead.heard_in_seconds(10.5) == pytest.approx(0.25)
    assert playhead.is_heard(10.75)
    assert playhead.heard_in_seconds(11.0) == 0.0


def test_without_reports_there_is_room_up_to_the_full_lead() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("m", 0.75, 10.0)
    assert playhead.room_in_seconds(0.25, 10.0) == 0.0
    assert playhead.room_in_seconds(0.5, 10.0) == pytest.approx(0.25)
    assert playhead.room_in_seconds(0.5, 10.25) == 0.0


def test_a_pause_between_messages_gives_no_credit() -> None:
    playhead = Playhead(1.0, None)
    playhead.send("a", 0.5, 0.0)
    playhead.send("b", 0.5, 100.0)
    assert playhead.heard_in_seconds(100.0) == pytest.approx(0.5)


def test_a_listener_that_reports_gets_the_small_lead_over_its_report() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("m", 0.4, 0.0)
    playhead.report(None, 0.1, 0.2)
    assert playhead.room_in_seconds(0.1, 0.2) == 0.0
    playhead.send("m", 0.1, 0.2)
    # Nothing more on the clock's word alone, although it would have played 0.3 s by now.
    assert playhead.room_in_seconds(0.1, 0.5) == pytest.approx(1.7)
    playhead.report("m", 0.2, 0.5)
    assert playhead.room_in_seconds(0.1, 0.5) == 0.0
    assert playhead.heard_in_seconds(0.5) == pytest.approx(0.3)


def test_a_listener_that_stops_to_report_is_played_to_by_the_clock_again() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("m", 0.4, 0.0)
    playhead.report(None, 0.0, 0.0)
    assert playhead.room_in_seconds(0.1, 1.0) == pytest.approx(1.0)
    assert playhead.room_in_seconds(0.1, 2.0) == 0.0


def test_reports_count_from_the_start_of_their_message() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("a", 0.3, 0.0)
    playhead.send("b", 0.3, 0.0)
    playhead.report("a", 0.2, 0.1)
    assert playhead.heard_in_seconds(0.1) == pytest.approx(0.4)
    playhead.report("b", 0.2, 0.1)
    assert playhead.heard_in_seconds(0.1) == pytest.approx(0.1)
    playhead.report(None, 0.1, 0.1)
    assert playhead.heard_in_seconds(0.1) == pytest.approx(0.2)


def test_a_report_cannot_claim_more_than_was_sent() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("m", 0.4, 0.0)
    playhead.report("m", 99.0, 0.1)
    assert playhead.is_heard(0.1)
    assert playhead.room_in_seconds(0.4, 0.1) == 0.0
    assert playhead.room_in_seconds(0.5, 0.1) > 0.0


def test_reports_of_unknown_messages_and_of_wires_that_know_better_change_nothing() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.report(None, 5.0, 0.0)
    playhead.send("m", 0.5, 0.0)
    playhead.report("other", 0.5, 0.0)
    assert playhead.heard_in_seconds(0.0) == pytest.approx(0.5)
    deaf = Playhead(0.2, None)
    deaf.send("m", 0.2, 0.0)
    deaf.report("m", 0.2, 0.0)
    assert deaf.heard_in_seconds(0.0) == pytest.approx(0.2)


def test_what_was_dropped_is_over_and_reports_of_it_are_void() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("cut", 0.4, 0.0)
    playhead.report(None, 0.1, 0.1)
    playhead.drop(0.1)
    assert playhead.is_heard(0.1)
    playhead.report("cut", 0.2, 0.2)
    assert playhead.is_heard(0.2)
    assert playhead.room_in_seconds(0.4, 0.2) == 0.0
    assert playhead.room_in_seconds(0.5, 0.2) == pytest.approx(1.9)


def test_a_listener_that_reported_before_keeps_the_small_lead_in_the_next_message() -> None:
    playhead = Playhead(1.0, 0.4)
    playhead.send("a", 0.4, 0.0)
    playhead.report("a", 0.3, 0.3)
    playhead.send("b", 0.1, 60.0)  # heard long ago; the last report was a little short of its end
    assert playhead.room_in_seconds(0.3, 60.0) == 0.0
    assert playhead.room_in_seconds(0.4, 60.0) == pytest.approx(2.0)


def test_pieces_that_add_up_to_the_lead_are_not_held_back_by_rounding() -> None:
    playhead = Playhead(1.0, 0.4)
    for _ in range(13):
        playhead.send("m", 0.1, 0.0)
    playhead.report("m", 1.0, 0.0)
    assert playhead.room_in_seconds(0.1, 0.0) == 0.0


def test_what_was_heard_is_known_by_message() -> None:
    playhead = Playhead(1.0, None)
    playhead.send("a", 0.5, 0.0)
    playhead.send("b", 0.5, 0.0)
    heard_until = playhead.heard_until(0.7)
    assert heard_until == pytest.approx(0.7)
    assert playhead.heard_of("a", heard_until) == 0.5
    assert playhead.heard_of("b", heard_until) == pytest.approx(0.2)
    assert (playhead.heard_of("c", heard_until), playhead.sent_of("c")) == (0.0, 0.0)
    assert (playhead.sent_of("b"), playhead.sent_seconds) == (0.5, 1.0)


def test_nothing_is_heard_while_the_listener_is_away() -> None:
    playhead = Playhead(1.0, None)
    playhead.send("m", 1.0, 0.0)
    playhead.pause(0.4)
    playhead.pause(0.9)
    assert playhead.heard_until(50.0) == pytest.approx(0.4)
    assert playhead.heard_in_seconds(50.0) == pytest.approx(0.6)
    assert not playhead.is_heard(50.0)


def test_a_listener_that_comes_back_is_where_it_was() -> None:
    playhead = Playhead(1.0, None)
    playhead.send("a", 0.3, 0.0)
    playhead.send("b", 0.7, 0.0)
    playhead.pause(0.2)
    playhead.resume(0.2, 9.0)
    assert (playhead.sent_seconds, playhead.is_heard(9.0)) == (0.2, True)
    playhead.send("a", 0.1, 9.0)
    playhead.send("b", 0.7, 9.0)
    assert playhead.heard_of("a", playhead.heard_until(9.1)) == pytest.approx(0.3)
    assert playhead.heard_of("b", playhead.heard_until(9.2)) == pytest.approx(0.1)


def test_what_is_dropped_while_the_listener_is_away_is_not_waited_for() -> None:
    playhead = Playhead(1.0, None)
    playhead.send("m", 1.0, 0.0)
    playhead.pause(0.4)
    playhead.drop(0.5)
    assert playhead.is_heard(0.5)


def test_pauses_in_the_middle_of_a_message_are_counted() -> None:
    playhead = Playhead(0.2, None)
    playhead.send("a", 0.1, 0.0)
    playhead.send("a", 0.1, 0.11)  # too short to be heard
    playhead.send("a", 0.1, 0.5)
    playhead.send("b", 0.1, 2.0)  # another message has its own beginning
    playhead.drop(2.0)
    playhead.send("b", 0.1, 3.0)
    assert playhead.underruns == 1
