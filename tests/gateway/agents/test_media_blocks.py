"""Media as the blocks of Converse: every request is checked by botocore's own model."""

import copy
import re
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from gateway.agents.media_blocks import (
    document_names,
    media_block,
    media_part,
    named_apart,
    shown_to,
    with_words,
)
from protocols.contract.inputs import Media
from protocols.contract.media_types import MediaKind

CONVERSE_NAME = re.compile(r"(?!.*\s\s)[A-Za-z0-9\s()\[\]-]{1,200}")


@pytest.mark.parametrize(
    ("kind", "mime_type", "short"),
    [
        ("image", "image/jpg; q=1", "jpeg"),
        ("image", "image/png", "png"),
        ("image", "image/gif", "gif"),
        ("image", "image/webp", "webp"),
        ("audio", "audio/mpeg", "mp3"),
        ("audio", "audio/x-wav", "wav"),
        ("video", "video/mp4", "mp4"),
        ("video", "video/quicktime", "mov"),
        ("video", "video/x-matroska", "mkv"),
        ("video", "video/webm", "webm"),
        ("video", "video/3gpp", "three_gp"),
    ],
)
def test_media_become_blocks_with_the_short_name_of_their_type(
    kind: MediaKind, mime_type: str, short: str
) -> None:
    block: Any = media_block(Media(kind, mime_type, b"x"))
    assert block == {kind: {"format": short, "source": {"bytes": b"x"}}}
    validated(block)


@pytest.mark.parametrize(
    ("mime_type", "short"),
    [
        ("application/pdf", "pdf"),
        ("text/csv", "csv"),
        ("application/msword", "doc"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        ("application/vnd.ms-excel", "xls"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("text/html", "html"),
        ("text/plain; charset=utf-8", "txt"),
        ("text/markdown", "md"),
    ],
)
def test_documents_become_blocks_with_a_name(mime_type: str, short: str) -> None:
    block: Any = media_block(Media("document", mime_type, b"x", "plan.pdf"))
    assert block == {"document": {"format": short, "source": {"bytes": b"x"}, "name": "plan"}}
    validated(block)


def test_media_without_a_word_in_converse_are_named_instead() -> None:
    assert media_block(Media("image", "image/svg+xml", b"<svg/>")) == {
        "text": "[an attached image of a type that cannot be shown to the model]"
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "document"),
        ("report.pdf", "report"),
        ("Q3_figures  (final) [v2].xlsx", "Q3 figures (final) [v2]"),
        ("../../etc/passwd", "etc passwd"),
        ("Übersicht", "bersicht"),
        ("資料.pdf", "document"),
        ("tab\tand\nline", "tab and line"),
        ("x" * 400, "x" * 150),
    ],
)
def test_names_of_documents_hold_only_what_converse_allows(name: str, shown: str) -> None:
    block: Any = media_block(Media("document", "text/plain", b"x", name))
    assert block["document"]["name"] == shown
    assert CONVERSE_NAME.fullmatch(shown)


def document(name: str | None = None) -> Any:
    named = {} if name is None else {"name": name}
    return {"document": {"format": "txt", "source": {"bytes": b"x"}, **named}}


def test_documents_of_one_name_are_numbered_and_the_given_blocks_left_alone() -> None:
    blocks = [
        document("a"),
        {"text": "words"},
        document("a"),
        {"toolResult": {"toolUseId": "c", "content": [document("a"), document()]}},
        document("a 2"),
    ]
    given = copy.deepcopy(blocks)
    apart = named_apart(blocks, {"document"})
    assert blocks == given
    assert apart == [
        document("a"),
        {"text": "words"},
        document("a 2"),
        {"toolResult": {"toolUseId": "c", "content": [document("a 3"), document("document 2")]}},
        document("a 2 2"),
    ]


def test_media_of_kinds_that_a_model_does_not_take_are_named_everywhere() -> None:
    film: Any = {"video": {"format": "mp4", "source": {"bytes": b"x"}}}
    result = {"toolResult": {"toolUseId": "c", "content": [film, {"text": "t"}]}}
    blocks = [film, document("a"), {"text": "words"}, result]
    given = copy.deepcopy(blocks)
    named = {"text": "[an attached video that this model cannot be shown]"}
    assert shown_to(blocks, {"image", "document"}) == [
        named,
        document("a"),
        {"text": "words"},
        {"toolResult": {"toolUseId": "c", "content": [named, {"text": "t"}]}},
    ]
    assert blocks == given
    assert shown_to(blocks, {"image", "document", "video"}) == blocks


def test_names_are_found_in_messages_and_in_tool_results() -> None:
    result = {"toolResult": {"toolUseId": "c", "content": [document("b"), {"text": "t"}]}}
    messages: Any = [
        {"role": "user", "content": [document("a"), {"text": "t"}]},
        {"role": "user", "content": [result, document()]},
    ]
    assert document_names(messages) == {"a", "b", "document"}


def test_words_are_added_to_a_document_without_any_and_to_nothing_else() -> None:
    words: Any = {"text": "See the attached document."}
    assert with_words([document()]) == [document(), words]
    assert with_words([document(), {"text": "t"}]) == [document(), {"text": "t"}]
    image: Any = {"image": {"format": "png", "source": {"bytes": b"x"}}}
    assert with_words([image]) == [image]


def test_blocks_are_read_as_media_of_their_true_type() -> None:
    assert media_part(document("a")) == Media("document", "text/plain", b"x", "a")
    assert media_part({"image": {"format": "jpeg", "source": {"bytes": b"x"}}}) == Media(
        "image", "image/jpeg", b"x"
    )


def test_blocks_that_hold_no_bytes_are_no_media() -> None:
    assert media_part({"text": "t"}) is None
    elsewhere = {"location": {"type": "s3", "uri": "s3://bucket/key"}}
    assert media_part({"image": {"format": "png", "source": elsewhere}}) is None


def validated(block: Any) -> None:
    """Check a block by the service model of Converse; enumerations are checked by hand."""
    shape = get_session().get_service_model("bedrock-runtime").shape_for("ContentBlock")
    report = ParamValidator().validate(block, shape)
    assert not report.has_errors(), report.generate_report()
    ((kind, media),) = block.items()
    assert media["format"] in shape.members[kind].members["format"].enum
