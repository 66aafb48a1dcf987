"""RunAgentInput to UserTurn."""

import base64
from typing import Any

import pytest
from msgspec import UNSET

from protocols.ag_ui.media import Link, note
from protocols.ag_ui.run_input import RunLimits, parse, read_answers, read_content
from protocols.contract.errors import InvalidInput, TooLarge
from protocols.contract.inputs import (
    Citation,
    CitedText,
    ClientTool,
    InterruptAnswer,
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)


def document(*messages: Any, **members: Any) -> dict[str, Any]:
    return {"threadId": "t", "runId": "r", "messages": list(messages), **members}


def user(content: Any, message_id: str = "u") -> dict[str, Any]:
    return {"id": message_id, "role": "user", "content": content}


def test_the_names_of_the_python_sdk_are_taken_as_well() -> None:
    snake = {"thread_id": "t", "run_id": "r", "messages": [user("x")]}
    assert parse(snake).thread_id == "t"


def test_the_last_message_is_the_question_and_the_others_are_the_history() -> None:
    run = parse(
        document(
            {"id": "s", "role": "system", "content": "Be brief."},
            {"id": "d", "role": "developer", "content": "Use metres."},
            user("first", "u1"),
            {"id": "x", "role": "reasoning", "content": "hm", "encryptedValue": "proof"},
            {
                "id": "a",
                "role": "assistant",
                "content": "one",
                "toolCalls": [
                    {
                        "id": "c",
                        "type": "function",
                        "function": {"name": "add", "arguments": "{}"},
                    }
                ],
            },
            {"id": "r", "role": "tool", "toolCallId": "c", "content": "3"},
            {"id": "f", "role": "tool", "toolCallId": "d", "content": "", "error": "no"},
            {"id": "y", "role": "activity", "activityType": "p", "content": {}},
            user("last", "u2"),
            tools=[{"name": "paint", "description": "d", "parameters": {"type": "object"}}],
            context=[{"description": "page", "value": "home"}],
        )
    )
    assert (run.thread_id, run.run_id) == ("t", "r")
    assert run.said.content == (Text("last"),)
    assert run.said.history == (
        Message("u1", "user", (Text("first"),)),
        Message("x", "assistant", (Reasoning("hm", "proof"),)),
        Message("a", "assistant", (Text("one"), ToolCall("c", "add", "{}"))),
        Message("r", "user", (ToolResult("c", (Text("3"),)),)),
        Message("f", "user", (ToolResult("d", (Text(""), Text("Error: no")), error=True),)),
    )
    assert run.said.instructions == ("Be brief.", "Use metres.", "page: home")
    assert run.said.client_tools == (ClientTool("paint", "d", {"type": "object"}),)
    assert len(run.messages) == 9


def test_a_run_that_ends_in_an_answer_has_no_question() -> None:
    run = parse(document({"id": "r", "role": "tool", "toolCallId": "c", "content": "3"}))
    assert run.said.content == ()
    assert run.said.history == (Message("r", "user", (ToolResult("c", (Text("3"),)),)),)


def test_an_assistant_that_only_calls_has_no_text() -> None:
    run = parse(document({"id": "a", "role": "assistant"}, user("x")))
    assert run.said.history == (Message("a", "assistant", ()),)


def test_an_empty_conversation_is_a_run() -> None:
    run = parse(document())
    assert (run.said.content, run.said.history) == ((), ())


def test_unknown_members_are_ignored_at_every_level() -> None:
    message = user([{"type": "text", "text": "hi", "new": 1}]) | {"new": 1}
    assert parse(document(message, new=1, state=[1], forwardedProps=None)).said.content == (
        Text("hi"),
    )


def test_media_are_read_and_what_cannot_be_read_is_named() -> None:
    data = base64.b64encode(b"\x89PNG").decode()
    parts = [
        {"type": "text", "text": "see"},
        {"type": "image", "source": {"type": "data", "value": data, "mimeType": "image/png"}},
        {"type": "image", "source": {"type": "data", "value": "%%", "mimeType": "image/png"}},
        {"type": "video", "source": {"type": "url", "value": "http://10.0.0.1/"}},
        {"type": "document", "source": {"type": "file", "value": "handle"}},
    ]
    off = note("video", "off").text
    assert read_content(parts) == (
        Text("see"),
        Media("image", "image/png", b"\x89PNG"),
        note("image", "damaged"),
        Link(off, "video", "http://10.0.0.1/"),
        note("document", "handle"),
    )


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"threadId": 1, "runId": "r", "messages": []}, "$.threadId"),
        ({"threadId": "t", "runId": "r", "messages": "x"}, "$.messages"),
        (document({"id": "u", "role": "user", "content": 5}), "$.messages[0].content"),
        (document({"id": "u", "role": "alien", "content": "x"}), "$.messages[0]"),
        (document({"role": "user", "content": "x"}), "$.messages[0].id"),
        (document({"id": "t", "role": "tool", "content": "x"}), "$.messages[0].toolCallId"),
        (document(tools=[{"description": "x"}]), "$.tools[0].name"),
        (document(resume=[{"interruptId": "i", "status": "maybe"}]), "$.resume[0].status"),
        ({"threadId": [], "runId": "r", "messages": []}, "$.threadId"),
        (document(user([{"type": "image"}])), "$.messages[0].content[0].source"),
        (document(user([{"type": "text"}])), "$.messages[0].content[0].text"),
        (document(protocolVersion="2.0"), "$.protocolVersion"),
    ],
)
def test_a_malformed_member_is_refused_with_its_path(broken: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(broken)
    assert caught.value.details[0].path.startswith(path)


def test_a_kind_that_nobody_knows_is_not_said_again() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(document({"id": "u", "role": "secret-4711", "content": "x"}))
    (detail,) = caught.value.details
    assert detail.problem.startswith("must be one of 'developer', 'system', 'assistant'")


@pytest.mark.parametrize("version", ["1.0", "1.99", "0.9", "draft", "", None])
def test_every_version_but_a_later_major_one_is_served(version: str | None) -> None:
    members = {} if version is None else {"protocolVersion": version}
    assert parse(document(user("x"), **members)).run_id == "r"


def test_a_prompt_of_parts_must_hold_something() -> None:
    with pytest.raises(InvalidInput):
        read_content([])


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ([1], "$.prompt[0]"),
        ([{"type": "text", "text": "x"}, {"type": "text"}], "$.prompt[1].text"),
        ([{"type": "image", "source": {"type": "url"}}], "$.prompt[0].source.value"),
    ],
)
def test_a_prompt_of_wrong_parts_is_refused_with_their_paths(parts: list[Any], path: str) -> None:
    with pytest.raises(InvalidInput, match="parts of the prompt") as caught:
        read_content(parts)
    assert [detail.path for detail in caught.value.details] == [path]


