"""Streamed text, cut where a speaker would breathe.

Pieces keep their white space: put together again they are the text, nothing more or less.
"""

import re

# Beyond this a sentence is cut at a comma, or at a space: it is said before it is complete.
LONGEST_PIECE = 240

# The first words of an answer are waited for: a long first sentence is cut at a comma.
LONGEST_FIRST_PIECE = 80

_END = re.compile(r"[.!?\u2026]+[\"')\]\u201d]*\s+|\n+\s*")
_NO_END = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|vs|no|approx|e\.g|i\.e|etc|[a-z])|^\s*\d+)\.\s+$", re.IGNORECASE
)
_HALF_DAY = re.compile(r"\b[ap]\.m\.\s+$", re.IGNORECASE)


class SentenceCutter:
    """Collects text and hands out what can be said."""

    def __init__(self) -> None:
        self._rest = ""
        self._begun = False

    def push(self, text: str) -> list[str]:
        """Take the next text and return the sentences it completes."""
        self._rest += text
        sentences: list[str] = []
        while cut := self._next_cut():
            sentences.append(self._rest[:cut])
            self._rest = self._rest[cut:]
            self._begun = True
        return sentences

    def finish(self) -> list[str]:
        """Return what is left."""
        rest, self._rest = self._rest, ""
        return [rest] if rest.strip() else []

    def _next_cut(self) -> int:
        end = self._sentence_end()
        limits = (LONGEST_PIECE,) if self._begun else (LONGEST_FIRST_PIECE, LONGEST_PIECE)
        for limit in limits:
            if 0 < end <= limit:
                return end
            if len(self._rest) > limit and (comma := _last_comma(self._rest[:limit])):
                return comma
        if len(self._rest) > LONGEST_PIECE:
            return self._rest[:LONGEST_PIECE].rfind(" ") + 1 or LONGEST_PIECE
        return 0

    def _sentence_end(self) -> int:
        for end in _END.finditer(self._rest):
            # White space at the very end may go on in the next text; then the cut waits for it.
            if end.end() == len(self._rest):
                break
            before = self._rest[: end.end()]
            if before.strip() and ("\n" in end[0] or not _is_abbreviation(before)):
                return end.end()
        return 0


def cut_sentences(text: str) -> list[str]:
    """Cut a whole text."""
    cutter = SentenceCutter()
    return cutter.push(text) + cutter.finish()


def _is_abbreviation(before: str) -> bool:
    return bool(_NO_END.search(before) or _HALF_DAY.search(before))


def _last_comma(window: str) -> int:
    found = max(window.rfind(", "), window.rfind("; "))
    return found + 2 if found >= 0 else 0
