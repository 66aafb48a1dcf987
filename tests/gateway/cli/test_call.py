import pytest

from gateway.cli.answer import Question
from gateway.cli.call import Call
from gateway.cli.failures import CommandFailed
from gateway.cli.received import (
    ConversationEnded,
    Received,
    RunFailed,
    RunFinished,
    RunStarted,
    TextAdded,
    TextStarted,
)

RATE = 16_000
LOUD = b"\x00\x20" * 320
QUESTION = Question(bytes(32_000), 16_000, 0.4, b"")
TURN = (RunStarted("t", "r"), TextStarted("a"), TextAdded("a", "Hi"), RunFinished())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def call(clock: Clock) -> Call:
    return Call(QUESTION, clock)


def hear(call: Call, *events: Received) -> None:
    for event in events:
        call.hear(event)


def test_latencies_count_from_the_beginning_or_from_where_the_user_fell_silent(
    call: Call, clock: Clock
) -> None:
    clock.now = 101.0
    call.mark("connected")
    call.start_speaking()
    clock.now = 101.1
    call.hear_sound(bytes(640), RATE)
    clock.now = 101.2
    call.hear_sound(LOUD, RATE)
    clock.now = 102.0
    call.hear_sound(LOUD, RATE)
    clock.now = 104.0
    call.hear_sound(LOUD, RATE)
    hear(call, *TURN)
    assert call.is_over()
    answer = call.answer(b"", 24_000)
    assert {name: round(seconds, 3) for name, seconds in answer.latencies} == {
        "connected": 1.0,
        "first audio": 1.2,
        "user stop to first audio": 0.6,
        "end to end": 4.0,
    }


def test_speech_counts_from_when_it_is_played(call: Call) -> None:
    call.start_speaking()
    call.hear_sound(bytes(1_280) + LOUD, RATE, waiting_seconds=1.0)
    assert dict(call.answer(b"", 1).latencies) == {
        "first audio": pytest.approx(1.04),
        "user stop to first audio": pytest.approx(0.64),
    }


def test_sound_before_the_question_is_no_answer_to_it(call: Call) -> None:
    call.hear_sound(LOUD, RATE)
    assert dict(call.answer(b"", 1).latencies).keys() == {"first audio"}


def test_it_is_over_when_the_answer_is_complete(call: Call, clock: Clock) -> None:
    assert not call.is_over()
    call.start_speaking()
    hear(call, *TURN)
    assert not call.is_over()
    clock.now += 10
    assert call.is_over()


def test_silence_for_an_answer_is_a_failure(call: Call, clock: Clock) -> None:
    call.start_speaking()
    clock.now += 60
    with pytest.raises(CommandFailed, match=r"^no answer \(nothing was understood\)$"):
        call.is_over()


def test_a_run_that_does_not_end_is_a_failure(call: Call, clock: Clock) -> None:
    call.start_speaking()
    hear(call, *TURN[:-1])
    clock.now += 120
    with pytest.raises(CommandFailed, match="did not come to its end"):
        call.is_over()


def test_what_the_gateway_says_went_wrong_is_raised(call: Call) -> None:
    call.raise_failure()
    hear(call, ConversationEnded("draining"))
    with pytest.raises(CommandFailed, match="ended the call: draining"):
        call.is_over()
    hear(call, RunFailed("The model failed.", "AGENT_ERROR"))
    with pytest.raises(CommandFailed, match=r"^The model failed\. \(AGENT_ERROR\)$"):
        call.is_over()
