import pytest

from gateway.cli import event_stream
from gateway.cli.event_stream import EventStreamReader
from gateway.cli.failures import CommandFailed

STREAM = (
    b': keep-alive\n\ndata: {"a":1}\n\nevent: x\nid: 7\ndata:{"b":2}\r\n\r\ndata: c\ndata: d\n\n'
)
FRAMES = [b'{"a":1}', b'{"b":2}', b"c\nd"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_a_stream_is_read_the_same_in_pieces_of_any_size(size: int) -> None:
    reader = EventStreamReader()
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [frame for piece in pieces for frame in reader.feed(piece)] == FRAMES


def test_a_frame_that_is_not_ended_is_not_given() -> None:
    reader = EventStreamReader()
    assert reader.feed(b"data: x\n") == []
    assert reader.feed(b"\n") == [b"x"]


@pytest.mark.parametrize("flood", [b"data: " + b"x" * 100, b"data: x\n" * 100])
def test_a_frame_without_end_is_given_up(flood: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MAX_FRAME_BYTES", 50)
    with pytest.raises(CommandFailed, match="without end"):
        EventStreamReader().feed(flood)
