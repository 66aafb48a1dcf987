"""Calls that outlive connections, and connections that are found dead."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocols.contract.errors import NotConfigured, TimedOut, Unavailable
from protocols.contract.events import AudioDelta, TurnEnded, TurnStarted
from protocols.contract.inputs import Text
from protocols.webrtc.guard import Gate
from protocols.webrtc.ice import has_relay, path_of
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.kinesis_video import Lease, SignalingChannel
from protocols.webrtc.options import IceServer, WebRtcOptions, read_ice_url
from tests.protocols.webrtc.calls import (
    BOUND_SECONDS,
    CLIENT_RATE,
    INPUT_RATE,
    OUTPUT_RATE,
    Client,
    Mouth,
    Server,
    calling,
    loud_seconds,
    serving,
    tone,
)
from tests.turn_server import TurnServer, turn_server

STOCK_SECONDS = 28.0  # until aiortc notices that its peer is gone
GAP_SECONDS = 0.7  # 0.02 on a machine that is at rest
ANSWER_SECONDS = 0.5  # that a probe may take


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When clients were asked for a sign of life."""
    made: list[float] = []
    probe = Gate.probe

    async def note(gate: Gate) -> None:
        made.append(time.monotonic())
        await probe(gate)

    monkeypatch.setattr(Gate, "probe", note)
    return made


async def until_freed(server: Server) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        while server.peers.count or server.busy.count:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.02)


async def until_many(probes: list[float], count: int) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        while len(probes) < count:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.02)


def test_a_client_that_vanished_is_noticed_in_ten_seconds() -> None:
    assert WebRtcOptions().vanished_seconds + ANSWER_SECONDS <= 10 < STOCK_SECONDS


async def test_a_client_that_only_listens_is_asked_whether_it_is_there(
    probes: list[float],
) -> None:
    async with serving(vanished_seconds=0.5) as server, calling(server, label=None) as client:
        # aiortc checks its peer every five seconds: without our asking it would count as gone
        await until_many(probes, 5)
        assert probes[4] - probes[0] > 0.5
        assert client.connection.connectionState == "connected"
        assert server.peers.count == 1
        client.vanish()
        await until_freed(server)


async def test_a_client_that_speaks_need_not_be_asked(probes: list[float]) -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        conversation = server.conversation()
        await conversation.until(lambda c: len(c.heard) > 32_000)  # a second
        client.vanish()
    assert probes == []


async def test_the_client_comes_back_from_another_address() -> None:
    async with serving() as server, calling(server, Mouth()) as first:
        conversation = server.conversation()
        first.vanish()
        async with calling(server, Mouth(), pc_id=first.pc_id) as second:
            await second.until_told("gateway.session")
            assert server.conversation() is conversation
            conversation.emit(TurnStarted("t"), AudioDelta("m", tone(330, 0.3, OUTPUT_RATE)))
            await second.until(lambda: loud_seconds(bytes(second.heard), CLIENT_RATE) >= 0.2)
            second.say(type="input.text", text="I am back.")
            await conversation.until(lambda c: c.said == [Text("I am back.")])
            assert server.peers.count == 1
        conversation.emit(TurnEnded())


async def relays(server: Server) -> tuple[IceServer, ...]:
    """The servers that the client is told of now."""
    told = await server.act("ice_config", {"turnOnly": True})
    assert told["ttl"] <= server.peers.options.turn_rest_seconds
    read = [
        read_ice_url(each["urls"][0], each["username"], each["credential"])
        for each in told["iceServers"]
    ]
    return tuple(one for one in read if one is not None)


async def relayed(server: Server, **data: Any) -> Client:
    """A client that is connected through relays at both ends."""
    client = Client(Mouth(), plan=IcePlan(servers=await relays(server), relay_only=True))
    await client.call(server, turnOnly=True, **data)
    assert path_of(client.connection) == "relay"
    return client


async def can_allocate(servers: tuple[IceServer, ...]) -> bool:
    plan = IcePlan(servers=servers, relay_only=True)
    other = Client(plan=plan)
    await other.offer()
    got = has_relay(other.connection)
    await other.aclose()
    return got


async def test_credentials_that_end_in_a_call_are_renewed_without_a_gap(
    coturn: TurnServer,
) -> None:
    options = {"ice_servers": (coturn.setting("udp"),), "turn_rest_seconds": 5}
    async with serving(**options) as server:
        old = await relays(server)
        first = await relayed(server)
        conversation = server.conversation()
        asked = await first.until_told("gateway.reoffer")
        assert (asked["reason"], asked["seconds"] < 5) == ("credentials", True)
        assert first.connection.connectionState == "connected"
        second = await relayed(server, pc_id=first.pc_id)
        await second.until_told("gateway.session")
        await first.aclose()
        async with asyncio.timeout(BOUND_SECONDS):
            while await can_allocate(old):  # until the first credentials are over
                await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.2)
        assert server.conversation() is conversation
        conversation.emit(TurnStarted("t"), AudioDelta("m", tone(330, 0.3, OUTPUT_RATE)))
        await second.until(lambda: loud_seconds(bytes(second.heard), CLIENT_RATE) >= 0.2)
        await second.until_told("gateway.reoffer")  # the next ones end, too
        await second.aclose()


