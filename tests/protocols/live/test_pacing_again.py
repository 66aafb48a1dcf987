"""What was heard of what the pacer gave, and what it gives again to a listener that comes back."""

import pytest

from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    SpeechStarted,
    TextDelta,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.live.pacing import Again, Cut, Pace, Pacer, SoundEnds

RATE = 16_000


def sound(message_id: str, seconds: float) -> AudioDelta:
    return AudioDelta(message_id, b"\1\0" * round(seconds * RATE))


def turn(message_id: str = "m", seconds: float = 10.0) -> list[Event]:
    words = Transcript(message_id, "assistant", "words")
    return [TurnStarted(f"t-{message_id}"), words, sound(message_id, seconds)]


def pacer(*pushed: Event, pace: Pace | None = None) -> Pacer:
    made = Pacer(RATE, pace or Pace())
    for event in pushed:
        made.push(event, 0.0)
    return made


def run(paced: Pacer, begin: float, end: float, step: float = 0.02) -> list[Event | SoundEnds]:
    """Take what may leave while the clock goes on."""
    events: list[Event | SoundEnds] = []
    for tick in range(round((end - begin) / step) + 1):
        while (event := paced.take(begin + tick * step)) is not None:
            events.append(event)
    return events


def seconds_of(events: list[Event | SoundEnds]) -> float:
    return sum(len(e.pcm) for e in events if isinstance(e, AudioDelta)) / 2 / RATE


def place(again: Again | None) -> tuple[str, float]:
    assert again is not None
    return again.message_id, round(again.from_seconds, 3)


def heard_of(cut: Cut | None) -> dict[str, float]:
    assert cut is not None
    return {heard.message_id: heard.seconds for heard in cut.heard}


def test_a_cut_tells_what_was_heard_by_the_clock() -> None:
    paced = pacer(*turn())
    run(paced, 0.0, 1.0)
    assert paced.cut(1.0)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(1.0)}
    assert paced.pop_cut() is None


def test_a_cut_tells_what_was_heard_by_the_listeners_report() -> None:
    paced = pacer(*turn())
    run(paced, 0.0, 1.0)
    paced.played("m", 0.7, 1.0)
    run(paced, 1.0, 1.1)
    paced.cut(1.1)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(0.8)}


def test_a_listener_that_stalls_has_heard_little_more_than_it_said() -> None:
    paced = pacer(*turn())
    run(paced, 0.0, 1.0)
    paced.played("m", 0.7, 1.0)
    paced.cut(2.5)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(0.95)}


def test_what_has_not_left_was_not_heard() -> None:
    paced = pacer(*turn(), pace=Pace(ahead_seconds=0.2, reported_ahead_seconds=None))
    run(paced, 0.0, 1.0)
    paced.cut(1.0, unsent_seconds=0.3)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(0.9)}


def test_only_messages_that_were_cut_are_told() -> None:
    paced = pacer(*turn("a", 0.5), Transcript("b", "assistant", "x"), sound("b", 1.0))
    paced.push(Transcript("c", "assistant", "no sound yet"), 0.0)
    run(paced, 0.0, 0.8)
    paced.cut(0.8)
    assert heard_of(paced.pop_cut()) == {"b": pytest.approx(0.3), "c": 0.0}


def test_a_voice_that_was_heard_to_its_end_is_not_cut() -> None:
    paced = pacer(*turn(seconds=0.5))
    run(paced, 0.0, 0.6)
    assert paced.cut(0.6)
    assert paced.pop_cut() is None


def test_two_interruptions_are_one() -> None:
    paced = pacer(*turn())
    run(paced, 0.0, 1.0)
    paced.push(BargeIn(), 1.0)
    paced.push(BargeIn(), 1.1)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(1.0)}
    assert paced.pop_cut() is None


