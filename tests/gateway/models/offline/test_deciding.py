import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import pytest
from strands.types.content import Messages
from strands.types.tools import ToolSpec

from gateway.models.offline.conversation import read_conversation
from gateway.models.offline.deciding import Call, Decision, decide
from gateway.models.offline.small_talk import WHO_I_AM
from gateway.models.offline.toolbox import Tool, tool_of
from tests.gateway.models.offline.natural_requests import REQUESTS
from tools.catalog import TOOLS


def served(spec: ToolSpec) -> Tool:
    return tool_of(spec["name"], spec["description"], spec["inputSchema"]["json"])


SERVED = [served(tool.tool_spec) for tool in TOOLS]
WEATHER = tool_of(
    "get_weather", "The weather", {"properties": {"city": {"type": "string"}}, "required": ["city"]}
)
TEXT = {"type": "string"}
SEND = tool_of(
    "send_message",
    "Send a message",
    {
        "properties": {"recipient": TEXT, "message": TEXT, "copies": {"type": "integer"}},
        "required": ["recipient", "message"],
    },
)
BLIND = "I cannot see the image you sent: I am an offline demonstration model."
TIMER = tool_of(
    "set_timer",
    "Start a timer",
    {"properties": {"minutes": {"type": "integer"}}, "required": ["minutes"]},
)


def conversation(*turns: str) -> Messages:
    """What user and assistant said by turns, the user first."""
    return [
        {"role": "assistant" if index % 2 else "user", "content": [{"text": turn}]}
        for index, turn in enumerate(turns)
    ]


def decided(*turns: str, tools: list[Tool] | None = None, background: str = "") -> Decision:
    read = read_conversation(conversation(*turns), background)
    return decide(read, SERVED if tools is None else tools)


@pytest.mark.parametrize(("text", "tool", "arguments"), REQUESTS)
def test_natural_sentences_call_the_tools_that_are_served(
    text: str, tool: str, arguments: Mapping[str, Any]
) -> None:
    assert decided(text) == Decision("", (Call(tool, arguments),))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("My name is David.", "Nice to meet you, David."),
        ("my name is david", "Nice to meet you, David."),
        ("What is my name?", "You have not told me your name yet."),
        ("Please count from one to five.", "1, 2, 3, 4, 5."),
        ("please count from one two five", "1, 2, 3, 4, 5."),
        ("Hello", "Hello! How can I help?"),
        ("thank you", "You are welcome."),
        ("Who are you?", WHO_I_AM),
        ("are you a real AI", WHO_I_AM),
        ("say hello world", "hello world"),
        ("repeat after me: what time is it", "what time is it"),
        ("what's the weather", "What city should I use for get weather?"),
        ("delete a note", "What number should I use for delete note?"),
        ("take a note", "What text should I use for add note?"),
        ("I live in Paris", "I will remember that you live in Paris."),
        ("", "I did not get any words to answer."),
        ("…", "I did not get any words to answer."),
    ],
)
def test_words_are_answered_with_words(text: str, answer: str) -> None:
    assert decided(text, tools=[*SERVED, WEATHER]) == Decision(answer)


@pytest.mark.parametrize(
    "text",
    [
        "what is the capital of France",
        "tell me a joke",
        "write a poem about time",
        "how tall is the Eiffel Tower",
        "hmm",
        "You",
        "🙂",
    ],
)
def test_what_is_not_understood_is_said_honestly(text: str) -> None:
    answer = decided(text)
    assert answer.calls == ()
    assert answer.text.startswith("I did not understand that: I am only an offline demonstration.")


def test_help_lists_the_tools() -> None:
    answer = decided("what can you do?")
    assert answer.calls == ()
    assert all(tool.spoken in answer.text for tool in SERVED)


