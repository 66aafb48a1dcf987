"""Our framing against the two that the SDKs bring, and against damaged bytes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from botocore.eventstream import EventStreamBuffer
from smithy_aws_event_stream.events import Byte, EventMessage, Long, Short

from tests.emulators.event_stream import Decoder, FramingError, Message, encode, event, exception

MOMENT = datetime(2026, 11, 21, 5, 45, 39, 123000, tzinfo=UTC)
HEADERS: dict[str, Any] = {
    ":message-type": "event",
    "yes": True,
    "no": False,
    "count": 70_000,
    "blob": b"\x00\xff",
    "date": MOMENT,
    "id": UUID(int=7),
}


def test_what_we_frame_is_what_smithy_frames() -> None:
    ours = encode(Message(HEADERS, b"payload"))
    assert ours == EventMessage(headers=dict(HEADERS), payload=b"payload").encode()


def test_what_smithy_frames_we_read_in_pieces_of_any_size() -> None:
    headers = HEADERS | {"byte": Byte(-1), "short": Short(-300), "long": Long(1 << 40)}
    framed = EventMessage(headers=headers, payload=b"payload").encode()
    decoder = Decoder()
    read = [message for byte in framed * 2 for message in decoder.feed(bytes([byte]))]
    expected = Message(HEADERS | {"byte": -1, "short": -300, "long": 1 << 40}, b"payload")
    assert (read, decoder.waiting_bytes) == ([expected, expected], 0)


def test_botocore_reads_our_events_and_exceptions() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(encode(event("messageStart", b"{}")) + encode(exception("oops", b"[]")))
    read = [(message.headers, message.payload) for message in buffer]
    assert read == [
        (
            {
                ":event-type": "messageStart",
                ":content-type": "application/json",
                ":message-type": "event",
            },
            b"{}",
        ),
        (
            {
                ":exception-type": "oops",
                ":content-type": "application/json",
                ":message-type": "exception",
            },
            b"[]",
        ),
    ]


@pytest.mark.parametrize("position", [0, 5, 9, 14, -6, -1], ids=str)
def test_any_damaged_byte_is_noticed(position: int) -> None:
    framed = bytearray(encode(event("chunk", b"some payload")))
    framed[position] ^= 0x40
    with pytest.raises(FramingError):
        list(Decoder().feed(bytes(framed)))


def test_half_a_message_waits_for_its_other_half() -> None:
    framed = encode(event("chunk", b"some payload"))
    decoder = Decoder()
    assert (list(decoder.feed(framed[:20])), decoder.waiting_bytes) == ([], 20)


def test_a_header_given_twice_or_of_no_type_is_malformed() -> None:
    twice = EventMessage(headers={"ab": "1", "cd": "2"}).encode().replace(b"cd", b"ab")
    unknown = EventMessage(headers={"ab": True}).encode().replace(b"ab\x00", b"ab\x0c")
    for framed in (twice, unknown):
        with pytest.raises(FramingError):
            list(Decoder().feed(_resealed(framed)))


def test_a_header_that_must_be_text_is_asked_for_as_such() -> None:
    with pytest.raises(FramingError, match=":event-type should be a string and is 3"):
        Message({":event-type": 3}).text(":event-type")


def _resealed(framed: bytes) -> bytes:
    """The message with the checksum that its bytes have now."""
    from zlib import crc32

    return framed[:-4] + crc32(framed[:-4]).to_bytes(4, "big")