@pytest.mark.parametrize("state", [{"a": 1}, "text", 0, [1], False, None])
def test_the_state_of_the_client_is_any_json(state: Any) -> None:
    assert parse(document(user("x"), state=state)).said.state == state


def test_a_run_without_a_state_leaves_the_one_of_the_session() -> None:
    assert parse(document(user("x"))).said.state is UNSET


@pytest.mark.parametrize(
    "content", ["é" * 6, [{"type": "text", "text": "éé"}, {"type": "text", "text": "é" * 4}]]
)
def test_a_message_that_is_too_long_is_refused_with_its_path(content: Any) -> None:
    long = document(user("x"), user(content))
    assert parse(long, RunLimits(max_text_bytes=12))
    with pytest.raises(TooLarge, match="GATEWAY_MAX_TEXT_BYTES") as caught:
        parse(long, RunLimits(max_text_bytes=11))
    assert caught.value.details[0].path == "$.messages[1].content"


def test_messages_are_written_down_again_as_the_protocol_declares_them() -> None:
    message = user([{"type": "text", "text": "hi", "new": 1, "id": None}]) | {
        "new": 1,
        "name": None,
        "metadata": {"kept": None},
    }
    assert parse(document(message)).messages == (
        {
            "id": "u",
            "role": "user",
            "content": [{"type": "text", "text": "hi"}],
            "metadata": {"kept": None},
        },
    )


def test_more_messages_or_tools_than_may_be_are_refused_unread() -> None:
    limits = RunLimits(max_messages=1, max_client_tools=1)
    assert parse(document(user("x"), tools=[{"name": "a", "description": ""}]), limits)
    for many, setting in (
        (document(user("x"), "not even a message"), "GATEWAY_MAX_MESSAGES"),
        (document(tools=["not even", "a tool"]), "GATEWAY_MAX_CLIENT_TOOLS"),
    ):
        with pytest.raises(TooLarge, match=setting):
            parse(many, limits)


def test_answers_to_questions_are_read() -> None:
    entries = [
        {"interruptId": "a", "status": "resolved", "payload": {"b": 1}, "unknown": 1},
        {"interruptId": "c", "status": "cancelled"},
    ]
    answers = (InterruptAnswer("a", "resolved", {"b": 1}), InterruptAnswer("c", "cancelled"))
    document = {"threadId": "t", "runId": "r", "messages": [], "resume": entries}
    assert parse(document).said.answers == answers
    assert read_answers(entries) == answers


@pytest.mark.parametrize(
    ("entries", "path"),
    [
        ([{"interruptId": "a", "status": "maybe"}], "$.resume[0].status"),
        ([{"status": "resolved"}], "$.resume[0].interruptId"),
        (["a"], "$.resume[0]"),
    ],
)
def test_answers_of_a_wrong_shape_are_refused_with_their_path(
    entries: list[Any], path: str
) -> None:
    document = {"threadId": "t", "runId": "r", "messages": [], "resume": entries}
    for read in (lambda: parse(document), lambda: read_answers(entries)):
        with pytest.raises(InvalidInput) as caught:
            read()
        assert [detail.path for detail in caught.value.details] == [path]


def test_what_subagents_did_is_not_said_to_the_model_again() -> None:
    mine = {"id": "a", "role": "assistant", "content": "one"}
    theirs = [
        {"id": "x", "role": "reasoning", "content": "hm", "subagentRunId": "s"},
        {"id": "y", "role": "assistant", "content": "two", "subagentRunId": "s"},
        {"id": "z", "role": "system", "content": "Shout.", "subagentRunId": "s"},
    ]
    run = parse(document(user("first"), *theirs, mine, user("last")))
    assert [message.id for message in run.said.history or ()] == ["u", "a"]
    assert run.said.instructions == ()
    assert [message["id"] for message in run.messages] == ["u", "x", "y", "z", "a", "u"]


def test_proofs_and_citations_come_back_with_what_they_belong_to() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    said = {
        "id": "a",
        "role": "assistant",
        "content": "Paris",
        "metadata": {"citations": [{"title": "Atlas", "textOffset": 5}]},
        "toolCalls": [{**call, "encryptedValue": "seal"}],
    }
    (message,) = parse(document(said, user("?"))).said.history or ()
    assert message.content == (
        CitedText("Paris", (Citation(5, "Atlas"),)),
        ToolCall("c", "add", "{}", "seal"),
    )
