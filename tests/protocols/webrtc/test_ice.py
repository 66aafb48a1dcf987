"""What our side may use, and the way that was found."""

from types import SimpleNamespace
from typing import Any

import aioice.ice
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from protocols.contract.errors import Unavailable
from protocols.webrtc.gathering import LOOPBACK
from protocols.webrtc.ice import configuration, gather_by, has_relay, offer_loopback, path_of
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.options import IceServer, parse_ice_server

STUN = parse_ice_server("stun:stun.example.com")
UDP = parse_ice_server("turn:u:p@udp.example.com")
DTLS = parse_ice_server("turns:u:p@dtls.example.com?transport=udp")


@pytest.mark.parametrize("servers", [(), (STUN, UDP)])
def test_the_library_never_asks_a_server_itself(servers: tuple[IceServer, ...]) -> None:
    assert configuration(IcePlan(servers=servers)) == RTCConfiguration(
        iceServers=[], iceTransportPolicy=RTCIceTransportPolicy.ALL
    )


def test_only_a_relay_is_used_when_asked_for() -> None:
    assert configuration(IcePlan(servers=(STUN, UDP), relay_only=True)) == RTCConfiguration(
        iceServers=[], iceTransportPolicy=RTCIceTransportPolicy.RELAY
    )


@pytest.mark.parametrize("servers", [(), (STUN,), (DTLS,)])
def test_a_missing_relay_is_told(servers: tuple[IceServer, ...]) -> None:
    with pytest.raises(Unavailable, match="GATEWAY_ICE_SERVERS"):
        configuration(IcePlan(servers=servers, relay_only=True))


async def gathered(*, channel: bool, audio: bool, loopback: bool) -> set[str]:
    peer_connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if audio:
        peer_connection.addTransceiver("audio")
    if channel:
        peer_connection.createDataChannel("gateway")
    if loopback:
        offer_loopback(peer_connection)
    await peer_connection.setLocalDescription(await peer_connection.createOffer())
    lines = peer_connection.localDescription.sdp.splitlines()
    await peer_connection.close()
    return {line.split(" ")[4] for line in lines if line.startswith("a=candidate:")}


async def test_the_library_leaves_loopback_out() -> None:
    assert LOOPBACK not in await gathered(channel=True, audio=True, loopback=False)


@pytest.mark.parametrize(("channel", "audio"), [(True, True), (True, False), (False, True)])
async def test_loopback_is_offered_beside_the_other_addresses(channel: bool, audio: bool) -> None:
    others = await gathered(channel=channel, audio=audio, loopback=False)
    assert await gathered(channel=channel, audio=audio, loopback=True) == {LOOPBACK, *others}


async def test_loopback_is_offered_on_a_machine_without_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    assert await gathered(channel=True, audio=True, loopback=True) == {LOOPBACK}


@pytest.mark.parametrize(
    ("local", "remote", "path"),
    [
        ("host", "host", "host"),
        ("host", "prflx", "prflx"),
        ("srflx", "prflx", "srflx"),
        ("host", "relay", "relay"),
        ("other", "other", "unknown"),
    ],
)
async def test_the_path_is_that_of_the_more_roundabout_end(
    local: str, remote: str, path: str
) -> None:
    peer_connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer_connection.createDataChannel("gateway")
    assert path_of(peer_connection) == "unknown"
    assert peer_connection.sctp is not None
    connection = peer_connection.sctp.transport.transport.iceGatherer._connection
    pair: Any = SimpleNamespace(
        local_candidate=SimpleNamespace(type=local), remote_candidate=SimpleNamespace(type=remote)
    )
    connection._nominated[1] = pair
    assert path_of(peer_connection) == path
    connection._nominated.clear()
    await peer_connection.close()


async def test_each_transport_has_a_gate_and_no_relay_unless_one_was_had() -> None:
    peer_connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer_connection.addTransceiver("audio")
    peer_connection.createDataChannel("gateway")
    assert len(gather_by(peer_connection, IcePlan())) == 2
    await peer_connection.setLocalDescription(await peer_connection.createOffer())
    assert has_relay(peer_connection) is False
    await peer_connection.close()
