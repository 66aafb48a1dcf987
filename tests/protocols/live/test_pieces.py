"""Messages that fit a frame."""

import base64
import json
from typing import Any

import jsonpatch
import pytest

from protocols.live.pieces import LARGEST_FRAME_BYTES, fits, fitted, pieces_of, text_pieces

LONG = "ä€😀 " * 10_000
CONTROL = "\0" * 20_000
HUGE_LIST = [{"n": number, "text": "x" * 90} for number in range(1000)]


def size(document: Any) -> int:
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "document",
    [
        {"type": "RUN_STARTED", "threadId": "t"},
        {"type": "STATE_DELTA", "delta": []},
        {"type": "STATE_DELTA", "delta": [{"op": "add", "path": "/a", "value": 1}]},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "short"},
    ],
)
def test_what_is_small_stays_as_it_is(document: Any) -> None:
    assert pieces_of(document) == [document]


@pytest.mark.parametrize("delta", [LONG, CONTROL, '"' * 30_000])
def test_long_deltas_are_split_and_lose_nothing(delta: str) -> None:
    event = {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": delta}
    pieces = pieces_of(event)
    assert "".join(piece["delta"] for piece in pieces) == delta
    assert all(piece | {"delta": delta} == event for piece in pieces)
    assert max(map(size, pieces)) < LARGEST_FRAME_BYTES


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {f"k{number}": "x" * 50 for number in range(2000)}),
        ({"a": 1}, {"a": {"b/c": {"d~e": HUGE_LIST}, "f": HUGE_LIST}, "g": 2}),
        ({"list": [1, 2]}, {"list": HUGE_LIST}),
        ({"x": HUGE_LIST, "y": 1}, {"y": 2}),
    ],
)
def test_a_large_patch_is_several_that_do_the_same(before: Any, after: Any) -> None:
    patch = jsonpatch.make_patch(before, after).patch
    pieces = pieces_of({"type": "STATE_DELTA", "delta": patch})
    state = before
    for piece in pieces:
        assert set(piece) == {"type", "delta"}
        state = jsonpatch.apply_patch(state, piece["delta"])
    assert state == after
    assert max(map(size, pieces)) < LARGEST_FRAME_BYTES


@pytest.mark.parametrize(
    "state",
    [
        {f"k{number}": "x" * 50 for number in range(2000)},
        {"a": {"b/c": {"d~e": HUGE_LIST}, "f": HUGE_LIST}, "g": 2},
        {"rows": [{"cells": ["x" * 90] * 200}] * 3},
    ],
)
def test_a_large_state_is_an_empty_one_and_patches_that_fill_it(state: dict[str, Any]) -> None:
    snapshot, *patches = pieces_of({"type": "STATE_SNAPSHOT", "snapshot": state, "metadata": {}})
    assert snapshot == {"type": "STATE_SNAPSHOT", "snapshot": {}, "metadata": {}}
    filled = snapshot["snapshot"]
    for patch in patches:
        assert (patch["type"], set(patch)) == ("STATE_DELTA", {"type", "delta", "metadata"})
        filled = jsonpatch.apply_patch(filled, patch["delta"])
    assert filled == state
    assert max(map(size, patches)) < LARGEST_FRAME_BYTES


def test_a_large_state_that_is_no_object_is_cut() -> None:
    [piece] = pieces_of({"type": "STATE_SNAPSHOT", "snapshot": LONG})
    assert piece["metadata"] == {"gateway": {"cut": True}}
    assert fits(piece)


def test_a_value_that_has_no_pieces_is_cut_and_says_so() -> None:
    operation = {"op": "add", "path": "/a", "value": LONG}
    [piece] = pieces_of({"type": "STATE_DELTA", "delta": [operation]})
    assert piece["metadata"] == {"gateway": {"cut": True}}
    [cut] = piece["delta"]
    assert LONG.startswith(cut["value"].removesuffix("…"))
    assert size(piece) < LARGEST_FRAME_BYTES


@pytest.mark.parametrize("content", [LONG, CONTROL, "x " * 500_000])
def test_a_large_tool_result_is_cut_and_says_so(content: str) -> None:
    result = {
        "type": "TOOL_CALL_RESULT",
        "toolCallId": "c",
        "content": content,
        "metadata": {"gateway": {"error": True}},
    }
    [piece] = pieces_of(result)
    assert piece["metadata"] == {"gateway": {"error": True, "cut": True}}
    assert (piece["toolCallId"], piece["content"][-1]) == ("c", "…")
    assert content.startswith(piece["content"][:-1])
    assert 4_000 < size(piece) < LARGEST_FRAME_BYTES


def test_cut_base64_decodes_alone() -> None:
    data = base64.b64encode(bytes(100_001)).decode()
    [piece] = pieces_of({"type": "TOOL_CALL_RESULT", "content": [{"source": {"value": data}}]})
    [part] = piece["content"]
    assert len(base64.b64decode(part["source"]["value"], validate=True)) > 10_000


@pytest.mark.parametrize(
    "document",
    [
        {"type": "ACTIVITY_SNAPSHOT", "messageId": "m", "content": {"rows": HUGE_LIST}},
        {"type": "MESSAGES_SNAPSHOT", "messages": HUGE_LIST},
        {"type": "gateway.error", "error": LONG, "details": HUGE_LIST},
        {"error": "short", "details": [{"path": "$" * 300, "problem": "p"}] * 500},
        {"type": "RUN_ERROR", "message": LONG},
    ],
)
def test_whatever_is_too_large_is_made_to_fit(document: Any) -> None:
    [piece] = pieces_of(document)
    assert fits(piece)
    assert piece.get("type") == document.get("type")
    cut = {"cut": True} if "error" in document else {"metadata": {"gateway": {"cut": True}}}
    assert cut.items() <= piece.items()


def test_what_fits_is_not_touched() -> None:
    document = {"type": "RUN_ERROR", "message": "x " * 14_500}
    assert fitted(document) is document
    assert fitted(document, 1_000)["message"] == "x " * 128 + "…"


@pytest.mark.parametrize(("text", "pieces"), [("", [""]), ("abcde", ["ab", "cd", "e"])])
def test_texts_are_cut_to_length(text: str, pieces: list[str]) -> None:
    assert text_pieces(text, 2) == pieces
