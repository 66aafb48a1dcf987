"""Content parts → media or words (pure).

A part that cannot be shown to a model never fails the run: a text stands in its place and says
what was attached and why it could not be opened. What media are is told by their first bytes:
clients and servers mislabel them, and model providers refuse the whole request for a wrong label.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from protocols.contract.inputs import Content, Media, Text
from protocols.contract.media_types import MediaKind, essence, format_of, formats, mime_type_of

type Fault = Literal[
    "address", "answer", "budget", "damaged", "handle", "many", "off", "private", "slow", "size",
    "type", "unreachable",
]  # fmt: skip

_REASONS: Mapping[Fault, str] = {
    "address": "its address is not one that can be opened",
    "answer": "its server did not give it",
    "budget": "the attachments are too large together",
    "damaged": "it is damaged",
    "handle": "it is kept by another service",
    "many": "too many are attached",
    "off": "addresses are not opened here",
    "private": "its address is not public",
    "slow": "its server took too long",
    "size": "it is too large",
    "type": "it is not of a type that can be read",
    "unreachable": "its server cannot be reached",
}

# What servers say that do not know, or do not care.
_SAYS_NOTHING = {"", "application/octet-stream", "binary/octet-stream", "text/plain"}

_ISO_MEDIA = rb".{4}ftyp"
_MATROSKA = rb"\x1aE\xdf\xa3"
_OLE = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = rb"PK\x03\x04"
_TEXT = rb"[^\0]+\Z"
_FIRST_BYTES: Mapping[str, re.Pattern[bytes]] = {
    short: re.compile(pattern, re.DOTALL)
    for short, pattern in {
        "png": rb"\x89PNG",
        "jpeg": rb"\xff\xd8\xff",
        "gif": rb"GIF8[79]a",
        "webp": rb"RIFF.{4}WEBP",
        "pdf": rb".{0,1019}%PDF-",
        "doc": _OLE,
        "xls": _OLE,
        "docx": _ZIP,
        "xlsx": _ZIP,
        "csv": _TEXT,
        "html": _TEXT,
        "txt": _TEXT,
        "md": _TEXT,
        "wav": rb"RIFF.{4}WAVE",
        # A frame's layer is never 0; AAC's always is.
        "mp3": rb"ID3|\xff[\xe2-\xe7\xea-\xef\xf2-\xf7\xfa-\xff]",
        "aac": rb"ADIF|\xff[\xf0\xf1\xf8\xf9]",
        "ogg": rb"OggS",
        "opus": rb"OggS",
        "flac": rb"fLaC",
        "m4a": _ISO_MEDIA,
        "mp4": _ISO_MEDIA,
        "three_gp": _ISO_MEDIA,
        "mov": rb".{4}(?:ftyp|moov|mdat|wide|free|skip)",
        "webm": _MATROSKA,
        "mka": _MATROSKA,
        "mkv": _MATROSKA,
        "mpeg": rb"\x00\x00\x01[\xb3\xba]",
        "flv": rb"FLV",
        "wmv": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    }.items()
}
# Office files share their first bytes, and all texts look alike: for these the label decides.
_TOLD_BY_LABEL = {
    short for short, look in _FIRST_BYTES.items() if look.pattern in (_OLE, _ZIP, _TEXT)
}


class Unopened(Exception):
    """An attachment cannot be opened; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


class Link(Text, frozen=True, tag="text"):
    """Media that are somewhere else; the words that stand for them unless they are opened."""

    kind: MediaKind
    url: str
    mime_type: str = ""
    name: str = ""


def note(kind: MediaKind, fault: Fault) -> Text:
    """Name an attachment that could not be opened."""
    return Text(f"[an attached {kind} that could not be opened: {_REASONS[fault]}]")


def content_of(part: Any) -> Content:
    """Read a part of AG-UI that is no text, already validated."""
    kind, source = part.type, part.source
    if source.type == "file":  # a provider's handle: to be neither fetched nor parsed
        return note(kind, "handle")
    name = _name(part.metadata)
    try:
        if source.value[:5].lower() == "data:":
            mime_type, data = _data_url(source.value)
            return media(kind, mime_type or source.mime_type or "", data, name)
        if source.type == "data":
            return media(kind, source.mime_type, _decoded(source.value), name)
    except Unopened as error:
        return note(kind, error.fault)
    words = note(kind, "off").text
    return Link(words, kind, source.value, source.mime_type or "", name or _last_of(source.value))


def media(kind: MediaKind, mime_type: str, data: bytes, name: str) -> Media:
    """Make media of the type that the bytes have.

    Raises:
        Unopened: they are of no type that is known for this kind.
    """
    stated = format_of(kind, mime_type)
    if stated is not None and _FIRST_BYTES[stated].match(data):
        # The label is kept where it says more than the format: source code is a text.
        return Media(
            kind, essence(mime_type) if stated == "txt" else mime_type_of(kind, stated), data, name
        )
    for short in formats(kind):
        if short not in _TOLD_BY_LABEL and _FIRST_BYTES[short].match(data):
            return Media(kind, mime_type_of(kind, short), data, name)
    raise Unopened("type" if stated is None else "damaged")


def label(kind: MediaKind, header: str, stated: str) -> str:
    """Choose between what a server says (``Content-Type``) and what the client said.

    Raises:
        Unopened: the server says that it is something else.
    """
    if essence(header) in _SAYS_NOTHING:
        return stated or header
    if format_of(kind, header) is None:
        raise Unopened("type")
    return header


def _decoded(text: str) -> bytes:
    """Read base64 as clients write it: in lines, without padding, in the alphabet for URLs."""
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unopened("damaged") from None


def _data_url(url: str) -> tuple[str, bytes]:
    described, comma, value = url[len("data:") :].partition(",")
    if not comma:
        raise Unopened("damaged")
    mime_type, _, encoding = described.rpartition(";")
    if encoding.strip().lower() == "base64":
        return mime_type, _decoded(unquote(value))
    return described, unquote_to_bytes(value)


def _name(metadata: Any) -> str:
    """Find a file's name in a part's metadata, whose members the protocol leaves open."""
    if isinstance(metadata, dict):
        for member in ("filename", "fileName", "name"):
            if isinstance(metadata.get(member), str):
                return str(metadata[member])
    return ""


def _last_of(url: str) -> str:
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""
