import pytest

from gateway.models.offline.small_talk import (
    MAXIMUM_TOOLS_NAMED,
    WHO_I_AM,
    abilities,
    about_myself,
    count,
    echo,
    is_call_for_help,
    not_understood,
    repeated,
    small_talk,
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Hello!", "Hello, Al! How can I help?"),
        ("hi there", "Hello, Al! How can I help?"),
        ("Good morning.", "Hello, Al! How can I help?"),
        ("thanks a lot", "You are welcome, Al."),
        ("Thank you very much!", "You are welcome, Al."),
        ("great, thanks for your help", "You are welcome, Al."),
        ("thanks what is 2 plus 2", None),
        ("bye bye", "Goodbye, Al."),
        ("Hello, how are you?", "I am running well, thank you. How can I help?"),
        ("nice to meet you", "Nice to meet you too, Al."),
        ("okay", "All right."),
        ("stop", "All right, I stop."),
        ("tell me a joke", None),
    ],
)
def test_manners_are_answered_in_kind(text: str, answer: str | None) -> None:
    assert small_talk(text, "Al") == answer


def test_strangers_are_greeted_without_a_name() -> None:
    assert small_talk("hello", "") == "Hello! How can I help?"


@pytest.mark.parametrize(
    "text",
    [
        "Who are you?",
        "what are you",
        "What's your name?",
        "are you a real AI?",
        "Are you ChatGPT",
        "which model are you",
        "am I talking to a human",
        "who made you",
    ],
)
def test_it_says_plainly_that_it_is_no_language_model(text: str) -> None:
    answer = about_myself(text)
    assert answer == WHO_I_AM
    assert "not a language model" in answer
    assert "GATEWAY_TEXT_MODEL" in answer


@pytest.mark.parametrize("text", ["who is she", "what model of car is best", "what are your notes"])
def test_it_speaks_of_itself_only_when_asked(text: str) -> None:
    assert about_myself(text) is None


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("help", True),
        ("Please help me!", True),
        ("What can you do?", True),
        ("what tools do you have", True),
        ("how can you help me", True),
        ("what can I ask you", True),
        ("help me to add 2 and 3", False),
        ("what can you do? " * 100, False),
    ],
)
def test_calls_for_help_are_known(text: str, asks: bool) -> None:
    assert is_call_for_help(text) == asks


def test_abilities_name_the_tools() -> None:
    assert "these tools: calculator and current time." in abilities(["calculator", "current time"])
    assert "without tools" in abilities([])


def test_what_is_not_understood_is_answered_with_what_would_be() -> None:
    tools = [f"tool {number}" for number in range(MAXIMUM_TOOLS_NAMED + 1)]
    assert "(tool 0, tool 1, tool 2, tool 3, tool 4, more)" in not_understood(tools)
    assert not_understood(["clock"]) == (
        "I did not understand that: I am only an offline demonstration. I can use tools (clock), "
        "count, and remember what you tell me. Say help for more."
    )
    assert "use tools" not in not_understood([])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("say hello world", "hello world"),
        ("Repeat after me: I am here.", "I am here."),
        ("Reply with exactly: pong", "pong"),
        ("respond with the word ok", "ok"),
        ("please say 'good night'", "good night"),
        ("who says so", None),
        ("say", None),
    ],
)
def test_it_says_what_it_is_asked_to_say(text: str, said: str | None) -> None:
    assert echo(text) == said


@pytest.mark.parametrize(
    ("text", "answer", "request_before", "said"),
    [
        ("say that again", "42", "six times seven", "42"),
        ("Say that again, please", "42", "", None),
        ("what did I say?", "42", "six times seven", "You said: six times seven"),
        ("say that again", "", "", None),
        ("hello", "42", "six times seven", None),
    ],
)
def test_the_last_words_can_be_had_again(
    text: str, answer: str, request_before: str, said: str | None
) -> None:
    assert repeated(text, answer, request_before) == said


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("count from 1 to 3", "1, 2, 3."),
        ("Please count from one to eleven.", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10. 11."),
        ("please count from one two four", "1, 2, 3, 4."),
        ("count to three", "1, 2, 3."),
        ("count down from 3", "3, 2, 1."),
        ("count from 10 to 8", "10, 9, 8."),
        ("can you count from 5 to 5", "5."),
        ("count 3", "1, 2, 3."),
        ("count to a million", "That is too far for me: I count 10000 numbers at most."),
        ("count the 3 words of this text", None),
        ("count from 4 to 5 to 6", None),
        ("count to 2.5", None),
        ("count", None),
        ("I count on you", None),
        ("count to 3" + " " * 300 + "please", None),
    ],
)
def test_it_counts(text: str, counted: str | None) -> None:
    assert count(text) == counted


def test_it_counts_to_four_hundred() -> None:
    counted = count("count from 1 to 400")
    assert counted is not None
    assert counted.replace(".", ",").rstrip(",").split(", ") == [str(n) for n in range(1, 401)]
