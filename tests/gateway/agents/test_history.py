"""Histories between the contract and strands."""

from typing import Any

import pytest

from gateway.agents.history import (
    content_blocks,
    from_strands,
    mend_characters,
    message_id,
    repaired,
    to_strands,
    tool_content,
)
from protocols.contract.inputs import (
    Citation,
    CitedText,
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

USER = Message("u1", "user", (Text("What is 2+2?"),))
CALL = Message(
    "a1", "assistant", (Text("Let me see."), ToolCall("c1", "calculator", '{"e": "2+2"}'))
)
RESULT = Message("r1", "user", (ToolResult("c1", (Text("4"),)),))
ATLAS = Citation(5, "Atlas", passages=("A city.",))
ANSWER = Message("a2", "assistant", (Text("It is 4."),))


def test_a_history_survives_the_way_to_strands_and_back() -> None:
    history = (USER, CALL, RESULT, ANSWER)
    assert from_strands(to_strands(history)) == history


def test_media_survive_the_way_there_and_back() -> None:
    history = (
        Message(
            "u1",
            "user",
            (
                Media("image", "image/png", b"\x89PNG"),
                Media("document", "application/pdf", b"%PDF", "report"),
                Media("audio", "audio/mpeg", b"ID3"),
                Media("video", "video/mp4", b"ftyp"),
                Text("See these."),
            ),
        ),
    )
    assert from_strands(to_strands(history)) == history


def test_only_signed_reasoning_is_shown_to_the_model_again() -> None:
    thoughts = (Reasoning("unsigned"), Reasoning("signed", "proof"), Text("Yes."))
    shown = to_strands([Message("a1", "assistant", thoughts)])
    assert shown[0]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "signed", "signature": "proof"}}},
        {"text": "Yes."},
    ]
    assert from_strands(shown)[0].content == (Reasoning("signed", "proof"), Text("Yes."))


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ("[1]", {"arguments": [1]}),
        ('{"broken": ', {"arguments": '{"broken": '}),
    ],
)
def test_arguments_that_are_no_object_are_kept_for_the_model_to_see(
    arguments: str, shown: Any
) -> None:
    message = Message("a1", "assistant", (ToolCall("c1", "tool", arguments),))
    content: Any = to_strands([message])[0]["content"]
    assert content[0]["toolUse"]["input"] == shown


def test_messages_with_nothing_in_them_are_left_out() -> None:
    assert to_strands([Message("u1", "user", (Text(""),))]) == []
    assert from_strands([{"role": "user", "content": [{"cachePoint": {"type": "default"}}]}]) == ()


def test_a_failed_result_without_content_keeps_its_status() -> None:
    failed = Message("r1", "user", (ToolResult("c1", (), error=True),))
    content: Any = to_strands([failed])[0]["content"]
    assert content == [
        {"toolResult": {"toolUseId": "c1", "status": "error", "content": [{"text": ""}]}}
    ]


def test_a_message_without_an_identifier_gets_one_that_stays() -> None:
    message: Any = {"role": "user", "content": [{"text": "hi"}]}
    assert message_id(message) == message_id(message) == message["tracking_id"]


def test_results_of_tools_become_text_and_media() -> None:
    content = tool_content(
        [{"text": "a"}, {"json": {"é": 1}}, {"image": {"format": "png", "source": {"bytes": b"p"}}}]
    )
    assert content == (Text("a"), Text('{"é": 1}'), Media("image", "image/png", b"p"))


def said(role: str, *blocks: Any, **bidi: str) -> Any:
    message: dict[str, Any] = {"role": role, "content": list(blocks)}
    if bidi:
        message["metadata"] = {"custom": {"bidi": bidi}}
    return message


CALL_BLOCK = {"toolUse": {"toolUseId": "c1", "name": "t", "input": {}}}
RESULT_BLOCK = {"toolResult": {"toolUseId": "c1", "status": "success", "content": [{"text": "4"}]}}
NO_ANSWER = {
    "toolResult": {
        "toolUseId": "c1",
        "status": "error",
        "content": [{"text": "No answer was given to this call."}],
    }
}


def roles_and_content(messages: Any) -> Any:
    return [(message["role"], message["content"]) for message in messages]


