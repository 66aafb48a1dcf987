"""The order rules of AG-UI 1.0 as its verifier has them: run level and item level."""

from collections.abc import Iterable
from typing import Any

_OPENS = {
    "TEXT_MESSAGE_START": ("text", "messageId"),
    "TOOL_CALL_START": ("call", "toolCallId"),
    "REASONING_START": ("reasoning", "messageId"),
    "REASONING_MESSAGE_START": ("reasoning message", "messageId"),
}
_CONTINUES = {
    "TEXT_MESSAGE_CONTENT": ("text", "messageId"),
    "TOOL_CALL_ARGS": ("call", "toolCallId"),
    "REASONING_MESSAGE_CONTENT": ("reasoning message", "messageId"),
}
_CLOSES = {
    "TEXT_MESSAGE_END": ("text", "messageId"),
    "TOOL_CALL_END": ("call", "toolCallId"),
    "REASONING_END": ("reasoning", "messageId"),
    "REASONING_MESSAGE_END": ("reasoning message", "messageId"),
}


def without_gateway(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what is about the conversation and not of a run."""
    return [document for document in documents if not document["type"].startswith("gateway.")]


def check_order(events: Iterable[dict[str, Any]]) -> None:
    """Assert that a stream of events would pass the verifier."""
    running = False
    opened: set[tuple[str, str]] = set()
    for event in events:
        kind = event["type"]
        if kind == "RUN_STARTED":
            assert not running, "a run starts while one runs"
            running, opened = True, set()
        elif kind == "RUN_ERROR":
            running, opened = False, set()
        else:
            assert running, f"{kind} outside a run"
            if kind == "RUN_FINISHED":
                assert not opened, f"the run ends with {opened} open"
                running = False
            _check_item(kind, event, opened)


def _check_item(kind: str, event: dict[str, Any], opened: set[tuple[str, str]]) -> None:
    if kind in _OPENS:
        family, name = _OPENS[kind]
        item = (family, event[name])
        assert item not in opened, f"{item} is opened twice"
        opened.add(item)
    elif kind in _CONTINUES:
        family, name = _CONTINUES[kind]
        assert (family, event[name]) in opened, f"{kind} of what is not open"
    elif kind in _CLOSES:
        family, name = _CLOSES[kind]
        item = (family, event[name])
        assert item in opened, f"{kind} of what is not open"
        opened.discard(item)
