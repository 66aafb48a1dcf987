"""Where servers come from, how long they are good for, and who is asked how often."""

import asyncio

import pytest

from protocols.contract.errors import GatewayError, NotConfigured, Unavailable
from protocols.webrtc.ice_servers import (
    FOREVER_SECONDS,
    IceDirectory,
    IcePlan,
    IceServers,
    Reachability,
    sign,
)
from protocols.webrtc.kinesis_video import Lease, SignalingChannel
from protocols.webrtc.options import IceServer, KvsChannel, SharedSecret, parse_ice_source
from tests.emulators.kinesis_video import TurnServers

BOUND_SECONDS = 5.0
STUN = IceServer("stun", "a", 3478)
UDP = IceServer("turn", "udp", 3478, "udp", "u", "p")
TLS = IceServer("turns", "tls", 5349, "tcp", "u", "p")
DTLS = IceServer("turns", "dtls", 5349, "udp", "u", "p")
CHANNEL = KvsChannel("voices")
SECRET = SharedSecret("S", (IceServer("turn", "c", 3478, "udp"),))


class Service:
    """Gives a lease of 300 seconds, or what the test put in its place."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = 0
        self.fault: Exception | None = None
        self.hold: asyncio.Event | None = None

    async def fetch(self) -> Lease:
        self.asked += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.fault is not None:
            raise self.fault
        return Lease((IceServer("turn", f"kvs{self.asked}", 443, "udp", "u", "p"),), 300)

    def close(self) -> None:
        self.closed += 1


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(service: Service, clock: Clock) -> IceDirectory:
    return IceDirectory([CHANNEL, STUN], service_of=lambda _: service, clock=clock)


def hosts(found: IceServers) -> list[str]:
    return [server.host for server in found.servers]


async def test_servers_that_are_set_for_good_stay_as_they_are() -> None:
    found = await IceDirectory([STUN, UDP]).servers()
    assert found == IceServers((STUN, UDP), None)
    assert found.seconds_left(5.0) == FOREVER_SECONDS
    assert await IceDirectory([]).servers() == IceServers()


async def test_credentials_of_a_shared_secret_are_made_for_each_call(clock: Clock) -> None:
    directory = IceDirectory(
        [SECRET, UDP], rest_seconds=60, clock=clock, wall_clock=lambda: 1_700_000_000.7
    )
    found = await directory.servers()
    expires, _, holder = str(found.servers[0].username).partition(":")
    username, password = TurnServers(secret="S").credentials(holder, 1_700_000_000 - 240)
    assert expires == "1700000060"
    assert (await directory.servers()).servers[0].username != username, "a user for each call"
    assert found.servers == (IceServer("turn", "c", 3478, "udp", username, password), UDP)
    assert found.seconds_left(clock.now) == 60
    assert found.seconds_left(clock.now + 100) == 0


def test_the_password_is_what_coturn_computes() -> None:
    source = parse_ice_source("turn-rest:north@h?transport=udp")
    assert isinstance(source, SharedSecret)
    [server] = sign(source, 1433895918, "gateway")
    # openssl dgst -sha1 -hmac north, of "1433895918:gateway"
    assert (server.username, server.credential) == (
        "1433895918:gateway",
        "3vC/nE2y+SN66PNXah8bHpruWUE=",
    )


async def test_a_service_is_not_asked_before_the_first_call_and_then_once_in_a_while(
    directory: IceDirectory, service: Service, clock: Clock
) -> None:
    assert service.asked == 0
    first = await directory.servers()
    assert (hosts(first), first.seconds_left(clock.now)) == (["kvs1", "a"], 300)
    clock.now += 149
    assert await directory.servers() == first
    clock.now += 2
    again = await directory.servers()
    assert (hosts(again), again.seconds_left(clock.now), service.asked) == (["kvs2", "a"], 300, 2)


async def test_however_many_ask_the_service_is_asked_once(
    directory: IceDirectory, service: Service
) -> None:
    service.hold = asyncio.Event()
    asking = [asyncio.create_task(directory.servers()) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking[0].cancel()  # who asked first leaves
    service.hold.set()
    async with asyncio.timeout(BOUND_SECONDS):
        results = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert len({repr(result) for result in results[1:]}) == 1
    assert service.asked == 1


async def test_a_refusal_is_told_unless_there_are_other_servers(
    service: Service, clock: Clock
) -> None:
    service.fault = NotConfigured("no region")
    alone = IceDirectory([CHANNEL], service_of=lambda _: service, clock=clock)
    for _ in range(3):
        with pytest.raises(NotConfigured, match="no region"):
            await alone.servers()
    assert service.asked == 1, "a service that refused is left alone for a moment"
    clock.now += 6
    service.fault = None
    assert hosts(await alone.servers()) == ["kvs2"]
    service.fault = NotConfigured("no region")
    beside = IceDirectory([CHANNEL, STUN], service_of=lambda _: service, clock=clock)
    assert hosts(await beside.servers()) == ["a"]


async def test_credentials_that_are_still_good_bridge_a_fault_of_the_service(
    directory: IceDirectory, service: Service, clock: Clock
) -> None:
    await directory.servers()
    service.fault = Unavailable("down")
    clock.now += 200
    for _ in range(2):
        found = await directory.servers()
        assert (hosts(found), found.seconds_left(clock.now)) == (["kvs1", "a"], 100)
    assert service.asked == 2
    clock.now += 80  # 20 seconds left: too few to begin a call with
    assert hosts(await directory.servers()) == ["a"]


async def test_a_lease_that_is_over_at_once_is_a_fault(service: Service, clock: Clock) -> None:
    async def nothing() -> Lease:
        return Lease((), 0)

    service.fetch = nothing  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="credentials"):
        await IceDirectory([CHANNEL], service_of=lambda _: service, clock=clock).servers()


async def test_closing_gives_up_what_is_being_asked(
    directory: IceDirectory, service: Service
) -> None:
    service.hold = asyncio.Event()
    asking = asyncio.create_task(directory.servers())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(BOUND_SECONDS):
        await directory.aclose()
        await directory.aclose()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert service.closed == 2


async def test_a_channel_is_asked_by_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def refuse(channel: SignalingChannel) -> Lease:
        asked.append(channel._name)
        raise Unavailable("no")

    monkeypatch.setattr(SignalingChannel, "fetch", refuse)
    directory = IceDirectory([CHANNEL])
    with pytest.raises(GatewayError):
        await directory.servers()
    await directory.aclose()
    assert asked == ["voices"]


def test_a_server_that_did_not_answer_is_spared_for_a_while(clock: Clock) -> None:
    reachability = Reachability(clock)
    reachability.note(UDP, answered=False)
    reachability.note(TLS, answered=True)
    assert [reachability.is_spared(server) for server in (UDP, TLS, STUN)] == [True, False, False]
    clock.now += 21
    assert not reachability.is_spared(UDP)
    reachability.note(UDP, answered=False)
    reachability.note(UDP, answered=True)
    assert not reachability.is_spared(UDP)


@pytest.mark.parametrize(
    ("spared", "relay_only", "stun", "relays"),
    [
        ([], False, STUN, [UDP, TLS]),
        ([], True, None, [UDP, TLS]),
        ([UDP], False, STUN, [TLS, UDP]),
        ([UDP], True, None, [TLS, UDP]),
        ([UDP, TLS, STUN], False, None, [UDP, TLS]),
        ([UDP, TLS, STUN], True, None, [UDP, TLS]),
    ],
)
def test_relays_that_are_spared_are_tried_last_and_stun_servers_not_at_all(
    spared: list[IceServer], relay_only: bool, stun: IceServer | None, relays: list[IceServer]
) -> None:
    reachability = Reachability()
    plan = IcePlan(servers=(DTLS, UDP, STUN, TLS), relay_only=relay_only, reachability=reachability)
    for server in spared:
        plan.note(server, answered=False)
    assert (plan.stun(), plan.relays()) == (stun, relays)


def test_a_plan_needs_no_memory() -> None:
    plan = IcePlan(servers=(UDP, TLS))
    plan.note(UDP, answered=False)
    assert plan.relays() == [UDP, TLS]
