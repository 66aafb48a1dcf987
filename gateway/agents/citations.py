"""Citations of strands (modelled on Amazon Bedrock's) ↔ those of the contract. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import convert, to_builtins

from protocols.contract.inputs import Citation, CitedText, code_units

# Strands' Python types wrap this kind under another name than its TypeScript ones tell it by.
_KINDS = {"searchResultLocation": "searchResult"}


def citation_of(given: Mapping[str, Any], text_offset: int) -> Citation | None:
    """Read a citation; None if it names no source.

    Args:
        given: as strands streams it, and keeps it in its messages.
        text_offset: where in the message the words end that rest on it, in UTF-16 code units.
    """
    texts = [each.get("text") for each in given.get("sourceContent") or ()]
    citation = Citation(
        text_offset,
        given.get("title") or None,
        given.get("source") or None,
        tuple(text for text in texts if text),
        _location(given.get("location") or {}),
    )
    return None if citation == Citation(text_offset) else citation


def cited_text(block: Mapping[str, Any]) -> CitedText:
    """Read the words and citations of a ``citationsContent`` block."""
    text = "".join(each.get("text") or "" for each in block.get("content") or ())
    read = [citation_of(each, code_units(text)) for each in block.get("citations") or ()]
    return CitedText(text, tuple(citation for citation in read if citation is not None))


def noted_block(text: CitedText) -> dict[str, Any]:
    """Show cited words as a text block, which every model takes, with a note that none reads."""
    return {"text": text.text, "citations": to_builtins(text.citations)}


def noted_citations(block: Mapping[str, Any]) -> tuple[Citation, ...]:
    """Read the note of a text block."""
    noted: Iterable[Any] = block.get("citations") or ()
    return convert(noted, tuple[Citation, ...])


def _location(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Name the kind of a location inside of it, instead of around it."""
    for kind, place in given.items():
        if isinstance(place, Mapping) and place:
            return {"type": _KINDS.get(kind, kind), **place}
    return None
