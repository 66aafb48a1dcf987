"""The media that agents can be shown: per kind, the types and their short names (pure).

The short names are those of Amazon Bedrock's Converse, which strands took over: mostly the endings
of file names. What is not listed here no model provider has a word for.
"""

from collections.abc import Mapping
from typing import Literal

type MediaKind = Literal["image", "document", "audio", "video"]

_OFFICE = "application/vnd.openxmlformats-officedocument"

# The first type of a format is the one we write.
_FORMATS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "image": {
        "png": ("image/png", "image/x-png"),
        "jpeg": ("image/jpeg", "image/jpg", "image/pjpeg"),
        "gif": ("image/gif",),
        "webp": ("image/webp",),
    },
    "document": {
        "pdf": ("application/pdf", "application/x-pdf"),
        "csv": ("text/csv", "application/csv"),
        "doc": ("application/msword",),
        "docx": (f"{_OFFICE}.wordprocessingml.document",),
        "xls": ("application/vnd.ms-excel",),
        "xlsx": (f"{_OFFICE}.spreadsheetml.sheet",),
        "html": ("text/html", "application/xhtml+xml"),
        "txt": ("text/plain", "application/json", "application/xml", "application/yaml"),
        "md": ("text/markdown", "text/x-markdown"),
    },
    "audio": {
        "mp3": ("audio/mpeg", "audio/mp3"),
        "wav": ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
        "ogg": ("audio/ogg", "application/ogg"),
        "opus": ("audio/opus",),
        "flac": ("audio/flac", "audio/x-flac"),
        "aac": ("audio/aac", "audio/x-aac", "audio/aacp"),
        "mp4": ("audio/mp4",),
        "m4a": ("audio/x-m4a", "audio/m4a"),
        "webm": ("audio/webm",),
        "mka": ("audio/x-matroska", "audio/matroska"),
    },
    "video": {
        "mp4": ("video/mp4",),
        "mov": ("video/quicktime",),
        "mkv": ("video/x-matroska", "video/matroska"),
        "webm": ("video/webm",),
        "mpeg": ("video/mpeg",),
        "flv": ("video/x-flv",),
        "wmv": ("video/x-ms-wmv",),
        "three_gp": ("video/3gpp",),
    },
}
_ANY_TEXT = "text/"


def essence(mime_type: str) -> str:
    """Give a media type without its parameters, in small letters."""
    return mime_type.partition(";")[0].strip().lower()


def format_of(kind: MediaKind, mime_type: str) -> str | None:
    """Tell the short name of a type, or None if it is none of this kind."""
    wanted = essence(mime_type)
    for short, types in _FORMATS[kind].items():
        if wanted in types:
            return short
    # Program text and the like: any text is a text.
    return "txt" if kind == "document" and wanted.startswith(_ANY_TEXT) else None


def formats(kind: MediaKind) -> tuple[str, ...]:
    """List the short names of a kind."""
    return tuple(_FORMATS[kind])


def mime_type_of(kind: MediaKind, short: str) -> str:
    """Tell the type of a short name; one that is not listed is taken for a subtype."""
    family = "application" if kind == "document" else kind
    return _FORMATS[kind].get(short, (f"{family}/{short}",))[0]