def test_arithmetic_without_a_calculator_is_refused() -> None:
    refusal = "I have no tool here that works out 42 times 17."
    assert decided("What is 42 times 17?", tools=[]) == Decision(refusal)


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        (
            "what is 2+2 and what time is it in Tokyo?",
            Decision(
                "",
                (
                    Call("calculator", {"expression": "2 + 2"}),
                    Call("current_time", {"place": "Tokyo"}),
                ),
            ),
        ),
        (
            "What time is it in Paris and Tokyo?",
            Decision(
                "",
                (
                    Call("current_time", {"place": "Paris"}),
                    Call("current_time", {"place": "Tokyo"}),
                ),
            ),
        ),
        (
            "Hi, I'm Bob, what is 3 times 4? What is 3 times 4?",
            Decision("Nice to meet you, Bob.", (Call("calculator", {"expression": "3 * 4"}),)),
        ),
        (
            "The sky is blue. What is 3 times 4?",
            Decision("", (Call("calculator", {"expression": "3 * 4"}),)),
        ),
        (
            "My favourite colour is blue. Hello!",
            Decision("I will remember that your favourite colour is blue. Hello! How can I help?"),
        ),
    ],
)
def test_several_requests_are_answered_in_one_turn(text: str, decision: Decision) -> None:
    assert decided(text) == decision


def test_two_sentences_without_sense_are_not_understood() -> None:
    assert decided("Blue sky. Green grass.").text.startswith("I did not understand")


def test_what_was_told_is_known_later() -> None:
    told = ("My name is David.", "Nice to meet you, David.", "I like tea", "Fine.")
    assert decided(*told, "what is my name?").text == "Your name is David."
    assert decided(*told, "hello").text == "Hello, David! How can I help?"
    assert decided(*told, "say that again").text == "Fine."
    assert decided(*told, "what did I say").text == "You said: I like tea"
    everything = "You told me that your name is David and you like tea."
    assert decided(*told, "what do you know about me?").text == everything


def test_what_was_told_in_the_same_breath_is_known() -> None:
    messages: Messages = [
        {"role": "user", "content": [{"text": "My name is Ann."}, {"text": "What is my name?"}]}
    ]
    answer = decide(read_conversation(messages, None), SERVED)
    assert answer.text == "Nice to meet you, Ann. Your name is Ann."


def test_the_background_is_known() -> None:
    answer = decided("what is my name?", background="The user's name is David.")
    assert answer.text == "Your name is David."


def test_a_tool_named_by_its_programs_name_comes_first() -> None:
    tool = tool_of("say_hello", "Greets", {})
    assert decided("hello say_hello", tools=[tool]).calls == (Call("say_hello", {}),)


@pytest.mark.parametrize(
    ("tool", "request_before", "question", "text", "decision"),
    [
        (
            WEATHER,
            "what's the weather",
            "What city should I use for get weather?",
            "in London, please",
            Decision("", (Call("get_weather", {"city": "London"}),)),
        ),
        (
            WEATHER,
            "what's the weather",
            "What city should I use for get weather?",
            "my name is Ann",
            Decision("Nice to meet you, Ann."),
        ),
        (
            TIMER,
            "set a timer",
            "What minutes should I use for set timer?",
            "ten",
            Decision("", (Call("set_timer", {"minutes": 10}),)),
        ),
        (
            TIMER,
            "set a timer",
            "What minutes should I use for set timer?",
            "long ones",
            Decision("What minutes should I use for set timer?"),
        ),
        (
            SEND,
            "send a message",
            "What recipient and message should I use for send message?",
            "Bob and good day",
            Decision("", (Call("send_message", {"recipient": "Bob", "message": "good day"}),)),
        ),
        (
            SEND,
            "send a message",
            "What recipient and message should I use for send message?",
            "Bob",
            Decision("What message should I use for send message?"),
        ),
    ],
)
def test_an_argument_asked_for_is_taken_from_the_answer(
    tool: Tool, request_before: str, question: str, text: str, decision: Decision
) -> None:
    assert decided(request_before, tools=[tool]) == Decision(question)
    assert decided(request_before, question, text, tools=[tool]) == decision


