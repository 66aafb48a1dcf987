"""The limits of the interface are the defaults."""

import msgspec
import pytest

from protocols.websocket.options import WebSocketOptions


def test_the_defaults_are_those_of_the_interface() -> None:
    assert WebSocketOptions() == WebSocketOptions(
        max_frame_bytes=64 * 1024, first_message_seconds=900.0, stalled_seconds=10.0
    )


@pytest.mark.parametrize(
    "option", [{"max_frame_bytes": 10}, {"first_message_seconds": 0}, {"stalled_seconds": -1}]
)
def test_values_that_make_no_sense_are_refused(option: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(option, WebSocketOptions)
