"""What was said to a client, kept for as long as it may come back and ask for it again. Pure.

Bounded in number and size: the oldest go first. Who asks for more than is kept is told so.
"""

from collections import deque
from typing import Any

from msgspec import Struct

type Document = dict[str, Any]

MOST_DOCUMENTS = 4_096
MOST_CHARACTERS = 1_048_576

_FRAME_CHARACTERS = 128


class _Entry(Struct, frozen=True):
    seq: int
    document: Document
    position: float
    characters: int


class Journal:
    """The documents sent last, by their numbers."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque()
        self._characters = 0
        self._newest = 0

    @property
    def newest(self) -> int:
        """The number of the document sent last; 0 if there was none."""
        return self._newest

    def add(self, document: Document, position: float) -> None:
        """Keep a document.

        Args:
            document: an event or a gateway message, numbered.
            position: how much sound was sent before it.
        """
        self._newest = seq_of(document)
        entry = _Entry(self._newest, document, position, _characters(document))
        self._entries.append(entry)
        self._characters += entry.characters
        while len(self._entries) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            self._characters -= self._entries.popleft().characters

    def after(self, seq: int) -> list[Document] | None:
        """Give what was sent after a number; None if not all of it is kept."""
        if seq >= self._newest:
            return []
        if not self._entries or self._entries[0].seq > seq + 1:
            return None
        return [entry.document for entry in self._entries if entry.seq > seq]

    def position_after(self, seq: int) -> float | None:
        """How much sound can have been received by who has seen this number and not the next."""
        return next((entry.position for entry in self._entries if entry.seq > seq), None)

    def clear(self) -> None:
        """Keep nothing of what was sent so far."""
        self._entries.clear()
        self._characters = 0


def seq_of(document: Document) -> int:
    """Tell the number of a document: an event has it in its metadata, a gateway message itself."""
    seq = document.get("seq")
    if seq is None:
        seq = document["metadata"]["gateway"]["seq"]
    return int(seq)


def _characters(document: Document) -> int:
    """About how long a document is; the long members of events are texts at their top."""
    texts = sum(len(value) for value in document.values() if isinstance(value, str))
    nested = sum(len(str(value)) for value in document.values() if isinstance(value, dict | list))
    return _FRAME_CHARACTERS + texts + nested
