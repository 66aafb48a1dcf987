"""Notes that a conversation keeps: they live in its state, so every wire has the same ones.

The tools are ``async`` on purpose: they read, change and write the state without a pause, so that
two calls at once cannot lose a note, as they could in two threads.
"""

import msgspec
from msgspec import Struct
from strands import ToolContext, tool

STATE_KEY = "notebook"
MAXIMUM_NOTES = 100
MAXIMUM_CHARACTERS = 500
READ_AT_ONCE = 20
"""Notes in one answer: it may be spoken."""


class NotebookError(ValueError):
    """The notebook cannot do what was asked; the text says why."""


class Note(Struct, frozen=True):
    """One note; its number stays its own when others are deleted."""

    number: int
    text: str


class Notebook(Struct):
    """The notes of one conversation."""

    next_number: int = 1
    notes: list[Note] = []


@tool(context=True)
async def add_note(text: str, tool_context: ToolContext) -> str:
    """Write a note into the notebook of this conversation, to remember something for the user.

    Args:
        text: What to note, such as "buy milk".
        tool_context: Where the conversation keeps its state; strands gives it.
    """
    said = " ".join(text.split())
    if not said:
        raise NotebookError("There is nothing to note.")
    if len(said) > MAXIMUM_CHARACTERS:
        raise NotebookError(f"The note is too long: at most {MAXIMUM_CHARACTERS} characters.")
    notebook = _read(tool_context)
    if len(notebook.notes) >= MAXIMUM_NOTES:
        raise NotebookError(f"The notebook is full: {MAXIMUM_NOTES} notes. Delete one first.")
    note = Note(notebook.next_number, said)
    _write(tool_context, Notebook(note.number + 1, [*notebook.notes, note]))
    return f"Noted as number {note.number}: {said}"


@tool(context=True)
async def list_notes(tool_context: ToolContext) -> str:
    """Read out all notes of the notebook, with their numbers."""
    notes = _read(tool_context).notes
    if not notes:
        return "The notebook is empty."
    return f"There {_are(len(notes))}. {_listed(notes)}"


@tool(context=True)
async def search_notes(query: str, tool_context: ToolContext) -> str:
    """Find the notes of the notebook that contain some words.

    Args:
        query: The words to look for.
        tool_context: Where the conversation keeps its state; strands gives it.
    """
    words = query.casefold().split()
    if not words:
        raise NotebookError("There are no words to look for.")
    found = [
        note
        for note in _read(tool_context).notes
        if all(word in note.text.casefold() for word in words)
    ]
    if not found:
        return f"No note contains {' '.join(query.split())[:MAXIMUM_CHARACTERS]}."
    return f"There {_are(len(found))} with that. {_listed(found)}"


@tool(context=True)
async def delete_note(number: int, tool_context: ToolContext) -> str:
    """Delete a note from the notebook.

    Args:
        number: The number of the note, as given when it was noted or listed.
        tool_context: Where the conversation keeps its state; strands gives it.
    """
    notebook = _read(tool_context)
    kept = [note for note in notebook.notes if note.number != number]
    if len(kept) == len(notebook.notes):
        raise NotebookError(f"There is no note number {number}.")
    _write(tool_context, Notebook(notebook.next_number, kept))
    return f"Note number {number} is deleted."


def _read(context: ToolContext) -> Notebook:
    stored = context.agent.state.get(STATE_KEY)
    if stored is None:
        return Notebook()
    try:
        return msgspec.convert(stored, Notebook)
    except msgspec.ValidationError as error:
        # Clients may set state of their own: never write over what is not ours.
        raise NotebookError("What this conversation keeps as notebook is not one.") from error


def _write(context: ToolContext, notebook: Notebook) -> None:
    context.agent.state.set(STATE_KEY, msgspec.to_builtins(notebook))


def _are(count: int) -> str:
    return "is 1 note" if count == 1 else f"are {count} notes"


def _listed(notes: list[Note]) -> str:
    shown = [f"Number {note.number}: {note.text.rstrip('.')}." for note in notes[:READ_AT_ONCE]]
    if len(notes) > READ_AT_ONCE:
        shown.append(f"And {len(notes) - READ_AT_ONCE} more: search for them by a word.")
    return " ".join(shown)
