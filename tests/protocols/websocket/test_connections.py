"""The open WebSockets are counted, told to end, and waited for."""

import asyncio

import pytest

from protocols.websocket import connections as module
from protocols.websocket.connections import Connections
from tests.protocols.websocket.serving import (
    WAIT_SECONDS,
    Setting,
    closed,
    kinds,
    serving,
    tell,
    told_until,
)


async def test_without_connections_there_is_nothing_to_wait_for() -> None:
    connections = Connections()
    async with asyncio.timeout(WAIT_SECONDS):
        await connections.drain(60)
    assert connections.draining.is_set()
    assert not connections.overdue.is_set()


async def test_a_drain_waits_for_the_last_connection() -> None:
    connections = Connections()
    async with asyncio.timeout(WAIT_SECONDS):
        with connections.one():
            with connections.one():
                draining = asyncio.create_task(connections.drain(60))
                await connections.draining.wait()
            await asyncio.sleep(0)
            assert not draining.done()
        await draining
    assert not connections.overdue.is_set()


async def test_connections_that_stay_are_overdue_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FAREWELL_SECONDS", 0.01)
    connections = Connections()
    async with asyncio.timeout(WAIT_SECONDS):
        with connections.one():
            await connections.drain(0.01)
    assert connections.overdue.is_set()


async def test_what_was_found_is_given_unless_the_server_is_about_to_stop() -> None:
    connections = Connections()
    found: asyncio.Queue[str] = asyncio.Queue()
    found.put_nowait("frame")
    async with asyncio.timeout(WAIT_SECONDS):
        assert await connections.unless_draining(found.get()) == "frame"
        connections.draining.set()
        assert await connections.unless_draining(found.get()) is None


async def test_connections_that_ask_nothing_are_closed_when_the_server_is_about_to_stop() -> None:
    connections = Connections()
    async with serving(setting=Setting(connections=connections)) as site:
        async with site.connect() as silent, site.connect() as not_started:
            await tell(not_started, {"type": "response.cancel"}, {"type": "tool.result"})
            await told_until(not_started, "gateway.error")
            async with asyncio.timeout(WAIT_SECONDS):
                await connections.drain(60)
            assert await closed(silent) == ([], 1001, "UNAVAILABLE")
            messages, code, reason = await closed(not_started)
            assert kinds(messages) == ["gateway.draining", "gateway.end"]
            assert (messages[-1]["reason"], code, reason) == ("draining", 1001, "UNAVAILABLE")
        async with site.connect() as late:
            assert await closed(late) == ([], 1001, "UNAVAILABLE")
