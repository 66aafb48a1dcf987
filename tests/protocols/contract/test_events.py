"""What an agent does, as values."""

from typing import get_args

import msgspec
import pytest

from protocols.contract import events
from protocols.contract.inputs import Text


def test_the_union_holds_every_event_and_nothing_else() -> None:
    defined = {
        each
        for each in vars(events).values()
        if isinstance(each, type) and issubclass(each, events._Event) and each is not events._Event
    }
    assert set(get_args(events.Event.__value__)) == defined


@pytest.mark.parametrize(
    "event",
    [
        events.TextDelta("m", "é"),
        events.ToolFinished("c", (Text("1"),), error=True),
        events.AudioDelta("m", b"\0\1"),
        events.UsageReported(1, 2, 3),
        events.TurnEnded(),
    ],
)
def test_an_event_survives_being_written_down(event: events.Event) -> None:
    decoder = msgspec.json.Decoder(type(event))
    assert decoder.decode(msgspec.json.encode(event)) == event


def test_events_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        events.TextDelta("m", "a").text = "b"  # type: ignore[misc]  # that is the point
