"""Content parts become media of the type they have, or words that name them."""

import base64
from typing import Any

import pytest
from ag_ui.core import UserMessage

from protocols.ag_ui.media import Link, Unopened, content_of, label, media, note
from protocols.contract.inputs import Content, Media, Text
from protocols.contract.media_types import MediaKind

PNG = b"\x89PNG\r\n\x1a\nrest"
JPEG = b"\xff\xd8\xff\xe0rest"
PDF = b"%PDF-1.7\nrest"
MP4 = b"\0\0\0\x18ftypisom\0"


def part(kind: str, source: dict[str, Any], metadata: Any = None) -> Any:
    """A part as it comes out of AG-UI's own validation."""
    described = {"type": kind, "source": source, "metadata": metadata}
    message = UserMessage.model_validate({"id": "u", "role": "user", "content": [described]})
    assert not isinstance(message.content, str)
    return message.content[0]


def data(kind: str, value: str, mime_type: str) -> Content:
    return content_of(part(kind, {"type": "data", "value": value, "mimeType": mime_type}))


def unopened(kind: str, reason: str) -> Text:
    return Text(f"[an attached {kind} that could not be opened: {reason}]")


@pytest.mark.parametrize(
    "value",
    [
        base64.b64encode(PNG).decode(),
        base64.b64encode(PNG).decode().rstrip("="),
        base64.urlsafe_b64encode(PNG).decode(),
        base64.encodebytes(PNG).decode(),
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "DATA:;base64," + base64.b64encode(PNG).decode(),
    ],
)
def test_base64_is_read_however_clients_write_it(value: str) -> None:
    assert data("image", value, "image/png") == Media("image", "image/png", PNG)


@pytest.mark.parametrize(
    "value", ["%%", "a", "å", "data:image/png;base64", "data:image/png;base64,%%", "", "aGk="]
)
def test_what_is_broken_is_named(value: str) -> None:
    assert data("image", value, "image/png") == unopened("image", "it is damaged")


def test_data_in_an_address_need_no_fetching() -> None:
    url = "data:text/markdown,%23%20Title"
    assert content_of(part("document", {"type": "url", "value": url})) == Media(
        "document", "text/markdown", b"# Title"
    )
    url = "data:application/pdf;name=x.pdf;base64," + base64.b64encode(PDF).decode()
    assert content_of(part("document", {"type": "url", "value": url})) == Media(
        "document", "application/pdf", PDF
    )


def test_an_address_becomes_words_that_can_be_opened_later() -> None:
    source = {"type": "url", "value": "https://example.com/a%20b.png?q", "mimeType": "image/png"}
    words = unopened("image", "addresses are not opened here").text
    assert content_of(part("image", source)) == Link(
        words, "image", "https://example.com/a%20b.png?q", "image/png", "a b.png"
    )
    assert content_of(part("video", {"type": "url", "value": "http://[::1"})) == Link(
        unopened("video", "addresses are not opened here").text, "video", "http://[::1"
    )


