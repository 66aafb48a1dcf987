"""Strands events to contract events: events in, values out."""

from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.agents.translation import LiveTranslation, TextTranslation, usage_reported
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Cited,
    Event,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    StatePredicted,
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
from protocols.contract.inputs import Citation, Text


def numbered() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


def through_text(
    *chunks: dict[str, Any], client_tools: tuple[str, ...] = (), **predictions: dict[str, str]
) -> list[Event]:
    translation = TextTranslation(client_tools, numbered(), predictions)
    return [event for chunk in chunks for event in translation.translate(chunk)]


def chunk(**members: Any) -> dict[str, Any]:
    return {"event": members}


def delta(**members: Any) -> dict[str, Any]:
    return chunk(contentBlockDelta={"delta": members})


def tool_start(call: str, name: str) -> dict[str, Any]:
    return chunk(contentBlockStart={"start": {"toolUse": {"toolUseId": call, "name": name}}})


def results(*calls: str, status: str = "success") -> dict[str, Any]:
    blocks = [
        {"toolResult": {"toolUseId": call, "status": status, "content": [{"text": "ok"}]}}
        for call in calls
    ]
    return {"message": {"role": "user", "content": blocks}}


def ended(stop_reason: str) -> dict[str, Any]:
    return {"result": SimpleNamespace(stop_reason=stop_reason)}


START = chunk(messageStart={"role": "assistant"})
STOP = chunk(contentBlockStop={})


def test_words_share_the_identifier_of_their_message() -> None:
    assert through_text(START, delta(text="a"), delta(text="b"), STOP, START, delta(text="c")) == [
        TextDelta("id-1", "a"),
        TextDelta("id-1", "b"),
        TextDelta("id-2", "c"),
    ]


def test_convenience_events_say_nothing_a_second_time() -> None:
    assert through_text({"data": "a", "agent": object()}, {"init_event_loop": True}) == []


def test_calls_of_one_model_turn_share_the_message_of_its_text() -> None:
    assert through_text(
        START,
        delta(text="Let me see."),
        STOP,
        tool_start("c1", "add"),
        delta(toolUse={"input": '{"a"'}),
        delta(toolUse={"input": ": 1}"}),
        STOP,
        tool_start("c2", "now"),
        STOP,
        results("c1", "c2"),
    ) == [
        TextDelta("id-1", "Let me see."),
        ToolStarted("id-1", "c1", "add"),
        ToolArguments("c1", '{"a"'),
        ToolArguments("c1", ": 1}"),
        ToolRequested("c1"),
        ToolStarted("id-1", "c2", "now"),
        ToolRequested("c2"),
        ToolFinished("c1", (Text("ok"),)),
        ToolFinished("c2", (Text("ok"),)),
    ]


def test_a_failed_tool_is_told_as_failed() -> None:
    assert through_text(results("c1", status="error")) == [
        ToolFinished("c1", (Text("ok"),), error=True)
    ]


def test_messages_of_the_assistant_are_no_results() -> None:
    assert through_text({"message": {"role": "assistant", "content": [{"text": "x"}]}}) == []


def test_a_client_tool_is_marked_and_its_placeholder_is_no_result() -> None:
    assert through_text(
        START,
        tool_start("c1", "paint"),
        STOP,
        results("c1"),
        ended("cancelled"),
        client_tools=("paint",),
    ) == [
        ToolStarted("id-1", "c1", "paint", client=True),
        ToolRequested("c1"),
        TurnEnded(stop_reason="tool_use"),
    ]


def test_reasoning_and_its_signature_come_through() -> None:
    assert through_text(
        START,
        delta(reasoningContent={"text": "hm"}),
        delta(reasoningContent={"signature": "proof"}),
        STOP,
    ) == [ReasoningDelta("id-1", "hm"), ReasoningDelta("id-1", "", "proof")]


