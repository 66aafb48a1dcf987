"""What the client is told: whole conversations in, whole lists of messages out."""

from typing import Any

from protocols.contract.errors import InvalidInput, ModelFailed
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    ModelReconnecting,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from protocols.contract.inputs import Text
from protocols.live.dialogue import (
    Drop,
    Finish,
    Output,
    Play,
    Say,
)
from tests.protocols.live.dialogues import dialogue, documents, told
from tests.protocols.ordering import check_order, without_gateway


def short(outputs: list[Output]) -> list[Any]:
    """Each output without its number, sound and signs as words."""
    seen: list[Any] = []
    for output in outputs:
        match output:
            case Say(document):
                bare = {key: v for key, v in document.items() if key not in {"seq", "metadata"}}
                seen.append(bare)
            case Play(pcm):
                seen.append(pcm)
            case Finish() | Drop():
                seen.append(type(output).__name__)
    return seen


def test_the_greeting_names_session_model_and_rates() -> None:
    greeting = dialogue().opened(model="m", input_sample_rate=16000, output_sample_rate=24000)
    assert documents(greeting) == [
        {
            "type": "gateway.session",
            "sessionId": "s",
            "model": "m",
            "inputSampleRate": 16000,
            "outputSampleRate": 24000,
            "seq": 1,
        },
        {"type": "gateway.state", "state": "listening", "seq": 2},
    ]


def test_the_greeting_of_a_written_session_leaves_the_rates_out() -> None:
    assert documents(dialogue().opened())[0] == {
        "type": "gateway.session",
        "sessionId": "s",
        "seq": 1,
    }


def test_a_model_that_is_connected_to_again_is_told_beside_the_run() -> None:
    made = dialogue()
    told(made, TurnStarted("t1"))
    [told_of] = short(told(made, ModelReconnecting()))
    assert told_of == {"type": "gateway.reconnecting"}
    assert made.is_in_run


