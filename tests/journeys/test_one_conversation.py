"""One conversation on every wire: what was said on one is known on the others."""

import asyncio
from uuid import uuid4

import pytest

from tests.journeys.wires import SHOWN, WIRES

TEXT = ("http", "sse", "agui", "ws_agui", "ws_text", "spoken")
VOICE = ("ws_voice", "webrtc")
# A spoken question takes as long as its recording: each voice is tried with every other wire
# one way round, text with text every way.
PAIRS = [(told, asked) for told in TEXT for asked in TEXT]
PAIRS += [("agui", "webrtc"), ("webrtc", "http"), ("webrtc", "agui"), ("webrtc", "ws_voice")]
PAIRS += [
    ("ws_text", "ws_voice"),
    ("ws_voice", "sse"),
    ("ws_voice", "webrtc"),
    ("spoken", "webrtc"),
]


@pytest.mark.parametrize(("told", "asked"), PAIRS)
async def test_a_name_told_on_one_wire_is_known_on_the_other(
    gateway: str, told: str, asked: str
) -> None:
    session = str(uuid4())
    assert "David" in await WIRES[told](gateway, session, "name")
    assert "David" in await WIRES[asked](gateway, session, "who_am_i")


async def test_told_by_ag_ui_asked_by_voice_over_webrtc_then_by_http(gateway: str) -> None:
    session = str(uuid4())
    await WIRES["agui"](gateway, session, "name")
    assert "David" in await WIRES["webrtc"](gateway, session, "who_am_i")
    assert "David" in await WIRES["http"](gateway, session, "who_am_i")


async def test_a_session_that_was_told_nothing_knows_nothing(gateway: str) -> None:
    await WIRES["http"](gateway, str(uuid4()), "name")
    for wire in TEXT:
        assert "David" not in await WIRES[wire](gateway, str(uuid4()), "who_am_i")


async def test_twenty_sessions_at_once_do_not_mix(gateway: str) -> None:
    wires = ["http", "sse", "agui", "ws_agui", "ws_text"] * 4
    sessions = [str(uuid4()) for _ in wires]
    await asyncio.gather(
        *(WIRES[w](gateway, s, "name") for w, s in zip(wires[::2], sessions[::2], strict=True))
    )
    answers = await asyncio.gather(
        *(WIRES[w](gateway, s, "who_am_i") for w, s in zip(wires, sessions, strict=True))
    )
    assert ["David" in answer for answer in answers] == [True, False] * 10


async def test_a_client_that_owns_its_conversation_is_shown_what_was_said_elsewhere(
    gateway: str,
) -> None:
    session = str(uuid4())
    await WIRES["spoken"](gateway, session, "name")
    await WIRES["agui"](gateway, session, "multiply")
    shown = [message["content"] for message in SHOWN[session] if message.get("content")]
    assert shown[0] == "My name is David."
    assert shown[2] == "What is forty two times seventeen?"
