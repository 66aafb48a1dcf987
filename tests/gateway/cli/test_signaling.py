import json

import httpx
import pytest

from gateway.cli.failures import CommandFailed
from gateway.cli.signaling import SdpAnswer, Signaling
from protocols.webrtc.options import IceServer
from tests.gateway.cli.scripted_gateway import HttpScript, Reply


def reply(answer: object, status: int = 200) -> Reply:
    return Reply(json.dumps(answer).encode(), status, "application/json")


async def test_the_requests_are_those_of_the_interface(gateway: HttpScript) -> None:
    gateway.replies = [
        reply({"iceServers": [], "ttl": 300}),
        reply({"pc_id": "p", "sdp": "v=0", "type": "answer"}),
        reply({"status": "success"}),
        reply({"pc_id": "q", "sdp": "v=0", "type": "answer"}),
    ]
    async with httpx.AsyncClient() as client:
        signaling = Signaling(client, gateway.address, "s")
        servers = await signaling.ice_servers()
        answer = await signaling.offer("v=0 mine")
        await signaling.disconnect("p")
        await signaling.offer("v=0 again", "p")
    assert (servers, answer) == ((), SdpAnswer("p", "v=0"))
    assert [request.document for request in gateway.requests] == [
        {"action": "ice_config", "data": {}},
        {"action": "offer", "data": {"sdp": "v=0 mine", "type": "offer", "sessionId": "s"}},
        {"action": "disconnect", "data": {"pc_id": "p"}},
        {
            "action": "offer",
            "data": {"sdp": "v=0 again", "type": "offer", "sessionId": "s", "pc_id": "p"},
        },
    ]
    sessions = [
        request.headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"]
        for request in gateway.requests
    ]
    assert sessions == ["s"] * 4


async def test_ice_servers_that_can_be_used_are_taken_with_their_credentials(
    gateway: HttpScript,
) -> None:
    urls = ["turn:t.example:3478?transport=udp", "turn:[::1]", "turns:t.example"]
    given = {"urls": urls, "username": "u", "credential": "c"}
    gateway.replies = [reply({"iceServers": [given, {"urls": "stun:s.example"}]})]
    async with httpx.AsyncClient() as client:
        assert await Signaling(client, gateway.address, "s").ice_servers() == (
            IceServer("turn", "t.example", 3478, "udp", "u", "c"),
            IceServer("turns", "t.example", 5349, "tcp", "u", "c"),
            IceServer("stun", "s.example", 3478),
        )


async def test_relays_alone_are_asked_for_in_both_requests(gateway: HttpScript) -> None:
    gateway.replies = [reply({"iceServers": []}), reply({"pc_id": "p", "sdp": "v=0"})]
    async with httpx.AsyncClient() as client:
        signaling = Signaling(client, gateway.address, "s", turn_only=True)
        await signaling.ice_servers()
        await signaling.offer("v=0")
    assert [request.document["data"].get("turnOnly") for request in gateway.requests] == [True] * 2


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (
            reply({"error": "No such peer.", "code": "NOT_FOUND", "retryable": False}),
            r"^No such peer\. \(NOT_FOUND, ice_config\)$",
        ),
        (
            reply({"error": "Full.", "code": "SERVICE_QUOTA_EXCEEDED"}, 429),
            r"^Full\. \(SERVICE_QUOTA_EXCEEDED, HTTP 429\)$",
        ),
        (Reply(b"<html>"), "does not speak WebRTC signaling"),
        (reply({"iceServers": [{}]}), "does not speak WebRTC signaling"),
    ],
)
async def test_a_refusal_is_one_line(answer: Reply, complaint: str, gateway: HttpScript) -> None:
    gateway.replies = [answer]
    async with httpx.AsyncClient() as client:
        with pytest.raises(CommandFailed, match=complaint):
            await Signaling(client, gateway.address, "s").ice_servers()