def test_a_question_for_a_tool_that_is_gone_is_forgotten() -> None:
    asked = "What city should I use for get weather?"
    answer = decided("what's the weather", asked, "London", tools=[TIMER])
    assert answer.text.startswith("I did not understand")


def results(*contents: str, failed: bool = False, then: str = "") -> Messages:
    """A request for two tools, and what they answered."""
    messages = conversation("what is 2+2 and what time is it in Tokyo")
    names = (
        ("1", "calculator", {"expression": "2 + 2"}),
        ("2", "current_time", {"place": "Tokyo"}),
    )
    messages.append(
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": key, "name": name, "input": arguments}}
                for key, name, arguments in names[: len(contents)]
            ],
        }
    )
    messages.append(
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": str(index),
                        "status": "error" if failed else "success",
                        "content": [{"text": content}],
                    }
                }
                for index, content in enumerate(contents, start=1)
            ],
        }
    )
    if then:
        messages[-1]["content"].append({"text": then})
    return messages


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        (results("4", "It is 9 PM in Tokyo."), "2 plus 2 is 4. It is 9 PM in Tokyo."),
        (results("Broken.", failed=True), "The calculator tool could not do that: Broken."),
        (results("4", then="what is my name"), "You have not told me your name yet."),
        (results("4", then="go on with it"), "2 plus 2 is 4."),
    ],
)
def test_results_are_told_and_no_tool_is_called_again(messages: Messages, answer: str) -> None:
    assert decide(read_conversation(messages, None), SERVED) == Decision(answer)


def test_a_question_after_results_is_answered_first() -> None:
    messages = results("4", then="what is 3+3")
    again = decide(read_conversation(messages, None), SERVED)
    assert again == Decision("", (Call("calculator", {"expression": "3 + 3"}),))


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("what is this?", Decision(BLIND)),
        ("what is 2+2", Decision(BLIND, (Call("calculator", {"expression": "2 + 2"}),))),
        ("my name is Ann", Decision(f"{BLIND} Nice to meet you, Ann.")),
    ],
)
def test_it_says_that_it_cannot_see(text: str, decision: Decision) -> None:
    messages = conversation(text)
    messages[0]["content"].append({"image": {"format": "png", "source": {"bytes": b"png"}}})
    assert decide(read_conversation(messages, None), SERVED) == decision


def test_a_call_can_be_demanded() -> None:
    read = read_conversation(conversation("London"), None)
    weather = decide(read, [WEATHER], must_call=True)
    assert weather.calls == (Call("get_weather", {"city": "London"}),)
    timer = decide(read, [TIMER], must_call=True)
    assert timer == Decision("What minutes should I use for set timer?")
    assert decide(read, [], must_call=True).text.startswith("I did not understand")


def work_on(text: str) -> int:
    """How many functions are called to decide about a text."""
    calls = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    read = read_conversation(conversation(text), None)
    sys.setprofile(note)
    try:
        decide(read, SERVED)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "word",
    [
        *("word ", "1 ", "(", "1+", "my is ", "to ", "5 m ", '"', "and what ", "a. "),
        *("january 1 ", "what, ", "sqrt ", "point 1 ", "minus ", "in Paris and ", "😀"),
    ],
)
def test_a_megabyte_is_little_more_work_than_a_page(word: str) -> None:
    page, megabyte = (word * (length // len(word)) for length in (4_000, 1_000_000))
    assert work_on(megabyte) <= 3 * work_on(page)
    assert work_on(megabyte) < 400_000


def test_a_long_memory_is_read_in_bounded_work() -> None:
    told = [turn for _ in range(5_000) for turn in ("a. I my b. my c is d. " * 50, "Fine.")]
    assert decided(*told, "what is my name").text == "You have not told me your name yet."
