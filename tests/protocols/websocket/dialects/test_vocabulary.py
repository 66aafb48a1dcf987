"""What the samples' vocabularies share."""

import base64
from typing import Any

import pytest
from msgspec import Struct

from protocols.contract.errors import Detail, InvalidInput
from protocols.websocket.dialects.vocabulary import (
    MOST_AUDIO_BYTES,
    audio_pieces,
    read_as,
    text_of,
)


class Thing(Struct):
    name: str


def test_a_message_is_read() -> None:
    assert read_as('{"name":"a","more":1}', Thing) == Thing("a")


@pytest.mark.parametrize("frame", [b"\0\0", "{", "\ud800", '{"more":' + "[" * 100_000, ""])
def test_what_cannot_be_read_is_refused(frame: str | bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_as(frame, Thing)
    assert refused.value.details == ()


@pytest.mark.parametrize(
    ("frame", "path"), [('{"name":1}', "$.name"), ("[]", "$"), ('{"type":"x"}', "$")]
)
def test_what_is_wrong_is_named_with_its_place(frame: str, path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_as(frame, Thing)
    [detail] = refused.value.details
    assert isinstance(detail, Detail)
    assert detail.path == path


def test_pieces_of_sound_decode_alone_into_whole_samples() -> None:
    pcm = bytes(range(256)) * 100
    pieces = [base64.b64decode(piece, validate=True) for piece in audio_pieces(pcm)]
    assert b"".join(pieces) == pcm
    assert [len(piece) % 2 for piece in pieces] == [0] * len(pieces)
    assert max(len(piece) for piece in audio_pieces(pcm)) == 9_600
    assert MOST_AUDIO_BYTES % 6 == 0
    assert audio_pieces(b"") == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("42", "42"),
        ([{"type": "text", "text": "a"}, {"type": "image", "source": {}}], "a(image)"),
        (None, ""),
    ],
)
def test_a_tools_result_is_shown_in_words(content: Any, text: str) -> None:
    assert text_of(content) == text
