from typing import Any

import pytest

from gateway.models.offline.choosing import choose
from gateway.models.offline.request import Request
from gateway.models.offline.toolbox import Tool, tool_of

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}


def tool(name: str, description: str, required: str = "", /, **properties: Any) -> Tool:
    return tool_of(name, description, {"properties": properties, "required": required.split()})


CLIENT_TOOLS = [
    tool("get_weather", "Weather of a city", "city", city=TEXT),
    tool("roll_dice", "Roll dice and give the total", count=INTEGER, sides=INTEGER),
    tool("set_background_color", "Change the colour of the page", "color", color=TEXT),
    tool("send_message", "Send a message to a person", "recipient text", recipient=TEXT, text=TEXT),
    tool("web_search", "Search the web", "query", query=TEXT),
    tool("switch_light", "Turn a light on or off", "on", on={"type": "boolean"}),
    tool("multiply", "Multiply two numbers", "a b", a=INTEGER, b=INTEGER),
    tool(
        "book_flight",
        "Book a flight",
        "origin destination",
        origin=TEXT,
        destination=TEXT,
        date={"type": "string", "format": "date"},
    ),
    tool("set_timer", "Start a timer", "minutes", minutes=INTEGER),
]


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("What's the weather like in London?", "get_weather", {"city": "London"}),
        ("is it raining in rome", "get_weather", {"city": "Rome"}),
        ("Please call get_weather with city Berlin", "get_weather", {"city": "Berlin"}),
        ("roll a dice", "roll_dice", {}),
        ("role a dice", "roll_dice", {}),
        ("roll two dice with 20 sides", "roll_dice", {"count": 2, "sides": 20}),
        ("roll a 20 sided die", "roll_dice", {"sides": 20}),
        ("set the background color to blue", "set_background_color", {"color": "blue"}),
        ("make the background light green", "set_background_color", {"color": "light green"}),
        (
            "send a message to Bob saying hello there",
            "send_message",
            {"recipient": "Bob", "text": "hello there"},
        ),
        ("search the web for cheap flights", "web_search", {"query": "cheap flights"}),
        ("turn on the light in the kitchen", "switch_light", {"on": True}),
        ("switch the light off", "switch_light", {"on": False}),
        ("what is 6 times 7", "multiply", {"a": 6, "b": 7}),
        (
            "book a flight from London to Paris on 2027-03-01",
            "book_flight",
            {"origin": "London", "destination": "Paris", "date": "2027-03-01"},
        ),
        ("set a timer for ten minutes", "set_timer", {"minutes": 10}),
    ],
)
def test_any_tool_is_found_by_the_words_of_its_description(
    text: str, name: str, arguments: dict[str, Any]
) -> None:
    choice = choose(Request(text), CLIENT_TOOLS)
    assert choice is not None
    assert (choice.tool.name, choice.filled.arguments) == (name, arguments)
    assert choice.filled.missing == ()


@pytest.mark.parametrize(
    "text",
    [
        "what is the capital of France",
        "write a poem about time",
        "tell me a joke",
        "who is the president",
        "I have 12 apples",
        "call 555-1234",
        "hello",
        "",
    ],
)
def test_no_tool_is_called_for_something_else(text: str) -> None:
    assert choose(Request(text), CLIENT_TOOLS) is None


def test_without_tools_there_is_no_choice() -> None:
    assert choose(Request("roll a dice"), []) is None


def test_a_choice_can_be_forced() -> None:
    choice = choose(Request("anything"), CLIENT_TOOLS, at_least=None)
    assert choice is not None


def test_what_is_missing_is_told() -> None:
    choice = choose(Request("what's the weather"), CLIENT_TOOLS)
    assert choice is not None
    assert [parameter.name for parameter in choice.filled.missing] == ["city"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("6 times 7", "abacus"),
        ("26.2 miles in kilometres", "measures"),
        ("how long is a mile", None),
    ],
)
def test_calculations_and_quantities_find_their_tool_without_its_words(
    text: str, name: str | None
) -> None:
    crowd = [tool(f"mile_{word}", f"The mile {word}") for word in ("a", "b", "c", "d", "e", "f")]
    few = [
        tool("abacus", "Beads", "expression", expression=TEXT),
        tool("measures", "Yards", "from_unit", amount=INTEGER, from_unit=TEXT, to_unit=TEXT),
    ]
    choice = choose(Request(text), few if name is None else [*crowd, *few])
    assert (choice and choice.tool.name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("take a note: milk", "add_note"),
        ("what are my notes", "list_notes"),
        ("do I have a note about eggs", "search_notes"),
        ("remove note 2", "delete_note"),
    ],
)
def test_tools_of_a_family_are_told_apart_by_what_they_do(text: str, name: str) -> None:
    family = [
        tool("add_note", "Write a note", "text", text=TEXT),
        tool("list_notes", "Read all notes"),
        tool("search_notes", "Find notes", "query", query=TEXT),
        tool("delete_note", "Delete a note", "number", number=INTEGER),
    ]
    choice = choose(Request(text), family)
    assert choice is not None
    assert choice.tool.name == name
