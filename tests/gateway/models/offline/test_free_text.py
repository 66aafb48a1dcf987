import pytest

from gateway.models.offline.free_text import free_text, named_text, tail
from gateway.models.offline.language import stems
from gateway.models.offline.parameters import parameters_of
from gateway.models.offline.request import Request


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("make a note: buy milk.", "buy milk"),
        ("Make a note to call mum tomorrow.", "call mum tomorrow"),
        ("note that the meeting is at five", "the meeting is at five"),
        ("note buy eggs, please!", "buy eggs"),
        ("5:30 call Bob", "5:30 call Bob"),
        ("add milk to my notes", "milk"),
        ("make a note", None),
        ("note: ", None),
    ],
)
def test_the_words_that_ask_for_a_tool_are_taken_away(text: str, left: str | None) -> None:
    found = free_text(Request(text), stems("add note"), [])
    assert (found and found.value) == left


def test_words_taken_already_are_not_taken_again() -> None:
    found = free_text(Request("note milk tomorrow"), stems("note"), [(10, 18)])
    assert found is not None
    assert found.value == "milk"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("title", "with title: Hello, and more", "Hello"),
        ("title", 'the title is "Hello"', "Hello"),
        ("background_color", "set the background color to dark blue", "dark blue"),
        ("theme", "change the theme of the page to dark", "dark"),
        ("theme", "the theme of the page to dark", None),
        ("recipient", "send a message to Bob saying hello", "Bob"),
        ("recipient", "send Bob a message", "Bob"),
        ("sender", "show messages from Ann about lunch", "Ann"),
        ("target_language", "translate good day into French", "French"),
        ("topic", "write about the sea", "the sea"),
        ("name", "a dog called Rex", "Rex"),
        ("artist", "play songs by Bach", "Bach"),
        ("message", "tell him, saying: I am late, sorry", "I am late, sorry"),
        ("origin_city", "from Rome to Paris", None),
        ("_", "with _ = 5", None),
        ("title", "the title is ''", None),
    ],
)
def test_values_are_found_by_how_they_are_introduced(
    name: str, text: str, value: str | None
) -> None:
    (parameter,) = parameters_of({"properties": {name: {"type": "string"}}})
    found = named_text(Request(text), parameter)
    assert (found and found.value) == value


def test_the_tail_is_the_last_word_that_is_nobody_elses() -> None:
    known = stems("weather")
    found = tail(Request("what about berlin weather please"), known, [])
    assert found is not None
    assert found.value == "berlin"
    assert tail(Request("what about berlin"), known, [(11, 17)]) is None
