"""What holds for the jitter buffer on any network: seeded traces in virtual time."""

import random
from collections.abc import Iterator

import pytest
from msgspec import Struct

from protocols.webrtc.jitter import Conceal, Decode, JitterBuffer, Recover, Silence, Step

FRAME = 960
TICK = 0.02
SECONDS = 30


class Network(Struct, frozen=True):
    """What happens to packets on their way; seconds and shares."""

    loss: float = 0.0
    burst: int = 1
    jitter: float = 0.0
    duplicates: float = 0.0
    drift: float = 0.0  # of the sender's clock
    seed: int = 1


NETWORKS = {
    "good": Network(),
    "lossy": Network(loss=0.05),
    "very lossy": Network(loss=0.2, seed=2),
    "in bursts": Network(loss=0.03, burst=3, seed=3),
    "jumpy": Network(jitter=0.06, seed=4),
    "reordering": Network(jitter=0.03, seed=5),
    "repeating": Network(duplicates=0.2, jitter=0.01, seed=6),
    "fast clock": Network(drift=100e-6, jitter=0.005, seed=7),
    "slow clock": Network(drift=-100e-6, jitter=0.005, seed=8),
    "everything": Network(loss=0.1, burst=2, jitter=0.08, duplicates=0.1, drift=1e-4, seed=9),
}


class Given(Struct, frozen=True):
    now: float
    step: Step


def arrivals(network: Network, seconds: float) -> list[tuple[float, int]]:
    """When each packet comes: (time, number), in the order they come."""
    dice = random.Random(network.seed)  # noqa: S311 - a trace that is the same each time
    found, lost = [], 0
    for number in range(round(seconds / TICK)):
        sent = number * TICK * (1 + network.drift)
        if lost == 0 and dice.random() < network.loss / network.burst:
            lost = network.burst
        if lost:
            lost -= 1
            continue
        copies = 2 if dice.random() < network.duplicates else 1
        found += [(sent + dice.random() * network.jitter, number) for _ in range(copies)]
    return sorted(found)


def payload(number: int) -> bytes:
    return b"\xf8" + number.to_bytes(4, "big")


def play(network: Network, buffer: JitterBuffer, seconds: float = SECONDS) -> Iterator[Given]:
    """Run a trace: the numbers begin near their wrap-around."""
    tick = 0.0
    for now, number in arrivals(network, seconds):
        while tick < now:
            yield from (Given(tick, step) for step in buffer.take(tick))
            tick += TICK
        ticks = (2**32 - 50 * FRAME + number * FRAME) % 2**32
        buffer.put((65_500 + number) & 0xFFFF, ticks, payload(number), now)
        yield from (Given(now, step) for step in buffer.take(now))


def numbers(given: list[Given]) -> list[int]:
    return [
        int.from_bytes(each.step.payload[1:], "big")
        for each in given
        if isinstance(each.step, Decode)
    ]


def ticks_of(step: Step) -> int:
    return FRAME if isinstance(step, Decode) else step.ticks


@pytest.mark.parametrize("name", NETWORKS)
def test_packets_are_given_once_and_in_order_and_all_of_them_are_accounted_for(name: str) -> None:
    buffer = JitterBuffer(0.0)
    given = list(play(NETWORKS[name], buffer))
    order = numbers(given)
    assert order == sorted(set(order))
    sent = {number for _, number in arrivals(NETWORKS[name], SECONDS)}
    counts = buffer.counts
    assert len(order) >= counts.received - 8  # those that still wait at the end
    assert len(sent) == counts.received + counts.late
    last = max(sent)
    held_back = last + 1 - (counts.received + counts.lost + counts.late)
    assert 0 <= held_back <= 8
    assert counts.refused == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_waits_longer_than_it_may(name: str) -> None:
    buffer = JitterBuffer(0.0)
    came = dict(reversed([(n, at) for at, n in arrivals(NETWORKS[name], SECONDS)]))
    waits = [
        each.now - came[int.from_bytes(each.step.payload[1:], "big")]
        for each in play(NETWORKS[name], buffer)
        if isinstance(each.step, Decode)
    ]
    assert min(waits) >= 0
    assert max(waits) <= 0.12 + TICK
    assert 0.02 <= buffer.wait_seconds <= 0.12


@pytest.mark.parametrize("name", ["good", "lossy", "very lossy", "in bursts", "fast clock"])
def test_what_is_given_lasts_as_long_as_what_was_said(name: str) -> None:
    given = list(play(NETWORKS[name], JitterBuffer(0.0)))
    ticks = sum(ticks_of(each.step) for each in given)
    said = (max(number for _, number in arrivals(NETWORKS[name], SECONDS)) + 1) * FRAME
    assert abs(ticks - said) <= 6 * FRAME


def test_most_lost_packets_are_recovered_from_the_next_one() -> None:
    buffer = JitterBuffer(0.0)
    list(play(NETWORKS["lossy"], buffer))
    assert buffer.counts.recovered_frames >= 0.8 * buffer.counts.lost > 0


def test_a_network_that_calms_down_is_waited_for_no_longer() -> None:
    buffer = JitterBuffer(0.0)
    list(play(NETWORKS["jumpy"], buffer))
    assert buffer.wait_seconds > 0.04
    late_before = buffer.counts.late
    start, now = SECONDS * 50, SECONDS + 0.2
    for step in range(300):  # six seconds
        number = start + step
        ticks = (2**32 - 50 * FRAME + number * FRAME) % 2**32
        now += TICK
        buffer.put((65_500 + number) & 0xFFFF, ticks, payload(number), now)
        buffer.take(now)
    assert buffer.wait_seconds == 0.02
    assert buffer.counts.late == late_before


def test_a_jumpy_network_loses_little_once_it_is_known() -> None:
    buffer = JitterBuffer(0.0)
    list(play(Network(jitter=0.06, seed=11), buffer, seconds=60))
    assert buffer.counts.late <= 60  # of 3,000


def test_an_hour_with_a_drifting_clock_adds_no_delay_and_loses_nothing() -> None:
    buffer = JitterBuffer(0.0)
    tick = 0.0
    for number in range(50 * 3_600):
        now = number * TICK * (1 + 100e-6)
        while tick < now:
            assert not any(isinstance(s, Conceal | Recover | Silence) for s in buffer.take(tick))
            tick += TICK
        buffer.put(number & 0xFFFF, number * FRAME % 2**32, payload(number), now)
        assert buffer.take(now) == [Decode(payload(number))]
    assert buffer.wait_seconds == 0.02
