"""AG-UI's protobuf binding: events → frames, each a length and one ``Event`` message (pure).

Members the protocol does not know are left out, and an empty list is an absent one: protobuf has no
word for either. Whatever the JSON encoder takes can be written, and means the same.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from protocols.ag_ui.protobuf_schema import (
    EVENT_TYPES,
    MESSAGES,
    OPERATIONS,
    Member,
    event_class,
    members,
)
from protocols.ag_ui_events import AgUiEvent

MEDIA_TYPE = "application/vnd.ag-ui.event+proto"

_LENGTH_BYTES = 4

type _Write = Callable[[Any], Any]


def is_asked_for(accept: str) -> bool:
    """Tell whether an ``Accept`` header names the binding; wildcards do not, curl sends them."""
    for accepted in accept.lower().split(","):
        name, *parameters = (part.strip() for part in accepted.split(";"))
        if name == MEDIA_TYPE and _quality(parameters) > 0:
            return True
    return False


def load() -> None:
    """Load the library; takes a tenth of a second the first time."""
    event_class()


def frame(events: Sequence[AgUiEvent]) -> bytes:
    """Write events as frames, one ``Event`` each."""
    return b"".join(_frame(event) for event in events)


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0
    return 1


def _frame(event: AgUiEvent) -> bytes:
    kind = event["type"]
    written = _written(kind, event)
    written["baseEvent"] = _written("BaseEvent", event)
    message: bytes = event_class()(**{kind: written}).SerializeToString()
    return len(message).to_bytes(_LENGTH_BYTES) + message


def _written(message: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Write what a JSON object has of a message's members; null is absent except as a value."""
    reshape = _RESHAPED.get(message)
    if reshape is not None:
        given = reshape(given)
    writers = _writers()[message]
    written = {}
    for name, value in given.items():
        write = writers.get(name)
        if write is not None and (value is not None or write is _write_value):
            written[name] = write(value)
    return written


def _write_value(value: Any) -> dict[str, Any]:
    # What the JSON encoder takes beside JSON (dates, tuples, structs) becomes what it writes.
    return _value(msgspec.to_builtins(value, str_keys=True))


def _write_struct(value: Any) -> dict[str, Any]:
    return _struct(msgspec.to_builtins(value, str_keys=True))


def _value(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"text": value}
        case bool():
            return {"bool": value}
        case int():
            # By way of text: beyond a double it is infinite, as JavaScript reads it from JSON.
            return {"number": float(str(value))}
        case float() if math.isfinite(value):
            return {"number": value}
        case dict():
            return {"object": _struct(value)}
        case list() | tuple():
            return {"list": {"values": [_value(item) for item in value]}}
        case _:  # nothing, and what is no number: JSON has null for both
            return {"null": 0}


def _struct(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"fields": [{"key": key, "value": _value(value)} for key, value in given.items()]}


def _content_by_carrier(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Text, parts and an activity's object share one name in JSON, here they have three."""
    carried: dict[str, Any] = {"content": None, "contentParts": None, "activityContent": None}
    match content := given.get("content"):
        case list() | tuple():
            carried["contentParts"] = content
        case dict():
            carried["activityContent"] = content
        case _:
            carried["content"] = content
    return {**given, **carried}


def _outcome_beside(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an outcome holds stands beside it; the outcome itself is its type."""
    outcome = given.get("outcome")
    return given if outcome is None else {**given, **outcome, "outcome": outcome["type"]}


def _by_type(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {given["type"]: given}


_RESHAPED: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "RUN_FINISHED": _outcome_beside,
    "SUBAGENT_FINISHED": _outcome_beside,
    "TOOL_CALL_RESULT": _content_by_carrier,
    "Message": _content_by_carrier,
    "InputContent": _by_type,
    "Source": _by_type,
}


@functools.cache
def _writers() -> dict[str, dict[str, _Write]]:
    """How the members of each message are written, by name."""
    return {
        message: {member.name: _writer(member) for member in members(message)}
        for message in MESSAGES
    }


def _writer(member: Member) -> _Write:
    simple: dict[str, _Write] = {
        "Value": _write_value,
        "Struct": _write_struct,
        "EventType": EVENT_TYPES.__getitem__,
        "Operation": OPERATIONS.__getitem__,
    }
    if member.kind in simple:
        return simple[member.kind]
    if member.kind not in MESSAGES:
        return _as_it_is
    write = functools.partial(_written, member.kind)
    return (lambda items: [write(item) for item in items]) if member.repeated else write


def _as_it_is(value: Any) -> Any:
    return value
