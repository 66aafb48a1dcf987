import asyncio
from typing import Any

import pytest
from opentelemetry import trace

from observability.conversations import observe_conversation
from observability.correlation import session_id

CALL = {"protocol": "webrtc", "session_id": "s1", "model": "amazon.nova-2-sonic-v1:0"}
LABELS = ("webrtc", "nova-sonic")


async def test_turns_are_children_of_the_conversation_even_if_another_task_ends_them(
    recorded: Any,
) -> None:
    with observe_conversation(**CALL) as conversation:
        turn = conversation.turn("t1")
        inside = trace.get_current_span().get_span_context().span_id

        async def end_it() -> None:
            turn.ended("completed")

        await asyncio.create_task(end_it())
        conversation.turn("t2").ended("cancelled")
    whole = recorded.span("gateway.conversation")
    assert inside == whole.context.span_id
    assert [
        (s.attributes["gateway.turn.id"], s.parent.span_id, s.attributes["gateway.outcome"])
        for s in recorded.spans()
        if s.name == "gateway.turn"
    ] == [("t1", whole.context.span_id, "ok"), ("t2", whole.context.span_id, "cancelled")]
    assert {s.attributes["session.id"] for s in recorded.spans()} == {"s1"}
    assert {s.context.trace_id for s in recorded.spans()} == {whole.context.trace_id}


def test_spans_made_in_the_conversation_are_under_it_and_not_under_a_turn(recorded: Any) -> None:
    tracer = recorded.tracer_provider.get_tracer("strands.telemetry.tracer")
    with observe_conversation(**CALL) as conversation:
        conversation.turn("t1")
        tracer.start_span("bidi_session").end()
    bidi, whole = recorded.span("bidi_session"), recorded.span("gateway.conversation")
    assert bidi.parent.span_id == whole.context.span_id
    assert bidi.attributes["session.id"] == "s1"


def test_each_reply_is_timed_from_the_users_last_stop_before_it(recorded: Any) -> None:
    with observe_conversation(**CALL) as conversation:
        conversation.user_stopped(silence_seconds=0.5)
        recorded.pass_seconds(0.25)
        turn = conversation.turn("t1")
        recorded.pass_seconds(0.25)
        turn.first_token()
        recorded.pass_seconds(1)
        turn.first_audio()
        recorded.pass_seconds(1)
        conversation.user_stopped()  # spoke over the end of the reply: counts for the next one
        turn.ended("ok")
    metrics = recorded.metrics()
    assert metrics["gateway.turn.time_to_first_token"] == {LABELS: 1.0}
    assert metrics["gateway.turn.time_to_first_audio"] == {LABELS: 2.0}
    assert metrics["gateway.voice.user_stop_to_bot_audio"] == {LABELS: 2.0}
    assert metrics["gateway.turn.duration"] == {LABELS: 3.0}


def test_a_stop_times_one_reply_and_not_the_next(recorded: Any) -> None:
    with observe_conversation(**CALL) as conversation:
        conversation.user_stopped()
        recorded.pass_seconds(1)
        conversation.turn("spoken").first_audio()
        recorded.pass_seconds(1)
        conversation.turn("typed").first_audio()
    metrics = recorded.metrics()
    assert metrics["gateway.voice.user_stop_to_bot_audio"] == {LABELS: 1.0}
    assert metrics["gateway.turn.time_to_first_audio"] == {LABELS: 1.0}
    typed = [s for s in recorded.spans() if (s.attributes or {}).get("gateway.turn.id") == "typed"]
    assert typed[0].attributes["gateway.turn.time_to_first_audio"] == 0.0


def test_a_stop_told_to_the_turn_itself_is_used(recorded: Any) -> None:
    with observe_conversation(**CALL) as conversation:
        turn = conversation.turn("t1")
        turn.user_stopped(silence_seconds=0.5)
        recorded.pass_seconds(0.5)
        turn.first_audio()
    assert recorded.metrics()["gateway.voice.user_stop_to_bot_audio"] == {LABELS: 1.0}


def test_the_whole_conversation_is_counted_timed_and_its_tokens_summed(recorded: Any) -> None:
    with observe_conversation(**CALL) as conversation:
        conversation.usage(input_tokens=7, output_tokens=0)
        conversation.turn("t1")
        conversation.usage(input_tokens=10, output_tokens=3, cache_write_tokens=2)
        conversation.barge_in()
        conversation.turn("t2").usage(input_tokens=1, output_tokens=1)
        recorded.pass_seconds(30)
        assert recorded.metrics()["gateway.sessions.active"] == {("webrtc",): 1}
        conversation.turn("t3").ended()
        conversation.barge_in()
    metrics = recorded.metrics()
    assert metrics["gateway.sessions.active"] == {("webrtc",): 0}
    assert metrics["gateway.sessions.opened"] == {("webrtc",): 1}
    assert metrics["gateway.session.duration"] == {("webrtc", "ok"): 30}
    assert metrics["gateway.session.tokens"] == {
        ("webrtc", "input"): 18,
        ("webrtc", "output"): 4,
        ("webrtc", "cache_write"): 2,
    }
    assert metrics["gateway.gen_ai.tokens"] == {
        (*LABELS, "input"): 18,
        (*LABELS, "output"): 4,
        (*LABELS, "cache_write"): 2,
    }
    assert metrics["gateway.voice.barge_ins"] == {("webrtc",): 2}
    assert metrics["gateway.turns"] == {(*LABELS, "cancelled"): 2, (*LABELS, "ok"): 1}
    whole = recorded.span("gateway.conversation")
    assert whole.attributes["gateway.tokens.input"] == 18
    assert [event.name for event in whole.events] == ["gateway.barge_in"]


def test_a_turn_that_still_runs_is_ended_before_the_conversation(recorded: Any) -> None:
    with observe_conversation(**CALL) as conversation:
        turn = conversation.turn("t1")
    turn.ended("ok")
    assert [span.name for span in recorded.spans()] == ["gateway.turn", "gateway.conversation"]
    assert recorded.metrics()["gateway.turns"] == {(*LABELS, "cancelled"): 1}


def test_an_exception_decides_how_the_conversation_ended_unless_it_was_said(recorded: Any) -> None:
    with pytest.raises(ValueError, match="inner"), observe_conversation(**CALL):
        raise ValueError("inner")
    with pytest.raises(asyncio.CancelledError), observe_conversation(**CALL) as conversation:
        conversation.ended("timeout")
        raise asyncio.CancelledError
    assert recorded.metrics()["gateway.session.duration"] == {
        ("webrtc", "server_error"): 0,
        ("webrtc", "timeout"): 0,
    }
    assert "inner" not in "".join(span.to_json() for span in recorded.spans())


def test_when_telemetry_is_off_a_conversation_is_only_known_to_the_log() -> None:
    with observe_conversation(**CALL) as conversation:
        conversation.turn("t1").first_audio()
        conversation.user_stopped(0.2)
        conversation.barge_in()
        conversation.usage(input_tokens=1, output_tokens=1)
        conversation.ended("ok")
        assert session_id() == "s1"
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert session_id() == ""