def test_a_signature_in_pieces_is_one_and_redacted_thinking_is_sealed() -> None:
    assert through_text(
        START,
        delta(reasoningContent={"signature": "pro"}),
        delta(reasoningContent={"signature": "of"}),
        STOP,
        delta(reasoningContent={"redactedContent": b"\0\1"}),
        delta(reasoningContent={"redactedContent": b"\2"}),
        STOP,
    ) == [
        ReasoningDelta("id-1", "", "proof"),
        ReasoningDelta("id-1", "", "redacted:AAEC"),
    ]


def test_the_proof_behind_a_call_comes_with_it() -> None:
    use = {"toolUseId": "c", "name": "add", "reasoningSignature": "seal"}
    assert through_text(START, chunk(contentBlockStart={"start": {"toolUse": use}})) == [
        ToolStarted("id-1", "c", "add", signature="seal")
    ]


def test_a_citation_stands_where_the_words_end_that_rest_on_it() -> None:
    cite = {"title": "Atlas", "location": {"web": {"url": "https://a.example"}}}
    location = {"type": "web", "url": "https://a.example"}
    assert through_text(
        START,
        delta(text="The 🗼 "),
        delta(text="is"),
        delta(citation=cite),
        START,
        delta(citation={"title": "b"}),
    )[2:] == [
        Cited("id-1", Citation(9, "Atlas", location=location)),
        Cited("id-2", Citation(0, "b")),
    ]


def test_what_a_call_will_make_of_the_state_is_told_before_it() -> None:
    assert through_text(START, tool_start("c", "write"), write={"document": "text"}) == [
        StatePredicted("write", {"document": "text"}),
        ToolStarted("id-1", "c", "write"),
    ]


def test_a_delta_of_no_known_kind_is_skipped() -> None:
    assert through_text(START, delta(citation={}), chunk(messageStop={}), chunk(other={})) == []


@pytest.mark.parametrize(
    ("stop_reason", "event"),
    [
        ("end_turn", TurnEnded("completed", "end_turn")),
        ("guardrail_intervened", TurnEnded("completed", "guardrail_intervened")),
        ("cancelled", TurnEnded("cancelled", "cancelled")),
    ],
)
def test_the_end_tells_why(stop_reason: str, event: Event) -> None:
    assert through_text(ended(stop_reason)) == [event]


def test_usage_counts_the_tokens_of_the_cache_as_input() -> None:
    usage = {
        "inputTokens": 10,
        "outputTokens": 5,
        "totalTokens": 122,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 7,
    }
    assert through_text(chunk(metadata={"usage": usage})) == [UsageReported(117, 5, 122, 100, 7)]
    counted_already = {
        "inputTokens": 110,
        "outputTokens": 5,
        "totalTokens": 115,
        "cacheReadInputTokens": 100,
    }
    assert usage_reported(counted_already) == [UsageReported(110, 5, 115, 100)]
    assert usage_reported({}) == []
    assert usage_reported({"inputTokens": 1, "outputTokens": 2}) == [UsageReported(1, 2, 3)]


def live(*events: dict[str, Any]) -> list[Event]:
    translation = LiveTranslation(new_id=numbered())
    return [event for each in events for event in translation.translate(each)]


def bidi(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"bidi_{kind}", **members}


USER_SPEECH = (
    bidi("transcript_start", role="user", content_id="u"),
    bidi("transcript_delta", role="user", content_id="u", delta="what is 2+2"),
    bidi("transcript_stop", role="user", content_id="u"),
)
ANSWER = (
    bidi("response_start", response_id="r"),
    bidi("transcript_start", role="assistant", content_id="a"),
    bidi("transcript_delta", role="assistant", content_id="a", delta="It is 4."),
    bidi("audio_delta", audio="AQI=", content_id="x"),
    bidi("transcript_stop", role="assistant", content_id="a"),
    bidi("response_stop", response_id="r"),
)


def test_a_spoken_turn_begins_with_the_user_and_ends_with_the_response() -> None:
    assert live(*USER_SPEECH, *ANSWER) == [
        TurnStarted("id-2"),
        Transcript("id-3", "user", "what is 2+2"),
        Transcript("id-3", "user", "", final=True),
        Transcript("id-1", "assistant", "It is 4."),
        AudioDelta("id-1", b"\x01\x02"),
        Transcript("id-1", "assistant", "", final=True),
        TurnEnded(),
    ]


