"""What clients of the Strands sample are told."""

from typing import Any

import pytest

from protocols.contract.errors import ModelFailed
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    SpeechStarted,
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
from protocols.websocket.dialects.strands_output import StrandsWriter
from tests.protocols.websocket.dialects.conversing import Told


class Client(Told):
    """The writer behind the native dialogue, as on a wire."""

    def __init__(self) -> None:
        super().__init__(StrandsWriter())
        self.open()
        self.take()


def transcript(text: str, role: str, *, final: bool) -> dict[str, Any]:
    return {
        "type": "bidi_transcript_stream",
        "delta": {"text": text},
        "text": text,
        "role": role,
        "is_final": final,
        "current_transcript": text if final else None,
    }


COMPLETE = {"type": "bidi_response_complete", "response_id": "r"}


def test_the_session_greets() -> None:
    client = Told(StrandsWriter())
    client.open()
    ready, start = client.take()
    assert ready["type"] == "system"
    assert start == {"type": "bidi_connection_start", "connection_id": "s", "model": "scripted"}


def test_a_spoken_turn_is_words_sound_and_words() -> None:
    client = Client()
    client.events(
        TurnStarted("r"),
        Transcript("u", "user", "how "),
        Transcript("u", "user", "many?", final=True),
        Transcript("a", "assistant", "It is "),
        Transcript("a", "assistant", "714."),
        AudioDelta("a", b"\1\2"),
        Transcript("a", "assistant", " Indeed.", final=True),
        UsageReported(3, 4, 7),
        TurnEnded(),
    )
    assert client.take() == [
        {"type": "bidi_response_start", "response_id": "r"},
        transcript("how many?", "user", final=True),
        transcript("It is 714.", "assistant", final=False),
        {
            "type": "bidi_audio_stream",
            "audio": "AQI=",
            "format": "pcm",
            "sample_rate": 24000,
            "channels": 1,
        },
        transcript(" Indeed.", "assistant", final=False),
        transcript("It is 714. Indeed.", "assistant", final=True),
        {"type": "bidi_usage", "inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        COMPLETE | {"stop_reason": "complete"},
    ]


def test_a_tool_call_is_told_whole_and_so_is_its_result() -> None:
    client = Client()
    client.events(
        TurnStarted("r"),
        ToolStarted("a", "c", "calculator"),
        ToolArguments("c", '{"expression":'),
        ToolArguments("c", '"6*7"}'),
        ToolRequested("c"),
        ToolFinished("c", (Text("42"),)),
        ToolStarted("a", "d", "bad"),
        ToolArguments("d", "{"),
        ToolRequested("d"),
        ToolFinished("d", (Text("no"),), error=True),
    )
    assert client.take()[1:] == [
        {
            "type": "tool_use_stream",
            "delta": {"toolUse": {"input": '{"expression":"6*7"}'}},
            "current_tool_use": {
                "toolUseId": "c",
                "name": "calculator",
                "input": {"expression": "6*7"},
            },
        },
        {
            "type": "tool_result",
            "tool_result": {"toolUseId": "c", "status": "success", "content": [{"text": "42"}]},
        },
        {
            "type": "tool_use_stream",
            "delta": {"toolUse": {"input": "{"}},
            "current_tool_use": {"toolUseId": "d", "name": "bad", "input": "{"},
        },
        {
            "type": "tool_result",
            "tool_result": {"toolUseId": "d", "status": "error", "content": [{"text": "no"}]},
        },
    ]


def test_a_barge_in_interrupts_and_the_response_ends_as_interrupted() -> None:
    client = Client()
    client.events(TurnStarted("r"), Transcript("a", "assistant", "One"), AudioDelta("a", b"\1\2"))
    client.take()
    client.events(SpeechStarted(), BargeIn(), TurnEnded("cancelled"))
    assert client.take() == [
        transcript("One", "assistant", final=False),
        transcript("One", "assistant", final=True),
        {"type": "bidi_interruption", "reason": "user_speech"},
        COMPLETE | {"stop_reason": "interrupted"},
    ]


def test_a_failed_turn_ends_with_the_error() -> None:
    client = Client()
    client.events(TurnStarted("r"), AudioDelta("a", b"\1\2"))
    client.take()
    client.outputs(client.dialogue.failed(ModelFailed("The model failed.")))
    client.outputs(client.dialogue.ended("failed"))
    assert client.take() == [
        {"type": "bidi_interruption", "reason": "error"},
        {
            "type": "bidi_error",
            "message": "The model failed.",
            "code": "AGENT_ERROR",
            "details": None,
        },
        COMPLETE | {"stop_reason": "error"},
        {"type": "error", "message": "The model failed.", "code": "AGENT_ERROR"},
        {"type": "bidi_connection_close", "connection_id": "s", "reason": "error"},
    ]


def test_a_tool_of_the_client_ends_the_response_as_tool_use() -> None:
    client = Client()
    client.events(TurnStarted("r"), ToolStarted("a", "c", "show", client=True), ToolRequested("c"))
    client.events(TurnEnded(stop_reason="tool_use"))
    assert client.take()[-1] == COMPLETE | {"stop_reason": "tool_use"}


@pytest.mark.parametrize(
    ("native", "told"),
    [
        ({"type": "gateway.reconnecting"}, ("bidi_connection_restart", "timeout")),
        ({"type": "gateway.end", "reason": "stopped"}, ("bidi_connection_close", "client_request")),
        ({"type": "gateway.end", "reason": "ended"}, ("bidi_connection_close", "complete")),
        ({"type": "gateway.end", "reason": "draining"}, ("bidi_connection_close", "complete")),
    ],
)
def test_the_life_of_the_connection_is_told(native: Any, told: tuple[str, str]) -> None:
    client = Client()
    [event] = client.writer.say(native)
    assert event == {"type": told[0], "connection_id": "s", "reason": told[1]}


def test_a_shutdown_is_announced_in_words() -> None:
    [event] = Client().writer.say({"type": "gateway.draining"})
    assert event["type"] == "system"


def test_what_never_began_does_not_close() -> None:
    assert StrandsWriter().say({"type": "gateway.end", "reason": "failed"}) == []


@pytest.mark.parametrize("kind", ["gateway.state", "gateway.speech", "gateway.latency", "RAW"])
def test_what_the_vocabulary_has_no_word_for_is_left_out(kind: str) -> None:
    assert Client().writer.say({"type": kind}) == []


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_long_transcript_is_told_in_several(role: Any) -> None:
    text = "A sentence of words. " * 1000
    client = Client()
    client.events(TurnStarted("r"), Transcript("a", role, text[:9000]))
    client.events(Transcript("a", role, text[9000:], final=True), TurnEnded())
    finals = [e["text"] for e in client.take() if e.get("is_final")]
    assert "".join(finals) == text
    assert len(finals) > 2
    if role == "assistant":
        assert max(map(len, finals)) <= 4000


def test_text_that_belongs_to_no_message_is_left_out() -> None:
    writer = Client().writer
    assert writer.say({"type": "TEXT_MESSAGE_CONTENT", "messageId": "x", "delta": "y"}) == []
    assert writer.say({"type": "TEXT_MESSAGE_END", "messageId": "x"}) == []


def test_written_answers_are_told_as_transcripts() -> None:
    client = Client()
    events: list[Event] = [TurnStarted("r"), TextDelta("a", "Yes."), TurnEnded()]
    client.events(*events)
    assert [e.get("text") for e in client.take()] == [None, "Yes.", "Yes.", None]


def test_what_subagents_do_is_left_out() -> None:
    writer = StrandsWriter()
    theirs = {"toolCallId": "s/1", "subagentRunId": "s"}
    started = {"type": "TOOL_CALL_START", "toolCallName": "look"}
    assert writer.say(started | theirs) == []
    assert writer.say({"type": "TOOL_CALL_END"} | theirs) == []
