from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from gateway.cli.conversation import Conversation, new_identifier
from gateway.cli.received import (
    EncryptedValue,
    MessagesSnapshot,
    Outcome,
    Question,
    ReasoningAdded,
    ReasoningStarted,
    Received,
    RunFinished,
    RunStarted,
    TextAdded,
    TextStarted,
    ToolCallArguments,
    ToolCallResult,
    ToolCallStarted,
)


def numbers() -> Callable[[], str]:
    counter = count(1)
    return lambda: str(next(counter))


@pytest.fixture
def conversation() -> Conversation:
    return Conversation("thread", numbers())


def follow(conversation: Conversation, *events: Received) -> list[dict[str, Any]]:
    for event in events:
        conversation.apply(event)
    return conversation.messages


def call_of(identifier: str, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def test_a_run_is_asked_for_with_the_whole_history(conversation: Conversation) -> None:
    first = conversation.ask("hello")
    follow(conversation, TextStarted("a"), TextAdded("a", "Hi"), TextAdded("a", " there"))
    second = conversation.ask("again")
    question = {"id": "1", "role": "user", "content": "hello"}
    assert first == {
        "threadId": "thread",
        "runId": "2",
        "messages": [question],
        "tools": [],
        "context": [],
        "state": {},
        "forwardedProps": {},
    }
    assert second is not None
    assert second["messages"] == [
        question,
        {"id": "a", "role": "assistant", "content": "Hi there"},
        {"id": "3", "role": "user", "content": "again"},
    ]


def test_a_refused_question_is_taken_back(conversation: Conversation) -> None:
    conversation.ask("hello")
    conversation.retract()
    assert conversation.messages == []


def test_calls_of_one_breath_share_their_message(conversation: Conversation) -> None:
    messages = follow(
        conversation,
        RunStarted("thread", "r"),
        TextStarted("a"),
        TextAdded("a", "Let me see."),
        ToolCallStarted("c1", "calculator", "a"),
        ToolCallArguments("c1", '{"expression":'),
        ToolCallArguments("c1", ' "1+1"}'),
        ToolCallStarted("c2", "current_time", "a"),
        ToolCallArguments("c2", "{}"),
        TextStarted("b"),
        ToolCallResult("r1", "c1", "2"),
        ToolCallResult("r2", "c2", "noon"),
        TextAdded("b", "2, at noon"),
    )
    assert messages == [
        {
            "id": "a",
            "role": "assistant",
            "content": "Let me see.",
            "toolCalls": [
                call_of("c1", "calculator", '{"expression": "1+1"}'),
                call_of("c2", "current_time", "{}"),
            ],
        },
        {"id": "r1", "role": "tool", "toolCallId": "c1", "content": "2"},
        {"id": "r2", "role": "tool", "toolCallId": "c2", "content": "noon"},
        {"id": "b", "role": "assistant", "content": "2, at noon"},
    ]


def test_a_call_without_words_has_a_message_of_its_own(conversation: Conversation) -> None:
    conversation.ask("x")
    messages = follow(
        conversation,
        ToolCallStarted("c1", "one", "parent"),
        ToolCallStarted("c2", "two"),
        ToolCallStarted("c3", "three", "1"),
    )
    assert [(message["id"], message["role"]) for message in messages] == [
        ("1", "user"),
        ("parent", "assistant"),
        ("c2", "assistant"),
        ("c3", "assistant"),
    ]


def test_words_for_what_is_not_known_change_nothing(conversation: Conversation) -> None:
    messages = follow(
        conversation,
        TextAdded("?", "x"),
        ToolCallArguments("?", "x"),
        EncryptedValue("message", "?", "x"),
        EncryptedValue("unheard-of", "?", "x"),
    )
    assert messages == []


def test_a_result_without_a_call_comes_last(conversation: Conversation) -> None:
    conversation.ask("x")
    messages = follow(conversation, ToolCallResult("r", "?", "2"))
    assert messages[-1] == {"id": "r", "role": "tool", "toolCallId": "?", "content": "2"}


def test_reasoning_is_kept_with_its_proof(conversation: Conversation) -> None:
    messages = follow(
        conversation,
        ReasoningStarted("r"),
        ReasoningAdded("r", "hm"),
        EncryptedValue("message", "r", "proof"),
        ToolCallStarted("c", "one"),
        EncryptedValue("tool-call", "c", "seal"),
    )
    assert messages == [
        {"id": "r", "role": "reasoning", "content": "hm", "encryptedValue": "proof"},
        {
            "id": "c",
            "role": "assistant",
            "toolCalls": [call_of("c", "one", "") | {"encryptedValue": "seal"}],
        },
    ]


def test_a_snapshot_replaces_the_conversation_and_leaves_the_reasoning(
    conversation: Conversation,
) -> None:
    follow(conversation, TextStarted("old"), ReasoningStarted("r"), TextStarted("a"))
    given: list[dict[str, Any]] = [
        {"id": "spoken", "role": "user", "content": "by voice"},
        {"id": "a", "role": "assistant", "content": "better"},
    ]
    assert follow(conversation, MessagesSnapshot(given)) == [
        {"id": "r", "role": "reasoning", "content": ""},
        {"id": "a", "role": "assistant", "content": "better"},
        {"id": "spoken", "role": "user", "content": "by voice"},
    ]


def test_a_snapshot_with_reasoning_replaces_that_too(conversation: Conversation) -> None:
    follow(conversation, ReasoningStarted("r"))
    given: list[dict[str, Any]] = [{"id": "q", "role": "reasoning", "content": "new"}]
    assert follow(conversation, MessagesSnapshot(given)) == given


def test_what_is_no_message_is_left_out_of_a_snapshot(conversation: Conversation) -> None:
    given: list[dict[str, Any]] = [{"id": "q", "role": "user"}, {"id": "p"}, {"role": "user"}]
    assert follow(conversation, MessagesSnapshot(given)) == given[:1]


def test_identifiers_are_long_enough_for_a_session_of_agentcore() -> None:
    assert len(new_identifier()) >= 33
    assert new_identifier() != new_identifier()


def waiting(*identifiers: str) -> RunFinished:
    questions = [Question(each, "confirmation", f"{each}?") for each in identifiers]
    return RunFinished(Outcome("interrupt", questions))


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("yes", {"status": "resolved"}),
        (" Y ", {"status": "resolved"}),
        ("No", {"status": "cancelled"}),
        ('{"a": 1}', {"status": "resolved", "payload": {"a": 1}}),
        ("tomorrow", {"status": "resolved", "payload": "tomorrow"}),
    ],
)
def test_what_the_user_says_to_a_question_is_its_answer(text: str, entry: dict[str, str]) -> None:
    conversation = Conversation("t")
    conversation.ask("Delete it")
    conversation.apply(waiting("q"))
    asked = conversation.ask(text)
    assert asked is not None
    assert asked["resume"] == [{"interruptId": "q"} | entry]
    assert [message["content"] for message in asked["messages"]] == ["Delete it"]


def test_the_run_begins_when_all_questions_are_answered_and_then_words_are_words_again() -> None:
    conversation = Conversation("t")
    conversation.apply(waiting("p", "q"))
    assert conversation.ask("yes") is None
    asked = conversation.ask("no")
    assert asked is not None
    assert [entry["status"] for entry in asked["resume"]] == ["resolved", "cancelled"]
    conversation.apply(RunFinished())
    said = conversation.ask("yes")
    assert said is not None
    assert ("resume" in said, said["messages"][-1]["content"]) == (False, "yes")


def test_answers_that_were_refused_or_lost_are_asked_for_again() -> None:
    conversation = Conversation("t")
    conversation.apply(waiting("q"))
    for _ in range(2):  # the second one after a run that broke off
        asked = conversation.ask("no")
        assert asked is not None
        assert [entry["status"] for entry in asked["resume"]] == ["cancelled"]
    conversation.retract()
    asked = conversation.ask("yes")
    assert asked is not None
    assert asked["resume"] == [{"interruptId": "q", "status": "resolved"}]
