"""The table of media: what botocore's model of Converse allows, and nothing else."""

from typing import Any

import pytest
from botocore.session import get_session

from protocols.contract.media_types import (
    MediaKind,
    essence,
    format_of,
    formats,
    mime_type_of,
)

KINDS: list[MediaKind] = ["image", "document", "audio", "video"]


@pytest.fixture(scope="module")
def converse() -> Any:
    return get_session().get_service_model("bedrock-runtime")


@pytest.mark.parametrize("kind", KINDS)
def test_every_short_name_is_one_that_converse_allows(converse: Any, kind: MediaKind) -> None:
    allowed = converse.shape_for(f"{kind.title()}Format").enum
    assert set(formats(kind)) <= set(allowed)


@pytest.mark.parametrize("kind", ["image", "document"])
def test_all_images_and_documents_of_converse_can_be_sent(converse: Any, kind: MediaKind) -> None:
    assert set(formats(kind)) == set(converse.shape_for(f"{kind.title()}Format").enum)


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_that_is_written_for_a_short_name_is_read_as_that_name(kind: MediaKind) -> None:
    assert [format_of(kind, mime_type_of(kind, short)) for short in formats(kind)] == list(
        formats(kind)
    )


@pytest.mark.parametrize(
    ("kind", "mime_type", "short"),
    [
        ("image", "image/jpg", "jpeg"),
        ("image", " IMAGE/PNG ; charset=binary", "png"),
        ("image", "image/svg+xml", None),
        ("image", "application/pdf", None),
        ("image", "text/plain", None),
        ("document", "text/x-python", "txt"),
        ("document", "application/json", "txt"),
        ("document", "application/zip", None),
        ("audio", "audio/x-wav", "wav"),
        ("audio", "video/mp4", None),
        ("video", "video/mp4", "mp4"),
        ("video", "video/quicktime", "mov"),
        ("video", "", None),
    ],
)
def test_types_are_read_as_clients_write_them(
    kind: MediaKind, mime_type: str, short: str | None
) -> None:
    assert format_of(kind, mime_type) == short


def test_a_short_name_that_is_not_listed_is_taken_for_a_subtype() -> None:
    assert mime_type_of("document", "odt") == "application/odt"
    assert mime_type_of("image", "bmp") == "image/bmp"


def test_parameters_are_no_part_of_a_type() -> None:
    assert essence("Text/HTML; charset=utf-8") == "text/html"
