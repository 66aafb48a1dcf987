import asyncio
from typing import Any

import pytest
from strands import Agent

from tests.scripted import Call, Says, ScriptedModel
from tools.notebook import MAXIMUM_NOTES, STATE_KEY, add_note, delete_note, list_notes, search_notes
from tools.registry import ToolRegistry

LIMIT_SECONDS = 10
TOOLS = ToolRegistry([add_note, list_notes, search_notes, delete_note])
NOTES: Any = {
    "next_number": 4,
    "notes": [
        {"number": 1, "text": "buy Milk."},
        {"number": 3, "text": "call Ada"},
    ],
}


def agent(notebook: Any = None) -> Agent:
    state = {} if notebook is None else {STATE_KEY: notebook}
    tools: list[Any] = [*TOOLS]
    return Agent(model=ScriptedModel(), tools=tools, state=state, callback_handler=None)


async def call(talker: Agent, *calls: tuple[str, str]) -> list[tuple[str, str]]:
    """Let the model call tools at once; return what it sees."""
    model = talker.model
    assert isinstance(model, ScriptedModel)
    uses = [Call(f"c{index}", name, [given]) for index, (name, given) in enumerate(calls)]
    model.turns = [Says(calls=uses), Says(["Done."])]
    async with asyncio.timeout(LIMIT_SECONDS):
        await talker.invoke_async("go")
    results = [block["toolResult"] for block in model.seen[-1].messages[-1]["content"]]
    return [(result["status"], result["content"][0]["text"]) for result in results]


async def test_notes_are_kept_found_and_deleted() -> None:
    talker = agent()
    assert await call(talker, ("list_notes", "{}")) == [("success", "The notebook is empty.")]
    noted = [("success", "Noted as number 1: buy milk")]
    assert await call(talker, ("add_note", '{"text": " buy \\n milk "}')) == noted
    noted = [("success", "Noted as number 2: call Ada")]
    assert await call(talker, ("add_note", '{"text": "call Ada"}')) == noted
    listed = [("success", "There are 2 notes. Number 1: buy milk. Number 2: call Ada.")]
    assert await call(talker, ("list_notes", "{}")) == listed
    deleted = [("success", "Note number 1 is deleted.")]
    assert await call(talker, ("delete_note", '{"number": 1}')) == deleted
    listed = [("success", "There is 1 note. Number 2: call Ada.")]
    assert await call(talker, ("list_notes", "{}")) == listed
    noted = [("success", "Noted as number 3: rest")]
    assert await call(talker, ("add_note", '{"text": "rest"}')) == noted
    assert talker.state.get(STATE_KEY) == {
        "next_number": 4,
        "notes": [{"number": 2, "text": "call Ada"}, {"number": 3, "text": "rest"}],
    }


async def test_notes_of_one_conversation_are_not_those_of_another() -> None:
    one, other = agent(), agent()
    await call(one, ("add_note", '{"text": "mine"}'))
    assert await call(other, ("list_notes", "{}")) == [("success", "The notebook is empty.")]


async def test_no_note_is_lost_when_several_are_added_at_once() -> None:
    talker = agent()
    await call(talker, *[("add_note", f'{{"text": "note {index}"}}') for index in range(20)])
    kept = talker.state.get(STATE_KEY)["notes"]
    assert sorted(note["number"] for note in kept) == list(range(1, 21))
    assert {note["text"] for note in kept} == {f"note {index}" for index in range(20)}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("MILK", "There is 1 note with that. Number 1: buy Milk."),
        ("milk buy", "There is 1 note with that. Number 1: buy Milk."),
        (
            "a",
            "There is 1 note with that. Number 3: call Ada.",
        ),
        ("l", "There are 2 notes with that. Number 1: buy Milk. Number 3: call Ada."),
        ("milk Ada", "No note contains milk Ada."),
    ],
)
async def test_notes_are_searched_for_all_words(query: str, text: str) -> None:
    found = await call(agent(NOTES), ("search_notes", f'{{"query": "{query}"}}'))
    assert found == [("success", text)]


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("add_note", '{"text": "  "}', "There is nothing to note."),
        (
            "add_note",
            f'{{"text": "{"a" * 501}"}}',
            "The note is too long: at most 500 characters.",
        ),
        ("search_notes", '{"query": " "}', "There are no words to look for."),
        ("delete_note", '{"number": 2}', "There is no note number 2."),
    ],
)
async def test_what_cannot_be_done_says_why(name: str, given: str, problem: str) -> None:
    talker = agent(NOTES)
    assert await call(talker, (name, given)) == [("error", problem)]
    assert talker.state.get(STATE_KEY) == NOTES


async def test_a_full_notebook_takes_no_more() -> None:
    notes = [{"number": number, "text": "x"} for number in range(1, MAXIMUM_NOTES + 1)]
    talker = agent({"next_number": MAXIMUM_NOTES + 1, "notes": notes})
    problem = "The notebook is full: 100 notes. Delete one first."
    assert await call(talker, ("add_note", '{"text": "y"}')) == [("error", problem)]
    ((_, listed),) = await call(talker, ("list_notes", "{}"))
    assert listed.endswith("Number 20: x. And 80 more: search for them by a word.")


@pytest.mark.parametrize("stored", ["mine", {"notes": 3}, {"next_number": "x"}])
async def test_state_of_somebody_else_is_not_written_over(stored: Any) -> None:
    talker = agent(stored)
    problem = "What this conversation keeps as notebook is not one."
    assert await call(talker, ("add_note", '{"text": "y"}')) == [("error", problem)]
    assert talker.state.get(STATE_KEY) == stored