def test_the_echo_of_the_first_voice_is_no_interruption() -> None:
    paced = pacer(*turn(), pace=Pace(speech_cuts_after_seconds=0.3, echo_seconds=1.0))
    paced.take(0.0)
    run(paced, 0.0, 0.1)
    paced.push(SpeechStarted(), 0.1)
    assert BargeIn() not in run(paced, 0.1, 1.2)
    assert BargeIn() in run(paced, 1.2, 1.4)  # it goes on: somebody speaks


def test_nothing_leaves_while_the_listener_is_away() -> None:
    paced = pacer(*turn())
    run(paced, 0.0, 0.4)
    paced.pause(0.4)
    paced.push(BargeIn(), 0.5)
    assert (run(paced, 0.5, 5.0), paced.wait_seconds(5.0)) == ([], None)


def test_the_sound_goes_on_where_the_listener_was() -> None:
    paced = pacer(*turn(seconds=2.0), TurnEnded())
    before = run(paced, 0.0, 0.55)
    paced.pause(0.55)
    again = paced.resume(9.0)
    assert place(again) == ("m", 0.55)
    after = run(paced, 9.0, 12.0)
    assert seconds_of(before) >= 1.5
    assert seconds_of(after) == pytest.approx(2.0 - 0.55)
    assert after[-1] == TurnEnded()


def test_what_the_client_cannot_have_received_is_sent_again() -> None:
    paced = pacer(*turn(seconds=2.0))
    run(paced, 0.0, 0.8)
    paced.pause(0.8)
    assert place(paced.resume(9.0, received_until=0.3)) == ("m", 0.3)


def test_a_loss_that_was_noticed_late_counts_from_when_it_began() -> None:
    paced = pacer(*turn(seconds=10.0))
    run(paced, 0.0, 6.0)
    paced.pause(6.0, lost_seconds=5.0)
    assert place(paced.resume(9.0)) == ("m", 1.0)


def test_sound_of_a_turn_that_was_over_is_sent_again_and_ends() -> None:
    paced = pacer(*turn(seconds=1.0), TurnEnded(), TurnStarted("next"), TextDelta("n", "x"))
    assert TurnEnded() in run(paced, 0.0, 1.1)
    paced.pause(1.2, lost_seconds=0.7)
    assert place(paced.resume(5.0)) == ("m", 0.5)
    after = run(paced, 5.0, 6.0)
    assert seconds_of(after) == pytest.approx(0.5)
    assert after[-1] == SoundEnds()
    assert not paced.cut(6.0)


def test_sound_that_is_sent_again_can_be_cut() -> None:
    paced = pacer(*turn(seconds=1.0), TurnEnded())
    run(paced, 0.0, 1.1)
    paced.pause(1.2, lost_seconds=0.7)
    paced.resume(5.0)
    run(paced, 5.0, 5.1)
    assert paced.cut(5.1)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(0.6)}
    assert seconds_of(run(paced, 5.1, 6.0)) == 0


def test_a_listener_that_has_heard_all_gets_nothing_again() -> None:
    paced = pacer(*turn(seconds=0.5), TurnEnded())
    run(paced, 0.0, 1.0)
    paced.pause(1.0)
    assert paced.resume(2.0) is None
    assert run(paced, 2.0, 3.0) == []


def test_an_interruption_while_the_listener_is_away_leaves_nothing_to_send_again() -> None:
    paced = pacer(*turn())
    run(paced, 0.0, 0.5)
    paced.pause(0.5)
    paced.push(BargeIn(), 0.6)
    assert heard_of(paced.pop_cut()) == {"m": pytest.approx(0.5)}
    assert paced.resume(2.0) is None
    assert run(paced, 2.0, 2.1) == [BargeIn()]


def test_sound_is_kept_for_twelve_seconds() -> None:
    paced = pacer(*turn(seconds=20.0))
    run(paced, 0.0, 20.0, step=0.1)
    paced.pause(20.0, lost_seconds=20.0)
    again = paced.resume(30.0)
    assert again is not None
    assert again.from_seconds == pytest.approx(8.0, abs=0.11)
