"""What an agent does, as values."""

from typing import Any, get_args

import msgspec
import pytest

from protocols.contract import events
from protocols.contract.inputs import Citation, Text


def members(union: Any) -> set[Any]:
    """The classes of a union, those of the unions in it included."""
    found: set[Any] = set()
    for each in get_args(union.__value__):
        found |= members(each) if hasattr(each, "__value__") else {each}
    return found


def test_the_union_holds_every_event_and_nothing_else() -> None:
    defined = {
        each
        for each in vars(events).values()
        if isinstance(each, type) and issubclass(each, events._Event) and each is not events._Event
    }
    assert members(events.Event) == defined


@pytest.mark.parametrize(
    "event",
    [
        events.TextDelta("m", "é"),
        events.ToolFinished("c", (Text("1"),), error=True),
        events.AudioDelta("m", b"\0\1"),
        events.UsageReported(1, 2, 3),
        events.Delegated("s", events.Cited("m", Citation(1, "Atlas", passages=("a",)))),
        events.TurnEnded(),
    ],
)
def test_an_event_survives_being_written_down(event: events.Event) -> None:
    decoder = msgspec.json.Decoder(type(event))
    assert decoder.decode(msgspec.json.encode(event)) == event


def test_events_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        events.TextDelta("m", "a").text = "b"  # type: ignore[misc]  # that is the point
