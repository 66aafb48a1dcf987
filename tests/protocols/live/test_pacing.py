"""The pacer, event by event on a clock of numbers."""

import random

import pytest

from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    ModelReconnecting,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    ToolFinished,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from protocols.live.pacing import Pace, Pacer, SoundEnds

RATE = 16_000
TENTH = b"\1\0" * (RATE // 10)


def sound(message_id: str, seconds: float) -> AudioDelta:
    return AudioDelta(message_id, b"\1\0" * round(seconds * RATE))


def pacer(*pushed: Event, pace: Pace | None = None, now: float = 0.0) -> Pacer:
    made = Pacer(RATE, pace or Pace())
    for event in pushed:
        made.push(event, now)
    return made


def taken(paced: Pacer, now: float) -> list[Event]:
    events: list[Event] = []
    while (event := paced.take(now)) is not None:
        assert not isinstance(event, SoundEnds)
        events.append(event)
    return events


def seconds_of(events: list[Event]) -> float:
    return sum(len(e.pcm) for e in events if isinstance(e, AudioDelta)) / 2 / RATE


def test_a_burst_of_speech_leaves_one_second_ahead_and_then_in_real_time() -> None:
    paced = pacer(sound("m", 10.0))
    assert seconds_of(taken(paced, 0.0)) == pytest.approx(1.0)
    assert taken(paced, 0.05) == []
    assert paced.wait_seconds(0.05) == pytest.approx(0.05)
    assert taken(paced, 0.1) == [AudioDelta("m", TENTH)]
    assert seconds_of(taken(paced, 5.1)) == pytest.approx(1.0)  # a late tick gives no more lead


def test_long_speech_is_split_to_a_tenth_of_a_second_and_nothing_of_it_is_lost() -> None:
    pcm = bytes(range(256)) * 30
    paced = pacer(AudioDelta("m", pcm))
    pieces = taken(paced, 0.0)
    assert [len(p.pcm) for p in pieces if isinstance(p, AudioDelta)] == [3200, 3200, 1280]
    assert b"".join(p.pcm for p in pieces if isinstance(p, AudioDelta)) == pcm


def test_a_wire_with_little_lead_gets_pieces_that_fit_it() -> None:
    paced = pacer(sound("m", 1.0), pace=Pace(ahead_seconds=0.06, reported_ahead_seconds=None))
    assert seconds_of(taken(paced, 0.0)) == pytest.approx(0.06)
    assert seconds_of(taken(paced, 0.06)) == pytest.approx(0.06)


def test_reports_hold_the_lead_at_400_milliseconds() -> None:
    paced = pacer(sound("m", 5.0))
    taken(paced, 0.0)
    paced.played("m", 0.2, 0.2)
    assert taken(paced, 0.2) == []  # 1.0 s sent, 0.2 s heard
    paced.played("m", 0.7, 0.7)
    assert seconds_of(taken(paced, 0.7)) == pytest.approx(0.1)
    assert taken(paced, 0.9) == []
    paced.played(None, 0.9, 0.9)
    assert seconds_of(taken(paced, 0.9)) == pytest.approx(0.2)


def test_everything_keeps_its_place_behind_the_speech_before_it() -> None:
    text = Transcript("m", "assistant", "two")
    tool = ToolStarted("m", "c", "t")
    paced = pacer(TurnStarted("t"), sound("m", 1.05), text, tool, sound("m", 0.1))
    first = taken(paced, 0.0)
    assert first[0] == TurnStarted("t")
    assert text not in first
    assert tool not in first
    assert taken(paced, 0.05)[1:] == [text, tool]
    assert seconds_of(taken(paced, 0.15)) == pytest.approx(0.1)


def test_what_the_user_does_goes_first() -> None:
    paced = pacer(sound("m", 2.0), UsageReported(1, 2, 3))
    taken(paced, 0.0)
    paced.push(SpeechStarted(), 0.1)
    paced.push(SpeechStopped(0.2), 0.1)
    assert paced.wait_seconds(0.1) == 0.0
    assert taken(paced, 0.1)[:2] == [SpeechStarted(), SpeechStopped(0.2)]


def test_why_nothing_comes_is_told_before_what_waits() -> None:
    paced = pacer(sound("m", 2.0))
    taken(paced, 0.0)
    paced.push(ModelReconnecting(), 0.05)
    assert taken(paced, 0.05) == [ModelReconnecting()]


def test_a_turn_ends_when_it_was_heard() -> None:
    paced = pacer(TurnStarted("t"), sound("m", 0.5), TurnEnded(), TurnStarted("u"))
    assert seconds_of(taken(paced, 0.0)) == pytest.approx(0.5)
    assert taken(paced, 0.4) == []
    assert paced.wait_seconds(0.4) == pytest.approx(0.1)
    assert taken(paced, 0.5) == [TurnEnded(), TurnStarted("u")]
    assert paced.is_empty
    assert paced.wait_seconds(0.5) is None


def test_a_turn_of_a_listener_that_hangs_behind_ends_later() -> None:
    paced = pacer(sound("m", 0.5), TurnEnded())
    taken(paced, 0.0)
    paced.played("m", 0.1, 0.4)
    assert taken(paced, 0.5) == []
    assert taken(paced, 0.8) == [TurnEnded()]


def test_a_barge_in_drops_the_voice_and_cancels_the_turn_that_waits_for_its_end() -> None:
    user = Transcript("u", "user", "stop", final=True)
    paced = pacer(
        TurnStarted("t"),
        sound("m", 3.0),
        Transcript("m", "assistant", "unheard"),
        UsageReported(1, 1, 2),
        TurnEnded(),
    )
    taken(paced, 0.0)
    paced.push(BargeIn(), 0.3)
    paced.push(TurnStarted("next"), 0.3)
    paced.push(user, 0.3)
    assert taken(paced, 0.3) == [
        BargeIn(),
        UsageReported(1, 1, 2),
        TurnEnded("cancelled"),
        TurnStarted("next"),
        user,
    ]


def test_a_barge_in_cancels_the_end_that_is_still_to_come() -> None:
    paced = pacer(TurnStarted("t"), sound("m", 3.0))
    taken(paced, 0.0)
    paced.push(BargeIn(), 0.5)
    paced.push(TurnEnded(stop_reason="interrupted"), 0.5)
    assert taken(paced, 0.5) == [BargeIn(), TurnEnded("cancelled", "interrupted")]


def test_late_pieces_of_a_cut_message_are_dropped_by_its_name() -> None:
    paced = pacer(TurnStarted("t"), Transcript("m", "assistant", "I"), sound("m", 0.2))
    taken(paced, 0.0)
    paced.push(BargeIn(), 0.1)
    for late in (
        sound("m", 0.2),
        Transcript("m", "assistant", " go", final=True),
        TextDelta("m", "on"),
        ReasoningDelta("m", "and on"),
    ):
        paced.push(late, 0.1)
    paced.push(ToolFinished("c", ()), 0.1)
    paced.push(sound("n", 0.1), 0.1)
    assert taken(paced, 0.1) == [BargeIn(), ToolFinished("c", ()), AudioDelta("n", TENTH)]


def test_a_barge_in_with_no_voice_cancels_nothing() -> None:
    paced = pacer(TurnStarted("t"), BargeIn(), TextDelta("m", "still"), TurnEnded())
    assert taken(paced, 0.0) == [
        BargeIn(),
        TurnStarted("t"),
        TextDelta("m", "still"),
        TurnEnded(),
    ]


def test_the_turn_after_a_cut_one_is_complete() -> None:
    paced = pacer(TurnStarted("t"), sound("m", 1.0), TurnEnded())
    taken(paced, 0.0)
    assert [paced.cut(0.1), paced.cut(0.1)] == [True, False]
    for event in (TurnStarted("u"), sound("n", 0.1), TurnEnded()):
        paced.push(event, 0.2)
    assert taken(paced, 0.2) == [
        TurnEnded("cancelled"),
        TurnStarted("u"),
        AudioDelta("n", TENTH),
    ]
    assert taken(paced, 0.3) == [TurnEnded()]


def test_a_heard_turn_leaves_nothing_to_cut() -> None:
    paced = pacer(TurnStarted("t"), sound("m", 0.1), TurnEnded())
    taken(paced, 0.0)
    assert taken(paced, 0.2) == [TurnEnded()]
    assert not paced.cut(0.2)


def test_speech_that_goes_on_over_the_voice_is_an_interruption() -> None:
    paced = pacer(TurnStarted("t"), sound("m", 3.0), TurnEnded())
    taken(paced, 0.0)
    paced.push(SpeechStarted(), 1.0)
    assert taken(paced, 1.0)[0] == SpeechStarted()
    taken(paced, 1.55)
    assert paced.wait_seconds(1.55) == pytest.approx(0.05)
    assert taken(paced, 1.6) == [BargeIn(), TurnEnded("cancelled")]


def test_a_cough_over_the_voice_is_none() -> None:
    paced = pacer(sound("m", 3.0))
    taken(paced, 0.0)
    paced.push(SpeechStarted(), 1.0)
    paced.push(SpeechStopped(0.5), 1.55)
    assert BargeIn() not in taken(paced, 2.0)


def test_speech_in_silence_is_no_interruption() -> None:
    paced = pacer(SpeechStarted())
    assert taken(paced, 0.0) == [SpeechStarted()]
    assert taken(paced, 9.0) == []
    assert paced.wait_seconds(9.0) is None


def test_words_of_the_next_turn_over_the_voice_are_an_interruption() -> None:
    words = Transcript("u", "user", "wait")
    paced = pacer(TurnStarted("t"), sound("m", 3.0), TurnEnded(), TurnStarted("v"))
    taken(paced, 0.0)
    paced.push(words, 0.5)
    assert taken(paced, 0.5) == [BargeIn(), TurnEnded("cancelled"), TurnStarted("v"), words]


def test_a_late_transcript_of_the_question_is_no_interruption() -> None:
    words = Transcript("u", "user", "what time is it")
    paced = pacer(TurnStarted("t"), sound("m", 1.0))
    taken(paced, 0.0)
    paced.push(words, 0.5)
    assert taken(paced, 0.5) == [words]


def test_the_reader_is_slowed_by_seconds_and_by_events_and_nothing_is_dropped() -> None:
    paced = pacer(sound("m", 2.0), pace=Pace(most_waiting_seconds=1.5))
    fullness = [paced.is_full]
    assert seconds_of(taken(paced, 0.0)) == pytest.approx(1.0)
    fullness.append(paced.is_full)
    assert fullness == [True, False]
    talkative = pacer(*[UsageReported(1, 1, 2)] * 4096)
    assert talkative.is_full
    assert len(taken(talkative, 0.0)) == 4096


def test_names_of_cut_messages_are_forgotten_in_the_end() -> None:
    paced = pacer(*[Transcript(f"m{n}", "assistant", "x") for n in range(300)], sound("m", 0.1))
    paced.push(BargeIn(), 0.0)
    taken(paced, 0.0)
    paced.push(TextDelta("m0", "forgotten"), 0.0)
    paced.push(TextDelta("m299", "known"), 0.0)
    assert taken(paced, 0.0) == [TextDelta("m0", "forgotten")]


class Trial:
    """A pacer under random use, with a simple reckoning of what it may give."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self.paced = Pacer(RATE, Pace(ahead_seconds=0.2, reported_ahead_seconds=None))
        self.now = 0.0
        self.ends: list[str] = []  # turns whose end was pushed, and not given yet
        self.voiced: set[str] = set()  # turns that are said aloud and not over
        self.cut: set[str] = set()
        self.started: list[str] = []
        self.outcomes: list[tuple[str, str]] = []

    def push(self, turn: str, event: Event) -> None:
        self.now += self.dice.random() * 0.2
        if isinstance(event, AudioDelta) and turn not in self.cut:
            self.voiced.add(turn)
        if isinstance(event, TurnEnded):
            self.ends.append(turn)
        self.paced.push(event, self.now)
        if self.dice.random() < 0.1:
            assert self.paced.cut(self.now) == bool(self.voiced)
            self.cut |= self.voiced
            self.voiced.clear()
        for given in taken(self.paced, self.now):
            self.check(given)

    def check(self, given: Event) -> None:
        match given:
            case AudioDelta() | Transcript():
                assert given.message_id not in self.cut
            case TurnStarted():
                self.started.append(given.turn_id)
            case TurnEnded():
                over = self.ends.pop(0)
                self.voiced.discard(over)
                self.outcomes.append((over, given.outcome))
            case _:
                pytest.fail(f"{given} was not pushed")


@pytest.mark.parametrize("seed", range(50))
def test_whatever_happens_order_is_kept_and_nothing_follows_a_cut(seed: int) -> None:
    trial = Trial(seed)
    turns = [f"t{number}" for number in range(30)]
    for turn in turns:
        trial.push(turn, TurnStarted(turn))
        for step in range(trial.dice.randrange(8)):
            trial.push(turn, sound(turn, trial.dice.random() * 0.5))
            trial.push(turn, Transcript(turn, "assistant", str(step)))
        trial.push(turn, TurnEnded())
    assert trial.started == turns[: len(trial.started)]
    assert trial.outcomes == [
        (turn, "cancelled" if turn in trial.cut else "completed")
        for turn in turns[: len(trial.outcomes)]
    ]
    assert len(trial.outcomes) in {len(trial.started) - 1, len(trial.started)}
    assert trial.outcomes
