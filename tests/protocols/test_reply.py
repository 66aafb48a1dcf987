"""A turn's events, folded into one reply."""

from protocols.contract.events import (
    AudioDelta,
    Event,
    InputRequested,
    SpeechStarted,
    TextDelta,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolResumed,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from protocols.contract.inputs import Text
from protocols.reply import Reply


def folded(*events: Event) -> Reply:
    reply = Reply("s")
    for event in events:
        reply.add(event)
    return reply


def test_a_reply_holds_the_words_the_calls_and_the_tokens() -> None:
    reply = folded(
        ToolStarted("m", "c", "add"),
        ToolArguments("c", '{"a":'),
        ToolArguments("c", "1}"),
        ToolRequested("c"),
        ToolFinished("c", (Text("1"),)),
        UsageReported(1, 2, 3),
        TextDelta("n", "It is "),
        TextDelta("n", "1."),
        UsageReported(1, 2, 3),
        SpeechStarted(),
        TurnEnded(),
    )
    assert reply.document() == {
        "response": "It is 1.",
        "session_id": "s",
        "stop_reason": "end_turn",
        "tool_calls": [
            {"id": "c", "name": "add", "input": {"a": 1}, "result": "1", "status": "success"}
        ],
        "usage": {"input_tokens": 2, "output_tokens": 4, "total_tokens": 6},
    }


def test_calls_that_failed_or_wait_or_are_no_json_are_told_as_they_are() -> None:
    calls = folded(
        ToolStarted("m", "a", "add"),
        ToolRequested("a"),
        ToolFinished("a", (Text("no"),), error=True),
        ToolStarted("m", "b", "paint", client=True),
        ToolArguments("b", "{broken"),
        ToolRequested("b"),
        TurnEnded(stop_reason="tool_use"),
    ).document()["tool_calls"]
    assert calls == [
        {"id": "a", "name": "add", "input": {}, "result": "no", "status": "error"},
        {"id": "b", "name": "paint", "input": "{broken", "result": None, "status": "pending"},
    ]


def test_a_spoken_reply_holds_both_transcripts_and_the_audio() -> None:
    reply = folded(
        Transcript("u", "user", "what is"),
        Transcript("u", "user", " 1+1", final=True),
        Transcript("a", "assistant", "It is 2."),
        AudioDelta("a", b"\1\0"),
        AudioDelta("a", b"\2\0"),
    )
    shown = reply.spoken_document(b"wav")
    assert (shown["transcript"], shown["response"], shown["audio"]) == (
        "what is 1+1",
        "It is 2.",
        "d2F2",
    )
    assert bytes(reply.audio) == b"\1\0\2\0"


def test_messages_stand_apart_and_empty_ones_are_left_out() -> None:
    reply = folded(
        TextDelta("a", "Let me "),
        TextDelta("a", "see."),
        TextDelta("b", ""),
        TextDelta("c", "It is 2."),
        Transcript("u", "user", "What is 1+1?", final=True),
        Transcript("v", "user", "Tell me.", final=True),
    )
    assert (reply.response, reply.transcript) == (
        "Let me see.\nIt is 2.",
        "What is 1+1? Tell me.",
    )


def test_a_new_turn_drops_what_was_cut_off_but_not_what_was_heard() -> None:
    reply = folded(
        Transcript("u", "user", "What is", final=True),
        Transcript("a", "assistant", "What is what?"),
        AudioDelta("a", b"\1\0"),
        TurnStarted("2"),
        Transcript("v", "user", "1+1?", final=True),
        Transcript("b", "assistant", "2."),
    )
    assert (reply.transcript, reply.response, bytes(reply.audio)) == ("What is 1+1?", "2.", b"")


def test_a_reply_that_waits_for_the_user_says_what_it_asks_and_of_which_call() -> None:
    reply = folded(
        ToolStarted("m", "c", "shred"),
        ToolRequested("c"),
        InputRequested("i", "confirmation", "Sure?", "c", {"type": "boolean"}),
        TurnEnded(stop_reason="interrupt"),
    )
    document = reply.document()
    assert document["interrupts"] == [
        {
            "id": "i",
            "reason": "confirmation",
            "message": "Sure?",
            "toolCallId": "c",
            "responseSchema": {"type": "boolean"},
        }
    ]
    assert document["stop_reason"] == "interrupt"
    assert [call["status"] for call in document["tool_calls"]] == ["pending"]


def test_a_call_that_is_taken_up_again_is_told_whole() -> None:
    reply = folded(ToolResumed("c", "add", '{"a": 1}'), ToolFinished("c", (Text("1"),)))
    assert reply.document()["tool_calls"] == [
        {"id": "c", "name": "add", "input": {"a": 1}, "result": "1", "status": "success"}
    ]
