"""What ``test_peers`` cannot bring about: the ends of a connection that go wrong."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

import pytest
from aiortc import RTCPeerConnection

from protocols.contract.errors import Unavailable
from protocols.live.session import SampleRates
from protocols.webrtc.connection import Connection
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.offer import read_offer
from protocols.webrtc.options import WebRtcOptions
from tests.protocols.webrtc.offers import CHROME, HOST

BOUND_SECONDS = 5.0

close_for_real = RTCPeerConnection.close


def new_connection() -> Connection:
    return Connection(
        WebRtcOptions(connect_seconds=0.1),
        SampleRates(16_000, 24_000),
        IcePlan(loopback=True),
    )


async def test_ids_cannot_be_guessed() -> None:
    connections = [new_connection() for _ in range(3)]
    assert len({connection.id for connection in connections}) == 3
    assert {len(connection.id) for connection in connections} == {32}
    for connection in connections:
        await connection.aclose()


async def test_there_is_no_channel_and_there_are_no_candidates_before_the_answer() -> None:
    connection = new_connection()
    with pytest.raises(RuntimeError, match="not answered"):
        _ = connection.channel
    await connection.add_candidate(HOST)
    await connection.aclose()


async def test_every_connection_has_a_certificate_of_its_own() -> None:
    fingerprints = set()
    for _ in range(2):
        connection = new_connection()
        sdp = await connection.answer(read_offer(CHROME, "offer", loopback=True))
        fingerprints |= {
            line for line in sdp.splitlines() if line.startswith("a=fingerprint:sha-256")
        }
        await connection.aclose()
    assert len(fingerprints) == 2


async def test_a_call_for_which_no_port_is_left_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        plan = IcePlan(loopback=True, ports=range(port, port + 1))
        connection = Connection(WebRtcOptions(), SampleRates(16_000, 24_000), plan)
        with pytest.raises(Unavailable, match="GATEWAY_MEDIA_PORTS"):
            await connection.answer(read_offer(CHROME, "offer", loopback=True))
    await connection.aclose()


async def test_a_connection_that_was_closed_does_not_connect() -> None:
    connection = new_connection()
    await connection.answer(read_offer(CHROME, "offer", loopback=True))
    await connection.aclose()
    async with asyncio.timeout(BOUND_SECONDS):
        assert await connection.connects() is False


@pytest.mark.parametrize(
    ("state", "ice_state", "counted"),
    [
        ("connected", "completed", ["connected over host"]),
        ("failed", "failed", ["ice"]),
        ("failed", "completed", ["dtls"]),
        ("connecting", "checking", ["timeout"]),
        ("closed", "closed", []),
    ],
)
async def test_how_connecting_ended_is_counted_once(
    state: str, ice_state: str, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("protocols.webrtc.connection.peer_failed", seen.append)
    monkeypatch.setattr(
        "protocols.webrtc.connection.peer_connected",
        lambda path, _: seen.append(f"connected over {path}"),
    )
    monkeypatch.setattr("protocols.webrtc.connection.path_of", lambda _: "host")
    connection = new_connection()
    monkeypatch.setattr(RTCPeerConnection, "connectionState", state)
    monkeypatch.setattr(RTCPeerConnection, "iceConnectionState", ice_state)
    for _ in range(2):
        async with asyncio.timeout(BOUND_SECONDS):
            assert await connection.connects() is (state == "connected")
    monkeypatch.undo()
    await connection.aclose()
    assert seen == counted


async def _hang(peer_connection: RTCPeerConnection) -> None:
    await asyncio.Event().wait()


async def _fail(peer_connection: RTCPeerConnection) -> None:
    raise OSError("broken")


@pytest.mark.parametrize(
    ("close", "told"),
    [(_hang, "did not close in time"), (_fail, "failed to close")],
)
async def test_a_close_that_goes_wrong_is_bounded_and_told(
    close: Callable[[RTCPeerConnection], Awaitable[None]],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("protocols.webrtc.connection._CLOSE_SECONDS", 0.05)
    monkeypatch.setattr(RTCPeerConnection, "close", close)
    connection = new_connection()
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(BOUND_SECONDS):
            await connection.aclose()
            await connection.aclose()
    assert told in caplog.text
    await close_for_real(connection._peer_connection)