def test_a_sound_history_is_left_as_it_is() -> None:
    sound = [said("user", {"text": "q"}), said("assistant", CALL_BLOCK), said("user", RESULT_BLOCK)]
    assert repaired(sound) == sound


def test_documents_of_one_name_are_numbered_over_the_whole_history() -> None:
    paper = Media("document", "text/plain", b"t", "paper.txt")
    read = Message("r1", "user", (ToolResult("c1", (paper,)),))
    mended: Any = repaired(
        to_strands([Message("u1", "user", (paper, Text("q"))), CALL, read, ANSWER])
    )
    assert mended[0]["content"][0]["document"]["name"] == "paper"
    result = mended[2]["content"][0]["toolResult"]
    assert result["content"][0]["document"]["name"] == "paper 2"


def test_a_document_alone_comes_with_words_only_beside_it() -> None:
    paper = Media("document", "text/plain", b"t")
    block = {"document": {"format": "txt", "name": "document", "source": {"bytes": b"t"}}}
    assert content_blocks([paper]) == [block, {"text": "See the attached document."}]
    shown: Any = to_strands([Message("r1", "user", (ToolResult("c1", (paper,)),))])
    assert shown[0]["content"][0]["toolResult"]["content"] == [block]


def test_an_open_call_at_the_end_is_answered_as_failed() -> None:
    mended = repaired([said("user", {"text": "q"}), said("assistant", CALL_BLOCK)])
    assert roles_and_content(mended) == [
        ("user", [{"text": "q"}]),
        ("assistant", [CALL_BLOCK]),
        ("user", [NO_ANSWER]),
    ]


def test_a_user_who_types_on_answers_the_open_call_as_failed() -> None:
    mended = repaired(
        [said("user", {"text": "q"}), said("assistant", CALL_BLOCK), said("user", {"text": "no"})]
    )
    assert roles_and_content(mended)[-1] == ("user", [NO_ANSWER, {"text": "no"}])


def test_every_answer_to_the_calls_of_a_turn_counts_though_each_is_a_message() -> None:
    second_call = {"toolUse": {"toolUseId": "c2", "name": "t", "input": {}}}
    second = {"toolResult": {"toolUseId": "c2", "status": "success", "content": [{"text": "2"}]}}
    mended = repaired(
        [
            said("user", {"text": "q"}),
            said("assistant", CALL_BLOCK),
            said("assistant", second_call),
            said("user", RESULT_BLOCK),
            said("user", {"text": "and"}),
            said("user", second),
        ]
    )
    assert roles_and_content(mended)[1:] == [
        ("assistant", [CALL_BLOCK, second_call]),
        ("user", [RESULT_BLOCK, second, {"text": "and"}]),
    ]


def test_an_assistant_that_speaks_on_has_its_open_call_answered_between() -> None:
    mended = repaired(
        [
            said("user", {"text": "q"}),
            said("assistant", CALL_BLOCK),
            said("assistant", {"text": "done"}),
        ]
    )
    assert roles_and_content(mended)[1:] == [
        ("assistant", [CALL_BLOCK]),
        ("user", [NO_ANSWER]),
        ("assistant", [{"text": "done"}]),
    ]


def test_an_answer_nobody_asked_for_is_dropped() -> None:
    mended = repaired([said("user", {"text": "q"}, RESULT_BLOCK)])
    assert roles_and_content(mended) == [("user", [{"text": "q"}])]


def test_neighbours_of_one_role_are_joined_and_empty_text_is_dropped() -> None:
    mended = repaired(
        [said("user", {"text": "a"}), said("user", {"text": " "}), said("user", {"text": "b"})]
    )
    assert roles_and_content(mended) == [("user", [{"text": "a"}, {"text": "b"}])]


def test_a_conversation_that_the_assistant_begins_gets_a_first_message() -> None:
    mended = repaired([said("assistant", {"text": "Hello!"})])
    assert [message["role"] for message in mended] == ["user", "assistant"]


