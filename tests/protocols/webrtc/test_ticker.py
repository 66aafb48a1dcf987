import asyncio
import logging

import pytest

from protocols.webrtc.ticker import Ticker

BOUND_SECONDS = 5.0


class Clock:
    """A clock that the test turns; the event loop's timers are real."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Listener:
    """Notes its ticks and turns the clock on."""

    def __init__(self, clock: Clock, steps: list[float]) -> None:
        self.clock = clock
        self.steps = steps
        self.ticks: list[tuple[float, int]] = []
        self.done = asyncio.Event()

    def __call__(self, now: float, count: int) -> None:
        self.ticks.append((round(now, 3), count))
        if self.steps:
            self.clock.now += self.steps.pop(0)
        else:
            self.done.set()


async def ticks_after(*steps: float) -> list[tuple[float, int]]:
    """The ticks of a clock that goes on by these steps."""
    clock = Clock()
    ticker = Ticker(clock)
    listener = Listener(clock, list(steps[1:]))
    ticker.add(listener)
    clock.now += steps[0]
    async with asyncio.timeout(BOUND_SECONDS):
        await listener.done.wait()
    ticker.remove(listener)
    return listener.ticks


async def test_a_tick_comes_each_twenty_milliseconds() -> None:
    assert await ticks_after(0.02, 0.02, 0.02) == [(0.02, 1), (0.04, 1), (0.06, 1)]


async def test_a_late_tick_is_told_with_those_it_missed() -> None:
    assert await ticks_after(0.02, 0.075, 0.02) == [(0.02, 1), (0.095, 3), (0.115, 1)]


async def test_after_a_long_stall_the_clock_starts_anew() -> None:
    assert await ticks_after(0.02, 3.0, 0.02) == [(0.02, 1), (3.02, 1), (3.04, 1)]


async def test_one_timer_serves_everybody_and_only_while_somebody_listens() -> None:
    ticker = Ticker()
    heard = {"a": asyncio.Event(), "b": asyncio.Event()}

    def first(_now: float, _count: int) -> None:
        heard["a"].set()

    def second(_now: float, _count: int) -> None:
        heard["b"].set()

    ticker.add(first)
    ticker.add(second)
    timer = ticker._timer
    ticker.add(second)
    assert ticker._timer is timer
    async with asyncio.timeout(BOUND_SECONDS):
        await asyncio.gather(*(event.wait() for event in heard.values()))
    ticker.remove(first)
    assert ticker._timer is not None
    ticker.remove(second)
    ticker.remove(second)
    assert ticker._timer is None


async def test_a_clock_with_many_listeners_is_busy() -> None:
    ticker = Ticker()
    listeners = [lambda _now, _count, n=n: None for n in range(9)]
    for listener in listeners[:8]:
        ticker.add(listener)
    assert not ticker.is_busy
    ticker.add(listeners[8])
    assert len(ticker._listeners) == 9
    busy = ticker.is_busy
    for listener in listeners:
        ticker.remove(listener)
    assert busy


async def test_a_listener_that_fails_is_left_out_and_the_others_are_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticker = Ticker()
    served = asyncio.Event()

    def fails(_now: float, _count: int) -> None:
        raise ValueError("a fault of ours")

    def works(_now: float, _count: int) -> None:
        served.set()

    ticker.add(fails)
    ticker.add(works)
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(BOUND_SECONDS):
            await served.wait()
    assert fails not in ticker._listeners
    assert [record.message for record in caplog.records] == ["a call failed to follow the clock"]
    ticker.remove(works)
