"""Contract events to AG-UI events: values in, dicts out."""

from collections.abc import Callable
from itertools import count
from typing import Any

import jsonpatch
import pytest
from ag_ui.core import Event as AgUiModel
from pydantic import TypeAdapter

from protocols.ag_ui_events import (
    RunTranslator,
    encode,
    is_run_input,
    new_identifier,
)
from protocols.ag_ui_history import ag_ui_messages, content_value
from protocols.contract.errors import Detail, InvalidInput, SessionBusy
from protocols.contract.events import (
    ActivityChanged,
    AudioDelta,
    BargeIn,
    Event,
    InputRequested,
    ModelReconnecting,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
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
from protocols.contract.inputs import Media, Message, Text, ToolCall, ToolResult

_MODEL: TypeAdapter[Any] = TypeAdapter(AgUiModel)


def numbered() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"n{next(numbers)}"


def run(*events: Event) -> list[dict[str, Any]]:
    """Translate a run, and hold every event against the SDK's own model."""
    translator = RunTranslator("t", "r", numbered())
    written = translator.start()
    for event in events:
        written += translator.translate(event)
    for each in written:
        _MODEL.validate_python(each)
    return written[1:]


FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": {"type": "success"}}


def test_a_run_starts_with_our_version_and_the_clients_identifiers() -> None:
    known = [{"type": "CUSTOM", "name": "n", "value": 1}]
    assert RunTranslator("t", "r").start(known) == [
        {"type": "RUN_STARTED", "threadId": "t", "runId": "r", "protocolVersion": "1.0"},
        *known,
    ]


def test_words_are_one_message_that_is_closed_at_the_end() -> None:
    assert run(TextDelta("m", "a"), TextDelta("m", ""), TextDelta("m", "b"), TurnEnded()) == [
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "a"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "b"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        FINISHED,
    ]


def test_another_message_closes_the_one_before() -> None:
    kinds = [event["type"] for event in run(TextDelta("m", "a"), TextDelta("n", "b"))]
    assert kinds == [
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
    ]


def test_a_call_closes_the_text_it_belongs_to_and_its_result_has_an_id_of_its_own() -> None:
    assert run(
        TextDelta("m", "a"),
        ToolStarted("m", "c", "add"),
        ToolArguments("c", "{}"),
        ToolRequested("c"),
        ToolFinished("c", (Text("3"),)),
        TurnEnded(),
    )[2:] == [
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {
            "type": "TOOL_CALL_START",
            "toolCallId": "c",
            "toolCallName": "add",
            "parentMessageId": "m",
        },
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{}"},
        {"type": "TOOL_CALL_END", "toolCallId": "c"},
        {
            "type": "TOOL_CALL_RESULT",
            "toolCallId": "c",
            "messageId": "n1",
            "content": "3",
            "role": "tool",
        },
        FINISHED,
    ]


def test_a_failed_result_says_so_and_media_travel_as_parts() -> None:
    image = Media("image", "image/png", b"png")
    result = run(ToolFinished("c", (Text("x"), image), error=True))[0]
    assert result["metadata"] == {"gateway": {"error": True}}
    assert result["content"] == [
        {"type": "text", "text": "x"},
        {"type": "image", "source": {"type": "data", "value": "cG5n", "mimeType": "image/png"}},
    ]


def test_a_call_that_waits_for_the_client_is_named_at_the_end() -> None:
    ended = run(
        ToolStarted("m", "c", "paint", client=True),
        ToolRequested("c"),
        TurnEnded(stop_reason="tool_use"),
    )[-1]
    assert ended["outcome"] == {"type": "success", "pendingToolCallIds": ["c"]}


def test_reasoning_is_a_span_of_its_own_with_its_signature() -> None:
    written = run(ReasoningDelta("m", "hm"), ReasoningDelta("m", "", "proof"), TextDelta("m", "a"))
    assert written[:6] == [
        {"type": "REASONING_START", "messageId": "m-reasoning"},
        {
            "type": "REASONING_MESSAGE_START",
            "messageId": "m-reasoning",
            "role": "reasoning",
        },
        {"type": "REASONING_MESSAGE_CONTENT", "messageId": "m-reasoning", "delta": "hm"},
        {
            "type": "REASONING_ENCRYPTED_VALUE",
            "subtype": "message",
            "entityId": "m-reasoning",
            "encryptedValue": "proof",
        },
        {"type": "REASONING_MESSAGE_END", "messageId": "m-reasoning"},
        {"type": "REASONING_END", "messageId": "m-reasoning"},
    ]


def test_speech_of_both_sides_is_text_that_may_overlap() -> None:
    assert run(
        Transcript("u", "user", "hi"),
        Transcript("a", "assistant", "he"),
        Transcript("u", "user", "", final=True),
        TurnEnded("cancelled", "interrupted"),
    ) == [
        {"type": "TEXT_MESSAGE_START", "messageId": "u", "role": "user"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "u", "delta": "hi"},
        {"type": "TEXT_MESSAGE_START", "messageId": "a", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "a", "delta": "he"},
        {"type": "TEXT_MESSAGE_END", "messageId": "u"},
        {"type": "TEXT_MESSAGE_END", "messageId": "a"},
        FINISHED | {"outcome": {"type": "cancelled"}},
    ]


def test_a_call_that_is_open_at_the_end_is_closed() -> None:
    kinds = [event["type"] for event in run(ToolStarted("m", "c", "add"), TurnEnded("cancelled"))]
    assert kinds == ["TOOL_CALL_START", "TOOL_CALL_END", "RUN_FINISHED"]


def test_usage_is_summed_and_what_is_not_known_is_left_out() -> None:
    reported = (UsageReported(1, 2, 3), UsageReported(1, 2, 3, cache_read_tokens=1))
    assert run(*reported, TurnEnded())[-1]["usage"] == [
        {"inputTokens": 2, "outputTokens": 4, "totalTokens": 6, "cachedInputTokens": 1}
    ]


def test_a_changed_state_is_a_patch_of_what_the_client_has() -> None:
    changed = StateChanged({"a": 1, "b": [1, 2]}, {"b": [1], "c/d": None})
    (delta,) = run(changed)
    assert delta["type"] == "STATE_DELTA"
    assert jsonpatch.apply_patch(changed.before, delta["delta"]) == changed.after


@pytest.mark.parametrize(("before", "after"), [(None, {"a": 1}), ({"a": 1}, [1]), ([1], False)])
def test_a_state_that_is_no_object_is_told_as_a_whole(before: Any, after: Any) -> None:
    assert run(StateChanged(before, after)) == [{"type": "STATE_SNAPSHOT", "snapshot": after}]


def test_progress_replaces_the_activity_before_it() -> None:
    assert run(ActivityChanged("c-steps", "steps", {"done": 1})) == [
        {
            "type": "ACTIVITY_SNAPSHOT",
            "messageId": "c-steps",
            "activityType": "steps",
            "content": {"done": 1},
        }
    ]


@pytest.mark.parametrize(
    "event",
    [
        TurnStarted("x"),
        AudioDelta("m", b"\0\0"),
        SpeechStarted(),
        SpeechStopped(),
        BargeIn(),
        ModelReconnecting(),
    ],
)
def test_what_is_no_part_of_a_run_writes_nothing(event: Event) -> None:
    assert run(event) == []


def test_an_error_ends_the_run_with_a_safe_text_and_only_once() -> None:
    translator = RunTranslator("t", "r")
    translator.start()
    translator.translate(UsageReported(1, 2, 3))
    assert translator.fail(RuntimeError("secret")) == [
        {
            "type": "RUN_ERROR",
            "message": "The gateway failed on this request. Its log holds the reason; try again.",
            "code": "INTERNAL_ERROR",
            "usage": [{"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}],
        }
    ]
    assert translator.fail(SessionBusy("Busy.")) == []
    assert translator.translate(TurnEnded()) == []


def test_an_error_that_callers_may_see_is_told_with_its_code() -> None:
    assert RunTranslator("t", "r").fail(SessionBusy("Busy.")) == [
        {"type": "RUN_ERROR", "message": "Busy.", "code": "SESSION_BUSY"}
    ]


def test_a_history_is_shown_as_messages() -> None:
    history = (
        Message("u", "user", (Text("q"), Media("image", "image/png", b"png"))),
        Message("a", "assistant", (Text("x"), ToolCall("c", "add", '{"a":1}'))),
        Message("r", "user", (ToolResult("c", (Text("1"),)), Text("and?"))),
        Message("f", "user", (ToolResult("d", (Text("no"),), error=True),)),
        Message("b", "assistant", (ToolCall("e", "add", "{}"),)),
    )
    messages = ag_ui_messages(history)
    _MODEL.validate_python({"type": "MESSAGES_SNAPSHOT", "messages": messages})
    assert [(m["id"], m["role"], m.get("content")) for m in messages] == [
        (
            "u",
            "user",
            [
                {"type": "text", "text": "q"},
                {
                    "type": "image",
                    "source": {"type": "data", "value": "cG5n", "mimeType": "image/png"},
                },
            ],
        ),
        ("a", "assistant", "x"),
        ("r-c", "tool", "1"),
        ("r", "user", "and?"),
        ("f-d", "tool", "no"),
        ("b", "assistant", None),
    ]
    assert messages[4]["error"] == "The tool failed."
    assert messages[1]["toolCalls"] == [
        {"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
    ]


def test_text_is_written_unchanged_and_identifiers_differ() -> None:
    assert encode({"delta": "é👩‍👩‍👧\u2028"}) == '{"delta":"é👩‍👩‍👧\u2028"}'.encode()
    assert content_value(()) == ""
    assert new_identifier() != new_identifier()


def test_an_object_with_the_three_members_is_a_run() -> None:
    assert is_run_input({"threadId": "t", "runId": "r", "messages": []})
    assert is_run_input({"thread_id": "t", "run_id": "r", "messages": []})
    assert not is_run_input({"threadId": "t", "messages": []})
    assert not is_run_input([])


def test_a_run_that_waits_for_the_user_ends_with_its_questions() -> None:
    assert run(
        ToolStarted("m", "c", "shred"),
        ToolRequested("c"),
        InputRequested("i", "confirmation", "Sure?", "c", {"type": "boolean"}, {"risk": "high"}),
        InputRequested("j", "choice"),
        TurnEnded(stop_reason="interrupt"),
    )[-1]["outcome"] == {
        "type": "interrupt",
        "interrupts": [
            {
                "id": "i",
                "reason": "confirmation",
                "message": "Sure?",
                "toolCallId": "c",
                "responseSchema": {"type": "boolean"},
                "metadata": {"risk": "high"},
            },
            {"id": "j", "reason": "choice"},
        ],
    }


def test_a_call_that_is_taken_up_again_begins_no_second_time() -> None:
    (result, _) = run(
        ToolResumed("c", "shred", "{}"), ToolFinished("c", (Text("done"),)), TurnEnded()
    )
    assert (result["type"], result["toolCallId"]) == ("TOOL_CALL_RESULT", "c")


@pytest.mark.parametrize(
    ("ended", "metadata"),
    [
        (TurnEnded(), None),
        (TurnEnded(stop_reason="tool_use"), None),
        (TurnEnded("cancelled", "cancelled"), None),
        (TurnEnded(stop_reason="max_tokens"), {"gateway": {"stopReason": "max_tokens"}}),
        (
            TurnEnded(stop_reason="guardrail_intervened"),
            {"gateway": {"stopReason": "guardrail_intervened"}},
        ),
    ],
)
def test_an_answer_that_did_not_come_to_its_end_says_why(ended: TurnEnded, metadata: Any) -> None:
    assert run(ended)[-1].get("metadata") == metadata


def test_an_error_says_where_the_faults_are() -> None:
    faults = [Detail("$.a", "missing"), Detail("$.b", "too long")]
    assert RunTranslator("t", "r").fail(InvalidInput("Wrong.", faults)) == [
        {
            "type": "RUN_ERROR",
            "message": "Wrong. ($.a: missing; $.b: too long)",
            "code": "VALIDATION_ERROR",
        }
    ]
