"""Cuts what is said into messages that every wire can carry. Pure.

AgentCore's proxy carries frames of 32 KB. What can be said in several events is: texts by their
deltas, patches of the state by their operations. What AG-UI has no pieces for, such as a tool's
result, is cut, and says so in ``metadata.gateway.cut``; the session keeps the whole of it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

type Document = dict[str, Any]

LARGEST_FRAME_BYTES = 32_000
"""Of what leaves: 32 KB, of which the frame itself takes a little."""

_LARGEST_BYTES = 30_000  # room for the numbers that are added
_LONGEST_DELTA = 5_000  # characters: at most 6 bytes each as JSON
_SHORTER = (16_384, 8_192, 4_096, 1_024, 256, 64)  # characters
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")

_encode = msgspec.json.Encoder().encode


def pieces_of(document: Document) -> list[Document]:
    """Cut a message into several that mean the same, each small enough for a frame."""
    delta = document.get("delta")
    if isinstance(delta, str) and len(delta) > _LONGEST_DELTA:
        return [{**document, "delta": piece} for piece in text_pieces(delta, _LONGEST_DELTA)]
    if isinstance(delta, str) or fits(document):
        return [document]
    if isinstance(delta, list):
        return [fitted({**document, "delta": part}) for part in _packed(delta)]
    if document.get("type") == "STATE_SNAPSHOT" and isinstance(document["snapshot"], dict):
        return _filled(document)
    return [fitted(document)]


def text_pieces(text: str, characters: int) -> list[str]:
    """Cut a text; an empty one is one piece."""
    return [text[at : at + characters] for at in range(0, max(1, len(text)), characters)]


def fits(document: Document, largest_bytes: int = _LARGEST_BYTES) -> bool:
    """Tell whether a message is small enough."""
    return len(_encode(document)) <= largest_bytes


def fitted(document: Document, largest_bytes: int = _LARGEST_BYTES) -> Document:
    """Give a message itself if it is small enough, otherwise one whose long texts are cut."""
    if fits(document, largest_bytes):
        return document
    for characters in _SHORTER:
        shorter = _marked(_shortened(document, characters))
        if fits(shorter, largest_bytes):
            return shorter
    return _marked({name: each for name, each in document.items() if _is_short(each)})


def _filled(snapshot: Document) -> list[Document]:
    """Write a state that is too large as an empty one and the patches that fill it."""
    (empty, *first), *others = _packed([{"op": "add", "path": "", "value": snapshot["snapshot"]}])
    kept = {name: each for name, each in snapshot.items() if name != "snapshot"}
    patches = [{**kept, "type": "STATE_DELTA", "delta": part} for part in (first, *others) if part]
    return [{**snapshot, "snapshot": empty["value"]}, *map(fitted, patches)]


def _packed(operations: list[Any]) -> Iterator[list[Any]]:
    """Share the operations of a JSON patch out, in their order."""
    pack: list[Any] = []
    size = 0
    for operation in operations:
        for part in _parted(operation):
            part_size = len(_encode(part))
            if pack and size + part_size > _LARGEST_BYTES // 2:
                yield pack
                pack, size = [], 0
            pack.append(part)
            size += part_size
    yield pack


def _parted(operation: Any) -> list[Any]:
    """Write an operation that is too large as one with an empty value and others that fill it."""
    if len(_encode(operation)) <= _LARGEST_BYTES // 4:
        return [operation]
    value, path = operation.get("value"), operation.get("path")
    match value:
        case dict():
            inner = [(f"{path}/{_escaped(name)}", each) for name, each in value.items()]
        case list():
            inner = [(f"{path}/-", each) for each in value]
        case _:
            return [operation]
    parts = [{**operation, "value": type(value)()}]
    for inner_path, each in inner:
        # The place of an element is "-" for nobody but who adds it: it is added whole.
        whole = {"op": "add", "path": inner_path, "value": each}
        parts += [whole] if isinstance(value, list) else _parted(whole)
    return parts


def _escaped(name: str) -> str:
    """A member's name as RFC 6901 writes it."""
    return name.replace("~", "~0").replace("/", "~1")


def _shortened(value: Any, characters: int) -> Any:
    match value:
        case str() if len(value) > characters:
            if _BASE64.issuperset(value[:256]):
                return value[: characters // 4 * 4]  # decodes alone
            return f"{value[:characters]}…"
        case dict():
            return {name: _shortened(each, characters) for name, each in value.items()}
        case list():
            return [_shortened(each, characters) for each in value]
        case _:
            return value


def _marked(document: Document) -> Document:
    """Say that something was cut: events in their metadata, other messages in a member."""
    if not str(document.get("type", "")).isupper():
        return {**document, "cut": True}
    metadata = document.get("metadata", {})
    gateway = {**metadata.get("gateway", {}), "cut": True}
    return {**document, "metadata": {**metadata, "gateway": gateway}}


def _is_short(value: Any) -> bool:
    return len(_encode(value)) <= _SHORTER[-2]