def test_a_response_that_waits_for_a_tool_does_not_end_the_turn() -> None:
    uses = [{"toolUseId": "c1", "name": "add", "input": {"a": "é"}}]
    assert live(
        bidi("response_start", response_id="r"),
        bidi("tool_use_blocks", tool_uses=uses),
        bidi("response_stop", response_id="r"),
        results("c1"),
        bidi("response_start", response_id="r2"),
        bidi("text_delta", delta="1", content_id="t"),
        bidi("response_stop", response_id="r2"),
    ) == [
        TurnStarted("id-2"),
        ToolStarted("id-1", "c1", "add"),
        ToolArguments("c1", '{"a": "é"}'),
        ToolRequested("c1"),
        ToolFinished("c1", (Text("ok"),)),
        TextDelta("id-3", "1"),
        TurnEnded(),
    ]


def test_a_barge_in_ends_the_turn_as_cancelled_and_drops_late_results() -> None:
    uses = [{"toolUseId": "c1", "name": "add", "input": {}}]
    told = live(bidi("tool_use_blocks", tool_uses=uses), bidi("barge_in"), results("c1"))
    assert told[-2:] == [BargeIn(), TurnEnded("cancelled", "interrupted")]


def test_a_barge_in_after_the_response_cuts_what_is_still_playing() -> None:
    assert live(*USER_SPEECH, *ANSWER, bidi("barge_in"))[-2:] == [TurnEnded(), BargeIn()]


def test_what_the_cut_response_still_says_is_not_told() -> None:
    late = (
        bidi("audio_delta", audio="AQI=", content_id="x"),
        bidi("text_delta", delta="late", content_id="t"),
        bidi("reasoning_delta", delta="late", content_id="t"),
        bidi("transcript_start", role="assistant", content_id="b"),
        bidi("transcript_delta", role="assistant", content_id="b", delta="late"),
        bidi("tool_use_blocks", tool_uses=[{"toolUseId": "c", "name": "n", "input": {}}]),
        bidi("response_stop", response_id="r"),
    )
    told = live(*ANSWER[:4], bidi("barge_in"), *late)
    assert told[-2:] == [BargeIn(), TurnEnded("cancelled", "interrupted")]
    again = live(*ANSWER[:4], bidi("barge_in"), *late, *USER_SPEECH)
    assert [type(event) for event in again[-3:]] == [TurnStarted, Transcript, Transcript]


def test_reasoning_usage_and_speech_come_through() -> None:
    assert live(
        bidi("reasoning_delta", delta="hm", content_id="t"),
        bidi(
            "usage",
            input_tokens=1,
            output_tokens=2,
            total_tokens=3,
            input_token_details={"cache_read": 1},
        ),
        bidi("usage", input_tokens=1, output_tokens=2, total_tokens=3),
        {"type": "cascade_speech_start"},
        {"type": "cascade_speech_stop", "silence_seconds": 0.5},
    ) == [
        TurnStarted("id-2"),
        ReasoningDelta("id-1", "hm"),
        UsageReported(1, 2, 3, cache_read_tokens=1),
        UsageReported(1, 2, 3),
        SpeechStarted(),
        SpeechStopped(0.5),
    ]


def test_events_of_no_meaning_and_unknown_transcripts_are_skipped() -> None:
    assert (
        live(
            bidi("connection_start", connection_id="c", model="m"),
            {"no": "type"},
            bidi("transcript_delta", role="user", content_id="?", delta="x"),
            bidi("transcript_stop", role="user", content_id="?"),
            results("unknown"),
            bidi("response_stop", response_id="r"),
        )
        == []
    )


def test_half_a_character_can_be_told() -> None:
    assert through_text(START, delta(text="x\ud83d")) == [TextDelta("id-1", "x\ufffd")]
