"""The configuration, and the contract with the libraries that the loopback seam rests on."""

import inspect
from types import SimpleNamespace
from typing import Any

import aioice.ice
import pytest
from aioice import Connection
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from protocols.contract.errors import Unavailable
from protocols.webrtc.ice import LOOPBACK, configuration, offer_loopback, path_of
from protocols.webrtc.options import IceServer, parse_ice_server

STUN = parse_ice_server("stun:stun.example.com")
UDP = parse_ice_server("turn:u:p@udp.example.com")
TLS = parse_ice_server("turns:u:p@tls.example.com")
DTLS = parse_ice_server("turns:u:p@dtls.example.com?transport=udp")


def test_without_servers_nobody_is_asked() -> None:
    assert configuration([], relay_only=False) == RTCConfiguration(
        iceServers=[], iceTransportPolicy=RTCIceTransportPolicy.ALL
    )


def test_one_stun_and_the_first_usable_relay_are_chosen() -> None:
    other = parse_ice_server("stun:other.example.com")
    assert configuration([DTLS, TLS, UDP, STUN, other], relay_only=False).iceServers == [
        RTCIceServer("stun:stun.example.com:3478"),
        RTCIceServer("turns:tls.example.com:5349?transport=tcp", "u", "p"),
    ]


def test_only_a_relay_is_used_when_asked_for() -> None:
    assert configuration([STUN, UDP, TLS], relay_only=True) == RTCConfiguration(
        iceServers=[RTCIceServer("turn:udp.example.com:3478?transport=udp", "u", "p")],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY,
    )


@pytest.mark.parametrize("servers", [[], [STUN], [DTLS]])
def test_a_missing_relay_is_told(servers: list[IceServer]) -> None:
    with pytest.raises(Unavailable, match="GATEWAY_ICE_SERVERS"):
        configuration(servers, relay_only=True)


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


def test_the_library_gathers_by_the_method_that_is_used() -> None:
    parameters = inspect.signature(Connection.get_component_candidates).parameters
    assert list(parameters) == ["self", "component", "addresses", "timeout"]
    assert "get_component_candidates" in inspect.getsource(Connection.gather_candidates)
