from typing import Any

from strands.types.content import Message

from gateway.models.cascade.history import MOST_MESSAGES, History, shorten


def said(role: Any, *texts: str) -> Message:
    return {"role": role, "content": [{"text": text} for text in texts]}


CALLS: Message = {
    "role": "assistant",
    "content": [{"toolUse": {"toolUseId": "1", "name": "add", "input": {}}}],
}
RESULT: Any = {"toolResult": {"toolUseId": "1", "status": "success", "content": [{"text": "5"}]}}


def test_an_earlier_conversation_is_known_by_its_words() -> None:
    earlier: list[Any] = [
        {"role": "user", "content": [{"text": " My name is David. "}], "metadata": {"x": 1}},
        {"role": "assistant", "content": [{"text": "Hello"}, {"text": "David."}]},
        said("user", "Add two and three."),
        CALLS,
        {"role": "user", "content": [RESULT]},
        said("assistant", "Five."),
        {"role": "assistant", "content": [], "metadata": {"custom": {"bidi": {}}}},
        said("user", "[Transcript unavailable.]"),
        {"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": b""}}}]},
    ]
    assert History(earlier).shown() == [
        said("user", "My name is David."),
        said("assistant", "Hello\nDavid."),
        said("user", "Add two and three."),
        said("assistant", "Five."),
    ]


def test_neighbours_of_one_role_become_one_message() -> None:
    history = History([said("user", "One.")])
    history.user("Two.")
    history.assistant([{"text": "Yes."}])
    history.user("Three.")
    assert history.shown() == [
        said("user", "One.", "Two."),
        said("assistant", "Yes."),
        said("user", "Three."),
    ]


def test_the_earlier_messages_themselves_are_not_changed() -> None:
    earlier = [said("user", "One.")]
    History(earlier).user("Two.")
    assert earlier == [said("user", "One.")]


def test_tool_calls_stand_together_with_their_results() -> None:
    history = History()
    history.user("Add two and three.")
    history.tool_exchange(CALLS, [RESULT])
    assert history.shown() == [
        said("user", "Add two and three."),
        CALLS,
        {"role": "user", "content": [RESULT]},
    ]


def test_the_oldest_messages_go_first_and_the_rest_opens_with_the_user() -> None:
    history = History()
    history.user("Add two and three.")
    history.tool_exchange(CALLS, [RESULT])
    for number in range(MOST_MESSAGES // 2 - 1):
        history.assistant([{"text": f"Answer {number}."}])
        history.user(f"Question {number}.")
    shown = history.shown()
    assert shown[0] == said("user", "Question 0.")
    assert len(shown) == MOST_MESSAGES - 3


def test_a_history_without_the_user_shows_nothing() -> None:
    assert History([said("assistant", "Welcome.")]).shown() == []


def test_a_shortened_answer_keeps_its_thoughts_and_calls() -> None:
    thought: Any = {"reasoningContent": {"reasoningText": {"text": "hm"}}}
    message: Message = {
        "role": "assistant",
        "content": [thought, {"text": "One."}, {"text": "Two."}, CALLS["content"][0]],
    }
    shorten(message, "One. [interrupted]")
    assert message["content"] == [thought, {"text": "One. [interrupted]"}, CALLS["content"][0]]