def test_a_spoken_turn_is_one_run_with_audio_beside_it() -> None:
    made = dialogue()
    made.opened()
    outputs = [
        *told(made, SpeechStarted(), now=1.0),
        *told(made, SpeechStopped(0.5), now=3.0),
        *told(made, TurnStarted("t1"), Transcript("u", "user", "hi", final=True), now=3.1),
        *told(made, AudioDelta("m", b"ab"), now=3.4),
        *told(made, Transcript("m", "assistant", "hello"), AudioDelta("m", b"cd"), now=3.5),
        *told(made, Transcript("m", "assistant", "", final=True), UsageReported(3, 4, 7), now=4.0),
        *told(made, TurnEnded(), now=4.5),
    ]
    assert short(outputs) == [
        {"type": "gateway.speech", "state": "started"},
        {"type": "gateway.speech", "state": "stopped"},
        {"type": "RUN_STARTED", "threadId": "s", "runId": "t1", "protocolVersion": "1.0"},
        {"type": "gateway.state", "state": "thinking"},
        {"type": "TEXT_MESSAGE_START", "messageId": "u", "role": "user"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "u", "delta": "hi"},
        {"type": "TEXT_MESSAGE_END", "messageId": "u"},
        {"type": "gateway.audio.start", "messageId": "m"},
        b"ab",
        {
            "type": "gateway.latency",
            "runId": "t1",
            "userStopToAudioMs": 900,
            "timeToFirstTokenMs": 400,
        },
        {"type": "gateway.state", "state": "speaking"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "hello"},
        b"cd",
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        "Finish",
        {"type": "gateway.audio.stop", "messageId": "m"},
        {
            "type": "RUN_FINISHED",
            "threadId": "s",
            "runId": "t1",
            "outcome": {"type": "success"},
            "usage": [{"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}],
        },
        {"type": "gateway.state", "state": "listening"},
    ]
    check_order(without_gateway(documents(outputs)))


def test_everything_said_is_numbered_without_a_gap() -> None:
    made = dialogue()
    outputs = made.opened() + told(
        made,
        TurnStarted("t"),
        AudioDelta("m", b"ab"),
        ToolStarted("m", "c", "add"),
        ToolFinished("c", (Text("no"),), error=True),
        TurnEnded(),
    )
    numbers = [
        document["seq"] if "seq" in document else document["metadata"]["gateway"]["seq"]
        for document in documents(outputs)
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    result = next(d for d in documents(outputs) if d["type"] == "TOOL_CALL_RESULT")
    assert result["metadata"]["gateway"]["error"] is True


def test_a_barge_in_closes_the_message_and_then_flushes_it() -> None:
    made = dialogue()
    told(
        made,
        TurnStarted("t"),
        AudioDelta("m", b"ab"),
        Transcript("m", "assistant", "I was"),
        SpeechStarted(),
    )
    outputs = told(made, BargeIn(), TurnEnded("cancelled", "interrupted"))
    assert short(outputs) == [
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        "Drop",
        {"type": "gateway.audio.flush", "messageId": "m", "reason": "barge_in"},
        {"type": "gateway.state", "state": "listening"},
        {
            "type": "RUN_FINISHED",
            "threadId": "s",
            "runId": "t",
            "outcome": {"type": "cancelled"},
        },
    ]


def test_two_barge_ins_flush_once_and_one_without_voice_flushes_nothing() -> None:
    made = dialogue()
    made.opened()
    assert told(made, BargeIn()) == []
    told(made, TurnStarted("t"), AudioDelta("m", b"ab"))
    first, second = told(made, BargeIn()), told(made, BargeIn())
    assert "Drop" in short(first)
    assert second == []


def test_a_cancel_flushes_with_its_reason() -> None:
    made = dialogue()
    told(made, TurnStarted("t"), AudioDelta("m", b"ab"))
    assert short(made.cut("cancelled")) == [
        "Drop",
        {"type": "gateway.audio.flush", "messageId": "m", "reason": "cancelled"},
        {"type": "gateway.state", "state": "thinking"},
    ]


def test_the_next_message_stops_the_audio_of_the_one_before() -> None:
    made = dialogue()
    told(made, TurnStarted("t"), AudioDelta("m", b"ab"))
    assert short(told(made, AudioDelta("n", b"cd"))) == [
        "Finish",
        {"type": "gateway.audio.stop", "messageId": "m"},
        {"type": "gateway.audio.start", "messageId": "n"},
        b"cd",
    ]


def test_a_tool_that_runs_is_thinking_and_the_voice_after_it_speaking() -> None:
    made = dialogue()
    told(made, TurnStarted("t"), AudioDelta("m", b"ab"))
    outputs = told(
        made,
        ToolStarted("m", "c", "add"),
        ToolArguments("c", "{}"),
        ToolRequested("c"),
        ToolFinished("c", (Text("2"),)),
        AudioDelta("m", b"cd"),
    )
    assert short(outputs) == [
        {
            "type": "TOOL_CALL_START",
            "toolCallId": "c",
            "toolCallName": "add",
            "parentMessageId": "m",
        },
        {"type": "gateway.state", "state": "thinking"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{}"},
        {"type": "TOOL_CALL_END", "toolCallId": "c"},
        {
            "type": "TOOL_CALL_RESULT",
            "toolCallId": "c",
            "messageId": "id1",
            "content": "2",
            "role": "tool",
        },
        b"cd",
        {"type": "gateway.state", "state": "speaking"},
    ]


def test_latency_of_a_written_turn_is_its_first_token() -> None:
    made = dialogue()
    made.asked(10.0)
    told(made, TurnStarted("t"), now=10.1)
    told(made, ReasoningDelta("m", "hm"), now=10.25)
    told(made, TextDelta("m", "yes"), now=10.5)
    outputs = short(told(made, TurnEnded(), now=11.0))
    assert outputs[0] == {"type": "gateway.latency", "runId": "t", "timeToFirstTokenMs": 250}


def test_a_turn_without_a_word_has_no_latency() -> None:
    made = dialogue()
    told(made, TurnStarted("t"))
    kinds = [d["type"] for d in documents(told(made, TurnEnded()))]
    assert kinds == ["RUN_FINISHED", "gateway.state"]


def test_what_comes_late_is_told_in_the_next_run() -> None:
    made = dialogue()
    made.opened()
    late = Transcript("u", "user", "late", final=True)
    assert told(made, late, UsageReported(1, 1, 2)) == []
    kinds = [d["type"] for d in documents(told(made, TurnStarted("t")))]
    assert kinds == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "gateway.state",
    ]


def test_a_turn_that_starts_in_a_turn_ends_it() -> None:
    made = dialogue()
    outputs = told(made, TurnStarted("t"), TextDelta("m", "x"), TurnStarted("u"), TurnEnded())
    check_order(without_gateway(documents(outputs)))


def test_the_end_of_no_turn_says_nothing() -> None:
    made = dialogue()
    made.opened()
    assert told(made, TurnEnded()) == []


def test_a_failure_ends_the_run_and_tells_a_safe_text() -> None:
    made = dialogue()
    told(made, TurnStarted("t"), AudioDelta("m", b"ab"))
    outputs = made.failed(ModelFailed("The model did not answer. Try again."))
    assert short(outputs) == [
        "Drop",
        {"type": "gateway.audio.flush", "messageId": "m", "reason": "failed"},
        {
            "type": "RUN_ERROR",
            "message": "The model did not answer. Try again.",
            "code": "AGENT_ERROR",
        },
        {
            "type": "gateway.error",
            "error": "The model did not answer. Try again.",
            "code": "AGENT_ERROR",
            "retryable": True,
        },
        {"type": "gateway.state", "state": "listening"},
    ]
    assert not made.is_in_run
    assert "secret" not in str(made.failed(RuntimeError("secret")))


def test_a_refusal_leaves_the_run_alone() -> None:
    made = dialogue()
    told(made, TurnStarted("t"))
    assert short(made.refused(InvalidInput("No. Do it so."))) == [
        {
            "type": "gateway.error",
            "error": "No. Do it so.",
            "code": "VALIDATION_ERROR",
            "retryable": False,
        }
    ]
    assert made.is_in_run


def test_the_goodbye_closes_what_is_open() -> None:
    made = dialogue()
    outputs = told(made, TurnStarted("t"), AudioDelta("m", b"ab"), TextDelta("m", "x"))
    outputs += made.draining() + made.ended("stopped")
    assert [d["type"] for d in documents(outputs)][-5:] == [
        "gateway.draining",
        "gateway.audio.flush",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
        "gateway.end",
    ]
    assert documents(outputs)[-1]["reason"] == "stopped"
    check_order(without_gateway(documents(outputs)))


def test_how_the_connection_does_is_told_apart_from_runs() -> None:
    assert dialogue().measured({"roundTripMs": 3.0}) == [
        Say({"type": "gateway.latency", "roundTripMs": 3.0, "seq": 1})
    ]


def test_a_new_offer_is_asked_for_in_whole_seconds() -> None:
    assert dialogue().reoffer(59.9) == [
        Say({"type": "gateway.reoffer", "reason": "credentials", "seconds": 59, "seq": 1})
    ]
