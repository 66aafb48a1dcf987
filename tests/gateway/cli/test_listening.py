import pytest

from gateway.cli.listening import (
    MORE_SPEECH_SECONDS,
    PATIENCE_SECONDS,
    RUN_PATIENCE_SECONDS,
    Listener,
    ToolUse,
)
from gateway.cli.received import (
    AudioStarted,
    ConversationEnded,
    GatewayFailed,
    LatencyReported,
    Outcome,
    Received,
    RunFailed,
    RunFinished,
    RunStarted,
    SessionOpened,
    SpeechChanged,
    TextAdded,
    TextStarted,
    ToolCallArguments,
    ToolCallResult,
    ToolCallStarted,
)

QUESTION = (TextStarted("u", "user"), TextAdded("u", " What is 42 times 17?"))
ANSWER = (TextStarted("a"), TextAdded("a", "It is "), TextAdded("a", "714. "))
TURN = (RunStarted("t", "r"), *QUESTION, *ANSWER, RunFinished())


def listener_of(*events: Received, at: float = 0.0) -> Listener:
    listener = Listener()
    for event in events:
        listener.hear(event, at)
    return listener


def test_what_was_said_is_gathered() -> None:
    listener = listener_of(
        SessionOpened("s", "offline"),
        RunStarted("t", "r"),
        *QUESTION,
        ToolCallStarted("c", "calculator"),
        ToolCallArguments("c", '{"expression": '),
        ToolCallArguments("c", '"42*17"}'),
        ToolCallResult("m", "c", "714"),
        AudioStarted("a"),
        *ANSWER,
        TextStarted("b"),
        TextAdded("b", "Anything else?"),
        LatencyReported({"aMs": 1.0}),
        LatencyReported({"bMs": 2.0}),
        RunFinished(),
    )
    assert (listener.session_id, listener.model) == ("s", "offline")
    assert listener.said("user") == "What is 42 times 17?"
    assert listener.said("assistant") == "It is 714.\nAnything else?"
    assert listener.tool_uses == {"c": ToolUse("calculator", '{"expression": "42*17"}', "-> 714")}
    assert listener.figures == {"aMs": 1.0, "bMs": 2.0}


def test_pieces_of_the_unknown_are_skipped() -> None:
    listener = listener_of(
        TextAdded("?", "x"), ToolCallArguments("?", "x"), ToolCallResult("m", "?", "x")
    )
    assert (listener.said("assistant"), listener.tool_uses) == ("", {})


def test_an_answer_is_complete_when_its_run_is_over_and_no_more_speech_can_follow() -> None:
    listener = listener_of(*TURN, at=5.0)
    assert listener.state(5.0, None) == "listening"
    assert listener.state(5.0, said_at=4.0) == "listening"
    assert listener.state(4.0 + MORE_SPEECH_SECONDS, said_at=4.0) == "answered"


def test_an_open_run_is_waited_for() -> None:
    listener = listener_of(*TURN[:-1], at=5.0)
    assert listener.state(5.0 + RUN_PATIENCE_SECONDS, said_at=1.0) == "listening"
    assert listener.state(5.1 + RUN_PATIENCE_SECONDS, said_at=1.0) == "stalled"


@pytest.mark.parametrize(
    "events",
    [
        (),
        (SpeechChanged("started"), SpeechChanged("stopped")),
        (RunStarted("t", "r"), *QUESTION, RunFinished(Outcome("cancelled"))),
        (RunStarted("t", "r"), *QUESTION, RunFinished()),
    ],
)
def test_without_an_answer_patience_ends(events: tuple[Received, ...]) -> None:
    listener = listener_of(*events, at=3.0)
    assert listener.state(4.0 + PATIENCE_SECONDS, said_at=4.0) == "listening"
    assert listener.state(4.1 + PATIENCE_SECONDS, said_at=4.0) == "not understood"


def test_while_the_user_is_heard_the_answer_is_not_complete() -> None:
    listener = listener_of(*TURN, SpeechChanged("started"), at=5.0)
    assert listener.state(9.0, said_at=5.0) == "listening"
    listener.hear(SpeechChanged("stopped"), 9.0)
    assert listener.state(9.0, said_at=5.0) == "answered"


def test_failures_and_the_end_of_the_call_are_kept() -> None:
    assert str(listener_of(RunStarted("t", "r"), RunFailed("m", "C")).failure) == "m (C)"
    assert str(listener_of(GatewayFailed("e", "C")).failure) == "e (C)"
    assert listener_of(ConversationEnded("idle")).ended_reason == "idle"


def test_figures_of_the_connection_are_no_answer_to_wait_for() -> None:
    listener = listener_of(at=3.0)
    listener.hear(LatencyReported({"roundTripMs": 1.0}), 4.0 + PATIENCE_SECONDS)
    assert listener.state(4.1 + PATIENCE_SECONDS, said_at=4.0) == "not understood"
