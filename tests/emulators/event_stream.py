"""The framing `application/vnd.amazon.eventstream`, written after its specification; no I/O.

A message is: total length, length of the headers, CRC of these two, headers, payload, CRC of
everything before. Independent of botocore and smithy, so that they are tested and not trusted.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_PRELUDE_BYTES = 12
_FRAME_BYTES = 16
_MAX_HEADER_BYTES = 128 * 1024
_MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INTEGERS = {2: ">b", 3: ">h", 4: ">i", 5: ">q"}

type HeaderValue = bool | int | bytes | str | datetime | UUID


class FramingError(ValueError):
    """The bytes are no event stream."""


@dataclass(frozen=True)
class Message:
    """One message of an event stream."""

    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    payload: bytes = b""

    def text(self, header: str) -> str:
        """A header that must be text.

        Raises:
            FramingError: it is missing, or is no text.
        """
        value = self.headers.get(header)
        if not isinstance(value, str):
            raise FramingError(f"header {header} should be a string and is {value!r}")
        return value


def event(kind: str, payload: bytes) -> Message:
    """An event of a stream, as services send them."""
    return Message(
        {":event-type": kind, ":content-type": "application/json", ":message-type": "event"},
        payload,
    )


def exception(kind: str, payload: bytes) -> Message:
    """A modelled exception within a stream."""
    return Message(
        {
            ":exception-type": kind,
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        payload,
    )


def encode(message: Message) -> bytes:
    """Frame a message."""
    headers = encode_headers(message.headers)
    lengths = struct.pack(">II", _FRAME_BYTES + len(headers) + len(message.payload), len(headers))
    framed = lengths + struct.pack(">I", crc32(lengths)) + headers + message.payload
    return framed + struct.pack(">I", crc32(framed))


def encode_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    """Encode headers alone, as signatures need them."""
    encoded = bytearray()
    for name, value in headers.items():
        raw = name.encode()
        encoded += bytes([len(raw)]) + raw + _encode_value(value)
    return bytes(encoded)


def _encode_value(value: HeaderValue) -> bytes:
    match value:
        case bool():
            return bytes([0 if value else 1])
        case int():
            return bytes([4]) + struct.pack(">i", value)
        case bytes():
            return bytes([6]) + struct.pack(">H", len(value)) + value
        case str():
            raw = value.encode()
            return bytes([7]) + struct.pack(">H", len(raw)) + raw
        case datetime():
            return bytes([8]) + struct.pack(">q", (value - _EPOCH) // _MILLISECOND)
        case UUID():
            return bytes([9]) + value.bytes


class Decoder:
    """Collects bytes; gives the messages that are complete."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    @property
    def waiting_bytes(self) -> int:
        """How much of an unfinished message is here."""
        return len(self._waiting)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes, give messages.

        Raises:
            FramingError: a length or checksum is wrong.
        """
        self._waiting += data
        while (length := self._length()) is not None and len(self._waiting) >= length:
            frame = bytes(self._waiting[:length])
            del self._waiting[:length]
            yield _decode(frame)

    def _length(self) -> int | None:
        """Length of the first message, once its prelude is here and right."""
        if len(self._waiting) < _PRELUDE_BYTES:
            return None
        total, headers, checksum = struct.unpack_from(">III", self._waiting)
        if crc32(self._waiting[:8]) != checksum:
            raise FramingError("the checksum of the prelude is wrong")
        payload = total - headers - _FRAME_BYTES
        if headers > _MAX_HEADER_BYTES or not 0 <= payload <= _MAX_PAYLOAD_BYTES:
            raise FramingError(f"impossible lengths: total {total}, headers {headers}")
        return int(total)


def _decode(frame: bytes) -> Message:
    (checksum,) = struct.unpack(">I", frame[-4:])
    if crc32(frame[:-4]) != checksum:
        raise FramingError("the checksum of the message is wrong")
    (header_bytes,) = struct.unpack_from(">I", frame, 4)
    end = _PRELUDE_BYTES + header_bytes
    return Message(_decode_headers(frame[_PRELUDE_BYTES:end]), frame[end:-4])


def _decode_headers(data: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    position = 0
    try:
        while position < len(data):
            start = position + 1
            position = start + data[position]
            name = data[start:position].decode()
            value, position = _decode_value(data, position)
            if name in headers:
                raise FramingError(f"header {name} is there twice")
            headers[name] = value
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise FramingError("the headers are malformed") from error
    if position != len(data):
        raise FramingError("the headers are longer than they say")
    return headers


def _decode_value(data: bytes, position: int) -> tuple[HeaderValue, int]:
    """The value whose type stands at ``position``, and where it ends."""
    kind, position = data[position], position + 1
    if kind <= 1:
        return kind == 0, position
    if kind in _INTEGERS:
        layout = _INTEGERS[kind]
        return struct.unpack_from(layout, data, position)[0], position + struct.calcsize(layout)
    if kind in (6, 7):
        (length,) = struct.unpack_from(">H", data, position)
        end = position + 2 + length
        raw = data[position + 2 : end]
        return (raw if kind == 6 else raw.decode()), end
    if kind == 8:
        (milliseconds,) = struct.unpack_from(">q", data, position)
        return _EPOCH + milliseconds * _MILLISECOND, position + 8
    if kind == 9:
        return UUID(bytes=data[position : position + 16]), position + 16
    raise FramingError(f"unknown type of header: {kind}")
