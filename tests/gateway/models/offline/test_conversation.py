from strands.types.content import Messages

from gateway.models.offline.conversation import MAXIMUM_MESSAGES, Outcome, read_conversation


def test_an_empty_conversation_has_nothing_to_say() -> None:
    read = read_conversation([], None)
    assert (read.request, read.outcomes, read.last_answer, read.background) == ("", (), "", "")


def test_requests_answers_and_background_are_told_apart() -> None:
    messages: Messages = [
        {"role": "user", "content": [{"text": "one"}, {"text": "more"}]},
        {"role": "assistant", "content": [{"text": "yes"}]},
        {"role": "user", "content": []},
        {
            "role": "user",
            "content": [{"text": " two "}, {"image": {"format": "png", "source": {}}}],
        },
    ]
    read = read_conversation(messages, "be brief")
    assert (read.request, read.media) == ("two", ("image",))
    assert (read.earlier_requests, read.last_answer) == (("one\nmore",), "yes")
    assert read.background == "be brief"


def test_after_an_answer_there_is_no_request() -> None:
    messages: Messages = [
        {"role": "user", "content": [{"text": "one"}]},
        {"role": "assistant", "content": [{"text": "yes"}]},
    ]
    read = read_conversation(messages, None)
    assert (read.request, read.earlier_requests) == ("", ("one",))


def test_results_are_joined_with_their_calls() -> None:
    messages: Messages = [
        {"role": "user", "content": [{"text": "roll"}]},
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                {"toolUse": {"toolUseId": "1", "name": "roll", "input": {"sides": 6}}},
                {"toolUse": {"toolUseId": "2", "name": "odd", "input": "not an object"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "1",
                        "status": "success",
                        "content": [{"text": " 4 "}],
                    }
                },
                {"toolResult": {"toolUseId": "2", "status": "error", "content": [{"json": 5}]}},
                {"toolResult": {"toolUseId": "3", "status": "success", "content": []}},
            ],
        },
    ]
    read = read_conversation(messages, None)
    assert read.call_ids == ("1", "2")
    assert read.outcomes == (
        Outcome("roll", {"sides": 6}, ("4",), (), (), failed=False),
        Outcome("odd", {}, (), (5,), (), failed=True),
        Outcome("tool", {}, (), (), (), failed=False),
    )


def test_only_the_newest_messages_are_read() -> None:
    messages: Messages = [
        {"role": "user", "content": [{"text": str(number)}]} for number in range(1_000)
    ]
    read = read_conversation(messages, None)
    assert (len(read.earlier_requests), read.request) == (MAXIMUM_MESSAGES - 1, "999")