async def test_a_direct_call_has_no_credentials_that_end(coturn: TurnServer) -> None:
    options = {"ice_servers": (coturn.setting("udp"),), "turn_rest_seconds": 1}
    async with serving(**options) as server, calling(server, Mouth()) as client:
        await server.conversation().until(lambda c: len(c.heard) > 48_000)  # 1.5 s
        assert "gateway.reoffer" not in client.kinds


async def test_a_probe_that_is_not_answered_is_no_error() -> None:
    async with serving() as server, calling(server) as client:
        [peer] = server.peers._peers
        [gate] = peer._line._gates
        client.vanish()
        await gate.probe()  # what is under way arrives meanwhile
        heard_at = gate.heard_at
        await gate.probe()
        assert gate.heard_at == heard_at
        gate._connection.remote_password = None
        await gate.probe()


@pytest.mark.slow
async def test_with_the_default_the_end_is_noticed_in_less_than_ten_seconds() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        [peer] = server.peers._peers
        begun = time.monotonic()
        client.vanish()
        await peer._line._vanished()
        assert 7 < time.monotonic() - begun < 10


async def test_a_relay_that_dies_ends_its_calls_and_refuses_the_next(tmp_path: Path) -> None:
    with turn_server(tmp_path) as coturn:
        options = {"ice_servers": (coturn.setting("tcp"),), "grace_seconds": 0.2}
        async with serving(vanished_seconds=1.0, **options) as server:
            client = await relayed(server)
            offer = Client(Mouth())
            sdp = await offer.offer()
            await offer.aclose()
            coturn.process.terminate()
            await until_freed(server)
            with pytest.raises(Unavailable, match="doctor"):
                await server.act("offer", {"sdp": sdp, "turnOnly": True})
            assert (server.peers.count, server.busy.count) == (0, 0)
            await client.aclose()


@pytest.mark.parametrize(
    ("servers", "policy"),
    [(("kvs:voices",), {}), (("kvs:voices", "stun:127.0.0.1:9"), {"turnOnly": True})],
)
async def test_servers_that_cannot_be_had_are_told_to_whoever_offers(
    servers: tuple[str, ...], policy: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: SignalingChannel) -> Lease:
        raise NotConfigured("No AWS region is set. Set AWS_REGION.")

    monkeypatch.setattr(SignalingChannel, "fetch", refuse)
    async with serving(ice_servers=servers) as server:
        client = Client(Mouth())
        sdp = await client.offer()
        await client.aclose()
        for action, data in (("ice_config", {}), ("offer", {"sdp": sdp})):
            with pytest.raises(NotConfigured, match="AWS_REGION"):
                await server.act(action, data | policy)
        assert (server.peers.count, server.conversations.live) == (0, {})


async def test_servers_that_take_long_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = asyncio.Event()

    async def wait(_: SignalingChannel) -> Lease:
        await given.wait()
        return Lease((IceServer("turn", "h", 1, "udp", "u", "p"),), 300)

    monkeypatch.setattr(SignalingChannel, "fetch", wait)
    async with serving(ice_servers=("kvs:voices",), connect_seconds=0.05) as server:
        with pytest.raises(TimedOut, match="TURN servers"):
            await server.act("ice_config")
        given.set()
        assert len((await server.act("ice_config"))["iceServers"]) == 1


async def test_a_client_that_moves_over_is_heard_without_a_gap() -> None:
    """Both connections are there for a moment; what the user says reaches the model once."""
    sound = tone(330, 5.0, CLIENT_RATE)
    async with serving() as server:
        first = Client(Mouth(sound))
        await first.call(server)
        conversation = server.conversation()
        await conversation.until(lambda c: len(c.heard) > INPUT_RATE)  # half a second
        second = Client(Mouth(sound))
        begun, heard = time.monotonic(), len(conversation.heard)
        await second.call(server, pc_id=first.pc_id)
        await second.until_told("gateway.session")
        await conversation.until(lambda c: len(c.heard) > heard + 2 * INPUT_RATE)  # a second
        seconds = time.monotonic() - begun
        came = (len(conversation.heard) - heard) / (2 * INPUT_RATE)
        assert seconds - came < GAP_SECONDS
        await first.aclose()
        await second.aclose()