def test_a_providers_handle_is_neither_fetched_nor_parsed() -> None:
    source = {"type": "file", "value": "http://10.0.0.1/", "provider": "openai"}
    assert content_of(part("document", source)) == unopened(
        "document", "it is kept by another service"
    )


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"filename": "a.pdf"}, "a.pdf"),
        ({"fileName": "b.pdf"}, "b.pdf"),
        ({"filename": 5, "name": "c"}, "c"),
        ({}, ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_the_name_of_a_file_is_found_in_the_metadata(metadata: Any, name: str) -> None:
    source = {
        "type": "data",
        "value": base64.b64encode(PDF).decode(),
        "mimeType": "application/pdf",
    }
    assert content_of(part("document", source, metadata)) == Media(
        "document", "application/pdf", PDF, name
    )


@pytest.mark.parametrize(
    ("kind", "stated", "content", "mime_type"),
    [
        ("image", "image/png", PNG, "image/png"),
        ("image", "image/jpg", JPEG, "image/jpeg"),
        ("image", "image/gif", b"GIF89a", "image/gif"),
        ("image", "image/webp", b"RIFF\0\n\0\0WEBP", "image/webp"),
        ("image", "image/jpeg", PNG, "image/png"),  # mislabelled
        ("image", "application/octet-stream", JPEG, "image/jpeg"),
        ("image", "", PNG, "image/png"),
        ("document", "application/pdf", PDF, "application/pdf"),
        ("document", "application/octet-stream", b"junk before " + PDF, "application/pdf"),
        ("document", "text/csv; header=present", b"a,b\n", "text/csv"),
        ("document", "text/html", b"<p>", "text/html"),
        ("document", "text/markdown", b"# T", "text/markdown"),
        ("document", "text/x-python; charset=utf-8", b"x = 1", "text/x-python"),
        ("document", "application/json", b"{}", "application/json"),
        (
            "document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            b"PK\x03\x04rest",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "document",
            "application/vnd.ms-excel",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            "application/vnd.ms-excel",
        ),
        ("audio", "audio/mpeg", b"ID3\x04", "audio/mpeg"),
        ("audio", "audio/mp3", b"\xff\xfb\x90", "audio/mpeg"),
        ("audio", "audio/mpeg", b"\xff\xf1\x50", "audio/aac"),  # mislabelled
        ("audio", "audio/x-wav", b"RIFF\0\0\0\0WAVE", "audio/wav"),
        ("audio", "audio/ogg", b"OggS", "audio/ogg"),
        ("audio", "audio/flac", b"fLaC", "audio/flac"),
        ("audio", "audio/x-m4a", MP4, "audio/x-m4a"),
        ("video", "video/mp4", MP4, "video/mp4"),
        ("video", "video/quicktime", b"\0\0\0\x08wide", "video/quicktime"),
        ("video", "video/webm", b"\x1aE\xdf\xa3", "video/webm"),
        ("video", "video/x-matroska", b"\x1aE\xdf\xa3", "video/x-matroska"),
        ("video", "video/3gpp", MP4, "video/3gpp"),
    ],
)
def test_media_are_of_the_type_their_bytes_have(
    kind: MediaKind, stated: str, content: bytes, mime_type: str
) -> None:
    assert media(kind, stated, content, "n") == Media(kind, mime_type, content, "n")


@pytest.mark.parametrize(
    ("kind", "stated", "content", "fault"),
    [
        ("image", "image/svg+xml", b"<svg/>", "type"),
        ("image", "application/pdf", PDF, "type"),
        ("image", "image/png", b"<html>", "damaged"),
        ("image", "image/png", b"", "damaged"),
        ("document", "image/png", PNG, "type"),
        ("document", "application/zip", b"PK\x03\x04", "type"),
        ("document", "application/pdf", b"<html>", "damaged"),
        ("document", "text/plain", b"\x7fELF\0", "damaged"),
        ("document", "text/plain", b"", "damaged"),
        ("audio", "video/mp4", b"\xff\xd8\xff", "type"),
        ("video", "video/mp4", b"\0\0\0\x18", "damaged"),
    ],
)
def test_what_no_model_can_be_shown_is_refused(
    kind: MediaKind, stated: str, content: bytes, fault: str
) -> None:
    with pytest.raises(Unopened) as refused:
        media(kind, stated, content, "")
    assert refused.value.fault == fault


@pytest.mark.parametrize(
    ("header", "stated", "chosen"),
    [
        ("image/png", "", "image/png"),
        ("image/png; q=1", "image/jpeg", "image/png; q=1"),
        ("", "image/png", "image/png"),
        ("", "", ""),
        ("application/octet-stream", "image/png", "image/png"),
        ("Text/Plain; charset=utf-8", "image/png", "image/png"),
    ],
)
def test_a_server_is_believed_unless_it_says_nothing(header: str, stated: str, chosen: str) -> None:
    assert label("image", header, stated) == chosen


def test_a_server_that_says_it_is_something_else_is_believed() -> None:
    with pytest.raises(Unopened):
        label("image", "text/html", "image/png")


def test_an_attachment_is_named_with_its_reason() -> None:
    assert note("image", "private") == unopened("image", "its address is not public")
