"""More of ``test_sample_weaknesses``: what is answered through the door, and through a relay."""

from pathlib import Path
from typing import Any

import pytest

from protocols.webrtc.options import WebRtcOptions
from protocols.webrtc.peers import Peers
from protocols.webrtc.signaling import signaling_actions
from tests.fakes import FakeConversations
from tests.protocols.doors import Setting, knocking
from tests.protocols.webrtc.calls import Busy, Client, Mouth, serving
from tests.turn_server import turn_server


def setting() -> Setting:
    peers = Peers(WebRtcOptions(), hold=Busy().hold, listens_on_loopback=True)
    return Setting(actions=signaling_actions(peers))


async def test_w06_an_unknown_action_is_an_error_that_names_the_known_ones() -> None:
    async with knocking(FakeConversations(), setting()) as client:
        answer = await client.post({"action": "ofer", "data": {}})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (200, "VALIDATION_ERROR")
    for action in ("ice_config", "offer", "ice_candidate", "disconnect"):
        assert action in told["error"]


@pytest.mark.parametrize(
    ("action", "data", "path"),
    [
        ("offer", {}, "$.data"),
        ("offer", {"sdp": 5}, "$.data.sdp"),
        ("offer", [], "$.data"),
        ("ice_candidate", {"candidates": []}, "$.data"),
        ("ice_candidate", {"pc_id": "x", "candidates": [5]}, "$.data.candidates[0]"),
        ("disconnect", {}, "$.data"),
        ("ice_config", {"turnOnly": 1}, "$.data.turnOnly"),
    ],
)
async def test_w07_a_missing_or_wrong_member_is_named_in_an_error_object(
    action: str, data: Any, path: str
) -> None:
    async with knocking(FakeConversations(), setting()) as client:
        answer = await client.post({"action": action, "data": data})
    told = answer.json()
    assert answer.status_code == 200
    assert sorted(told) == ["code", "details", "error", "retryable"]
    assert told["code"] == "VALIDATION_ERROR"
    assert [detail["path"] for detail in told["details"]] == [path]


async def test_w15_what_the_offer_says_of_relays_holds_for_its_connection(tmp_path: Path) -> None:
    with turn_server(tmp_path) as coturn:
        async with serving(ice_servers=(coturn.setting("udp"),)) as server:
            await server.act("ice_config", {"turnOnly": False})
            client = Client(Mouth())
            offer = await client.offer()
            answer = await server.act("offer", {"sdp": offer, "turnOnly": True})
            candidate = {"candidate": "candidate:1 1 udp 1 127.0.0.1 50000 typ host"}
            data = {"pc_id": answer["pc_id"], "candidates": [candidate], "turnOnly": False}
            await server.act("ice_candidate", data)
            await client.aclose()
    lines = answer["sdp"].splitlines()
    kinds = {line.split(" ")[7] for line in lines if line.startswith("a=candidate:")}
    assert kinds == {"relay"}
