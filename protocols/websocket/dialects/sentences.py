"""Gathers the deltas of a message into sentences, for clients that show each piece alone. Pure.

Models write words or parts of words at a time. The sample clients were made for Nova Sonic, which
writes whole sentences: they join pieces with spaces, and drop a piece they have seen before.
"""

import re

_SENTENCE = re.compile(r"[^\n]*?(?:[.!?…]+[\"')\]]*\s+|[。！？]+|\n)", re.DOTALL)
_ENDS = (".", "!", "?", "…", "。", "！", "？", ":", ";")
_LONGEST_CHARACTERS = 400


class Sentences:
    """Holds the sentence that is not over yet. Whitespace is kept: the pieces join to the text."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, delta: str) -> list[str]:
        """Take a delta; give the sentences that are over."""
        self._held += delta
        pieces: list[str] = []
        while match := _SENTENCE.match(self._held):
            pieces.append(self._take(match.end()))
        while len(self._held) > _LONGEST_CHARACTERS:
            space = self._held.rfind(" ", 0, _LONGEST_CHARACTERS)
            pieces.append(self._take(space + 1 or _LONGEST_CHARACTERS))
        return [part for piece in pieces for part in _short(piece)]

    def spoken(self) -> str:
        """Give what is held if it looks like a whole sentence: its sound comes now."""
        return self.rest() if self._held.rstrip().endswith(_ENDS) else ""

    def rest(self) -> str:
        """Give what is held: nothing more comes."""
        return self._take(len(self._held))

    def _take(self, characters: int) -> str:
        taken, self._held = self._held[:characters], self._held[characters:]
        return taken


def _short(piece: str) -> list[str]:
    step = _LONGEST_CHARACTERS
    return [piece[start : start + step] for start in range(0, len(piece), step)]
