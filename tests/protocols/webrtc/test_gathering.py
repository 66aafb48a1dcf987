"""Candidates are found at once where servers answer, and soon where they do not."""

import inspect
import socket
import time
from collections.abc import Iterator

import pytest
from aioice import Connection
from aioice import ice as aioice_ice
from aiortc import RTCPeerConnection

from protocols.contract.errors import Unavailable
from protocols.live.session import SampleRates
from protocols.webrtc import gathering
from protocols.webrtc.connection import Connection as Line
from protocols.webrtc.ice import configuration, gather_by
from protocols.webrtc.ice_servers import IcePlan, Reachability, sign
from protocols.webrtc.offer import read_offer
from protocols.webrtc.options import (
    IceServer,
    SharedSecret,
    WebRtcOptions,
    parse_ice_server,
    parse_ice_source,
)
from tests.protocols.webrtc.offers import CHROME
from tests.server_process import free_port
from tests.turn_server import TurnServer, turn_server

STOCK_SECONDS = 5.0  # what aioice waits


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes datagrams and connections, and never answers."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        port: int = stream.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        yield port


def relay(coturn: TurnServer, transport: str) -> IceServer:
    source = parse_ice_source(coturn.setting(transport))
    assert isinstance(source, SharedSecret)
    [server] = sign(source, time.time() + 600, "test")
    return server


def dead(port: int, scheme: str, transport: str) -> IceServer:
    return IceServer(scheme, "127.0.0.1", port, transport, "user", "password")


async def gathered(plan: IcePlan) -> tuple[list[str], float]:
    """The kinds of our candidates, and how long it took."""
    peer_connection = RTCPeerConnection(configuration(plan))
    peer_connection.createDataChannel("gateway")
    gather_by(peer_connection, plan)
    begun = time.monotonic()
    await peer_connection.setLocalDescription(await peer_connection.createOffer())
    seconds = time.monotonic() - begun
    lines = peer_connection.localDescription.sdp.splitlines()
    await peer_connection.close()
    return [line.split(" ")[7] for line in lines if line.startswith("a=candidate:")], seconds


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_relay_is_had_over(
    transport: str, coturn: TurnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in coturn.environment.items():
        monkeypatch.setenv(name, value)
    kinds, _ = await gathered(IcePlan(servers=(relay(coturn, transport),), relay_only=True))
    assert kinds == ["relay"]


async def test_where_udp_is_blocked_the_next_relay_is_used_and_remembered(
    coturn: TurnServer, silent: int
) -> None:
    reachability = Reachability()
    udp, tcp = dead(silent, "turn", "udp"), relay(coturn, "tcp")
    plan = IcePlan(servers=(udp, tcp), relay_only=True, reachability=reachability)
    kinds, seconds = await gathered(plan)
    assert kinds == ["relay"]
    assert seconds < STOCK_SECONDS
    assert plan.relays() == [tcp, udp]


async def test_a_relay_that_refuses_is_followed_by_the_next_at_once(coturn: TurnServer) -> None:
    wrong = IceServer("turn", "127.0.0.1", coturn.port, "udp", "user", "wrong")
    plan = IcePlan(servers=(wrong, relay(coturn, "udp")), relay_only=True)
    assert (await gathered(plan))[0] == ["relay"]


@pytest.mark.parametrize(
    ("scheme", "transport"), [("stun", None), ("turn", "udp"), ("turn", "tcp"), ("turns", "tcp")]
)
async def test_a_server_that_does_not_answer_costs_less_than_a_second(
    scheme: str, transport: str | None, silent: int
) -> None:
    assert gathering._GATHER_SECONDS < 1
    server = IceServer(scheme, "127.0.0.1", silent, transport, "user", "password")
    plan = IcePlan(servers=(server,), loopback=True, reachability=Reachability())
    first, slow = await gathered(plan)
    again, second = await gathered(plan)
    assert (set(first), again) == ({"host"}, first)
    assert max(slow, second) < STOCK_SECONDS
    if scheme == "stun":
        assert second < slow, "it is spared for a while"


async def test_a_stun_server_tells_how_we_are_seen(coturn: TurnServer) -> None:
    server = IceServer("stun", "127.0.0.1", coturn.port)
    kinds, _ = await gathered(IcePlan(servers=(server,), loopback=True))
    assert "srflx" in kinds
    kinds, _ = await gathered(
        IcePlan(servers=(server, relay(coturn, "udp")), loopback=True, relay_only=True)
    )
    assert kinds == ["relay"]


async def test_of_several_addresses_one_answer_is_enough(
    coturn: TurnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = IcePlan(servers=(IceServer("stun", "127.0.0.1", coturn.port),), loopback=True)
    ask = aioice_ice.server_reflexive_candidate

    async def ask_from_loopback(host: object, server: tuple[str, int]) -> object:
        if host.local_candidate.host != gathering.LOOPBACK:  # type: ignore[attr-defined]
            server = ("127.0.0.1", 9)  # nobody
        return await ask(host, server)  # type: ignore[arg-type]

    monkeypatch.setattr(gathering, "server_reflexive_candidate", ask_from_loopback)
    monkeypatch.setattr(gathering, "_GATHER_SECONDS", STOCK_SECONDS)
    monkeypatch.setattr(aioice_ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.2"])
    kinds, seconds = await gathered(plan)
    assert sorted(kinds) == ["host", "host", "srflx"]
    assert seconds < STOCK_SECONDS


async def test_sockets_are_bound_within_the_ports_that_are_open() -> None:
    first = free_port()
    plan = IcePlan(loopback=True, ports=range(first, first + 1))
    one, other = (RTCPeerConnection(configuration(plan)) for _ in range(2))
    found = []
    for peer_connection in (one, other):
        peer_connection.createDataChannel("gateway")
        gather_by(peer_connection, plan)
        await peer_connection.setLocalDescription(await peer_connection.createOffer())
        lines = (line.split(" ") for line in peer_connection.localDescription.sdp.splitlines())
        found.append([int(words[5]) for words in lines if words[0].startswith("a=candidate:")])
    for peer_connection in (one, other):
        await peer_connection.close()
    assert set(found[0]) == {first}
    assert found[1] == [], "there was one port for each address"


async def test_an_address_that_is_gone_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice_ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["192.0.2.99"])
    assert (await gathered(IcePlan(loopback=True)))[0] == ["host"]


async def test_a_call_that_needs_a_relay_and_gets_none_is_refused(coturn: TurnServer) -> None:
    wrong = parse_ice_server(f"turn:user:wrong@127.0.0.1:{coturn.port}")
    plan = IcePlan(servers=(wrong,), relay_only=True)
    line = Line(WebRtcOptions(), SampleRates(16_000, 24_000), plan)
    with pytest.raises(Unavailable, match="doctor"):
        await line.answer(read_offer(CHROME, "offer", loopback=True))
    await line.aclose()


def test_the_library_gathers_by_the_method_that_is_replaced() -> None:
    method = Connection.get_component_candidates
    assert list(inspect.signature(method).parameters) == [
        "self",
        "component",
        "addresses",
        "timeout",
    ]
    assert "get_component_candidates" in inspect.getsource(Connection.gather_candidates)
    relayed = inspect.signature(aioice_ice.relayed_candidate).parameters
    assert set(relayed) == {
        "component",
        "hide_related_address",
        "protocol_factory",
        "turn_server",
        "turn_username",
        "turn_password",
        "turn_ssl",
        "turn_transport",
    }