def test_what_a_voice_agent_records_beside_the_conversation_is_dropped() -> None:
    mended = repaired(
        [
            said("user", {"text": "what is 2+2"}, kind="transcript", status="complete"),
            said("assistant", CALL_BLOCK),
            said("user", RESULT_BLOCK, kind="tool_dispatch"),
            said("assistant", CALL_BLOCK),
            said("user", RESULT_BLOCK, kind="tool_result"),
            said("assistant", kind="transcript", status="pending"),
            said("assistant", {"text": "[…]"}, kind="transcript", status="incomplete"),
            said("assistant", {"text": "4"}, kind="transcript", status="complete"),
        ]
    )
    assert roles_and_content(mended) == [
        ("user", [{"text": "what is 2+2"}]),
        ("assistant", [CALL_BLOCK]),
        ("user", [RESULT_BLOCK]),
        ("assistant", [{"text": "4"}]),
    ]


def test_a_placeholder_without_its_call_leaves_the_words_before_it() -> None:
    mended = repaired(
        [
            said("user", {"text": "q"}),
            said("assistant", {"text": "a"}),
            said("user", RESULT_BLOCK, kind="tool_dispatch"),
        ]
    )
    assert roles_and_content(mended) == [("user", [{"text": "q"}]), ("assistant", [{"text": "a"}])]


def test_redacted_thinking_and_proofs_of_calls_survive_byte_for_byte() -> None:
    history = (
        Message(
            "1",
            "assistant",
            (
                Reasoning("hm", "proof"),
                Reasoning("", "redacted:AAH/"),
                ToolCall("c", "add", "{}", "seal"),
            ),
        ),
    )
    (shown,) = to_strands(history)
    blocks: list[Any] = list(shown["content"])
    assert blocks[1:] == [
        {"reasoningContent": {"redactedContent": b"\0\1\xff"}},
        {"toolUse": {"toolUseId": "c", "name": "add", "input": {}, "reasoningSignature": "seal"}},
    ]
    assert from_strands([shown]) == history


@pytest.mark.parametrize("sealed", ["redacted:", "redacted:not base64", "redacted:é"])
def test_redacted_thinking_that_is_not_ours_is_left_out(sealed: str) -> None:
    assert to_strands([Message("1", "assistant", (Reasoning("", sealed),))]) == []


def test_cited_words_are_text_to_the_model_and_keep_their_sources() -> None:
    page: Any = {"title": "Atlas", "sourceContent": [{"text": "A city."}]}
    cited: Any = {"citationsContent": {"content": [{"text": "Paris"}], "citations": [page]}}
    said: Any = {"role": "assistant", "content": [cited], "tracking_id": "2"}
    (_, kept) = repaired([{"role": "user", "content": [{"text": "Where?"}]}, said])
    assert [*kept["content"][0]] == ["text", "citations"]
    shown = (Message("2", "assistant", (CitedText("Paris", (ATLAS,)),)),)
    assert from_strands([kept]) == shown == from_strands([said]) == from_strands(to_strands(shown))


def test_of_two_answers_to_a_call_the_model_is_shown_the_last() -> None:
    earlier = Message("r0", "user", (ToolResult("c1", (Text("3"),)),))
    assert repaired(to_strands((USER, CALL, earlier, RESULT, ANSWER))) == repaired(
        to_strands((USER, CALL, Message("r0", "user", RESULT.content), ANSWER))
    )


def test_halves_of_characters_in_what_a_model_wrote_are_replaced() -> None:
    use: Any = {"toolUseId": "c", "name": "n", "input": {"a": "x\ud83d"}}
    message: Any = {"role": "assistant", "content": [{"text": "y\ud83d"}, {"toolUse": use}]}
    mend_characters(message)
    assert message["content"][0] == {"text": "y\ufffd"}
    assert message["content"][1]["toolUse"]["input"] == {"a": "x\ufffd"}


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ('{"a": "x\\ud83d"}', {"a": "x\ufffd"}),
        ('["x\\ud83d"]', {"arguments": '["x\\ud83d"]'}),
        ('{"a": ', {"arguments": '{"a": '}),
    ],
)
def test_old_arguments_with_halves_of_characters_can_be_shown(arguments: str, shown: Any) -> None:
    call = Message("a1", "assistant", (ToolCall("c1", "n", arguments),))
    (message,) = to_strands([call])
    assert message["content"][0]["toolUse"]["input"] == shown
