import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import baggage, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from observability.correlation import session_id
from observability.recording import recorder
from observability.turns import observe_turn

TURN = {"protocol": "agui", "session_id": "s1", "model": "bedrock/us.anthropic.claude-sonnet-5"}
SPOKEN = {"protocol": "http", "session_id": "s2", "model": "cascade"}


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return dict(span.attributes or {})


def test_a_turn_is_one_span_with_session_protocol_model_and_outcome(recorded: Any) -> None:
    with observe_turn(**TURN):
        pass
    span = recorded.span("gateway.turn")
    assert attributes(span) == {
        "session.id": "s1",
        "gateway.protocol": "agui",
        "gen_ai.request.model": "bedrock/us.anthropic.claude-sonnet-5",
        "gateway.outcome": "ok",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_text_turn_is_timed_from_its_start_to_first_token_and_end(recorded: Any) -> None:
    with observe_turn(**TURN) as turn:
        recorded.pass_seconds(0.5)
        turn.first_token()
        recorded.pass_seconds(1)
        turn.first_token()
        turn.usage(input_tokens=10, output_tokens=4, cache_read_tokens=3)
        turn.usage(input_tokens=5, output_tokens=0)
        turn.ended("completed")
        recorded.pass_seconds(9)
    assert recorded.metrics() == {
        "gateway.sessions.active": {("agui",): 0},
        "gateway.turn.time_to_first_token": {("agui", "claude"): 0.5},
        "gateway.turn.duration": {("agui", "claude"): 1.5},
        "gateway.turns": {("agui", "claude", "ok"): 1},
        "gateway.gen_ai.tokens": {
            ("agui", "claude", "input"): 15,
            ("agui", "claude", "output"): 4,
            ("agui", "claude", "cache_read"): 3,
        },
    }
    tokens = {k: v for k, v in attributes(recorded.span("gateway.turn")).items() if "tokens" in k}
    assert tokens == {
        "gateway.tokens.input": 15,
        "gateway.tokens.output": 4,
        "gateway.tokens.cache_read": 3,
    }


def test_a_spoken_turn_is_timed_from_the_moment_the_user_fell_silent(recorded: Any) -> None:
    with observe_turn(**SPOKEN) as turn:
        recorded.pass_seconds(2)
        turn.user_stopped(silence_seconds=0.4)
        recorded.pass_seconds(0.6)
        turn.first_audio()
        turn.first_audio()
        recorded.pass_seconds(1)
    metrics = recorded.metrics()
    assert metrics["gateway.turn.time_to_first_audio"] == {("http", "cascade"): 1.0}
    assert metrics["gateway.voice.user_stop_to_bot_audio"] == {("http", "cascade"): 1.0}
    assert metrics["gateway.turn.duration"] == {("http", "cascade"): 2.0}


def test_audio_without_a_spoken_question_is_no_sample_of_the_voice_latency(recorded: Any) -> None:
    with observe_turn(**SPOKEN) as turn:
        turn.first_audio()
    assert "gateway.voice.user_stop_to_bot_audio" not in recorded.metrics()


def test_a_barge_in_is_counted_and_marked_on_the_span(recorded: Any) -> None:
    with observe_turn(**SPOKEN) as turn:
        turn.barge_in()
        turn.ended("cancelled")
    assert recorded.metrics()["gateway.voice.barge_ins"] == {("http",): 1}
    assert [event.name for event in recorded.span("gateway.turn").events] == ["gateway.barge_in"]


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [
        (ValueError("a secret"), "server_error", StatusCode.ERROR),
        (TimeoutError("a secret"), "timeout", StatusCode.ERROR),
        (asyncio.CancelledError("a secret"), "cancelled", StatusCode.UNSET),
    ],
)
def test_an_exception_that_leaves_the_block_decides_the_outcome_but_shows_no_text(
    recorded: Any, error: BaseException, outcome: str, status: StatusCode
) -> None:
    with pytest.raises(type(error)), observe_turn(**TURN):
        raise error
    span = recorded.span("gateway.turn")
    assert recorded.metrics()["gateway.turns"] == {("agui", "claude", outcome): 1}
    assert "gateway.turn.duration" not in recorded.metrics()
    assert attributes(span)["error.type"] == type(error).__qualname__
    assert (span.status.status_code, span.status.description) == (status, None)
    assert "a secret" not in span.to_json()


def test_the_outcome_that_was_said_first_stays(recorded: Any) -> None:
    with pytest.raises(ValueError, match="late"), observe_turn(**TURN) as turn:
        turn.ended("client_error")
        turn.ended("ok")
        raise ValueError("late")
    assert recorded.metrics()["gateway.turns"] == {("agui", "claude", "client_error"): 1}


async def test_spans_of_tasks_made_in_a_turn_are_under_it_and_carry_its_session(
    recorded: Any,
) -> None:
    tracer = recorded.tracer_provider.get_tracer("strands.telemetry.tracer")

    async def call_the_model() -> None:
        with tracer.start_as_current_span("chat"):
            await asyncio.sleep(0)

    with observe_turn(**TURN):
        await asyncio.create_task(call_the_model())
    turn, chat = recorded.span("gateway.turn"), recorded.span("chat")
    assert chat.parent.span_id == turn.context.span_id
    assert chat.context.trace_id == turn.context.trace_id
    assert chat.attributes["session.id"] == "s1"


def test_the_enclosing_span_of_the_request_learns_the_session(recorded: Any) -> None:
    tracer = recorded.tracer_provider.get_tracer("asgi")
    with tracer.start_as_current_span("POST /invocations"), observe_turn(**TURN):
        pass
    request, turn = recorded.span("POST /invocations"), recorded.span("gateway.turn")
    assert request.attributes["session.id"] == "s1"
    assert turn.parent.span_id == request.context.span_id


def test_after_the_turn_nothing_of_it_is_current(recorded: Any) -> None:
    with observe_turn(**TURN):
        assert (session_id(), baggage.get_baggage("session.id")) == ("s1", "s1")
        assert recorded.metrics()["gateway.sessions.active"] == {("agui",): 1}
    assert (session_id(), baggage.get_baggage("session.id")) == ("", None)
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert recorded.metrics()["gateway.sessions.active"] == {("agui",): 0}


def test_turns_at_once_do_not_see_each_other(recorded: Any) -> None:
    async def turn(name: str) -> str:
        with observe_turn(protocol="http", session_id=name, model="offline"):
            await asyncio.sleep(0)
            with recorded.tracer_provider.get_tracer("t").start_as_current_span(f"chat {name}"):
                await asyncio.sleep(0)
            return session_id()

    async def twenty() -> list[str]:
        return await asyncio.gather(*(turn(f"s{number}") for number in range(20)))

    assert asyncio.run(twenty()) == [f"s{number}" for number in range(20)]
    chats = {s.name: s.attributes["session.id"] for s in recorded.spans() if "chat" in s.name}
    assert chats == {f"chat s{number}": f"s{number}" for number in range(20)}


def test_when_telemetry_is_off_a_turn_is_only_known_to_the_log() -> None:
    assert recorder() is None
    with observe_turn(**TURN) as turn:
        turn.first_token()
        turn.first_audio()
        turn.user_stopped(0.3)
        turn.barge_in()
        turn.usage(input_tokens=1, output_tokens=1)
        turn.ended("ok")
        assert session_id() == "s1"
        assert baggage.get_baggage("session.id") is None
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert session_id() == ""
