"""Media: contract parts ↔ strands blocks, within what Amazon Bedrock's Converse demands (pure).

Converse refuses a request that names two documents alike, or with characters it does not list, and
one that shows a document without a word.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

from strands.types.content import ContentBlock, Message

from gateway.models.media import KINDS, shown_to
from protocols.contract.inputs import Media
from protocols.contract.media_types import format_of, mime_type_of

__all__ = [
    "KINDS",
    "document_names",
    "media_block",
    "media_part",
    "named_apart",
    "shown_to",
    "with_words",
]

_UNNAMED = "document"
_LONGEST_NAME = 150  # Converse takes 200; there may come a number behind it
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9()\[\]-]+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_WORDLESS = "See the attached document."


def media_block(part: Media) -> ContentBlock:
    """Show media as a block; what no provider has a word for is named instead."""
    short = format_of(part.kind, part.mime_type)
    if short is None:
        return {"text": f"[an attached {part.kind} of a type that cannot be shown to the model]"}
    media: Any = {"format": short, "source": {"bytes": part.data}}
    if part.kind == "document":
        media["name"] = _name(part.name)
    return cast(ContentBlock, {part.kind: media})


def media_part(block: Any) -> Media | None:
    """Read a block that holds media as bytes; None for any other."""
    for kind in KINDS:
        media = block.get(kind)
        if media is not None and "bytes" in media.get("source", {}):
            mime_type = mime_type_of(kind, media["format"])
            return Media(kind, mime_type, media["source"]["bytes"], media.get("name", ""))
    return None


def with_words(blocks: list[ContentBlock]) -> list[ContentBlock]:
    """Add a few words to documents that come without any."""
    if any("document" in block for block in blocks) and not any("text" in b for b in blocks):
        return [*blocks, {"text": _WORDLESS}]
    return blocks


def document_names(messages: Iterable[Message]) -> set[str]:
    """List the names of all documents, those in tool results included."""
    return {name for message in messages for name in _names(message["content"])}


def named_apart(blocks: Sequence[Any], taken: set[str]) -> list[Any]:
    """Number the documents whose name is taken, and take the names of all; copies what it changes.

    The numbers follow from the order, so that the same history is the same request.
    """
    return [_apart(block, taken) for block in blocks]


def _apart(block: Any, taken: set[str]) -> Any:
    if "toolResult" in block:
        result = block["toolResult"]
        return {"toolResult": {**result, "content": named_apart(result["content"], taken)}}
    if "document" not in block:
        return block
    document = block["document"]
    name = _free(document.get("name", _UNNAMED), taken)
    taken.add(name)
    return {**block, "document": {**document, "name": name}}


def _free(name: str, taken: Collection[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _names(blocks: Sequence[Any]) -> Iterable[str]:
    for block in blocks:
        if "toolResult" in block:
            yield from _names(block["toolResult"]["content"])
        elif "document" in block:
            yield block["document"].get("name", _UNNAMED)


def _name(text: str) -> str:
    plain = _NOT_IN_NAMES.sub(" ", _ENDING.sub("", text)).strip()
    return plain[:_LONGEST_NAME].rstrip() or _UNNAMED
