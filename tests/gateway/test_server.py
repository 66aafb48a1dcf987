"""How a real server ends, and what its server part decides."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from gateway.server import DrainingServer, server
from gateway.settings import Settings
from tests.server_process import ROOT, free_port, own_environment, stop, wait_until_healthy

WAIT_SECONDS = 5


class Running(Struct):
    """A gateway in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]

    def ask(self, prompt: str) -> contextlib.AbstractContextManager[httpx.Response]:
        return httpx.stream(
            "POST",
            f"{self.url}/invocations",
            json={"prompt": prompt},
            headers={"Accept": "text/event-stream"},
            timeout=30,
        )

    def end(self, sig: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(sig)


@contextmanager
def running(log: Path, **settings: str) -> Iterator[Running]:
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=ROOT,
            env=own_environment(GATEWAY_PORT=str(port), **settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, process, log)
        yield Running(url, process)
    finally:
        stop(process)


def drains(gateway: Running) -> None:
    """Wait until it takes no new turn."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        refused = httpx.post(f"{gateway.url}/invocations", json={"prompt": "hello"}, timeout=5)
        if refused.status_code == 503:
            assert refused.json()["code"] == "UNAVAILABLE"
            return
    raise AssertionError("it still takes turns")


@pytest.mark.slow
def test_the_first_signal_lets_the_turn_end_while_ping_answers(tmp_path: Path) -> None:
    with running(tmp_path / "log") as gateway:
        with gateway.ask("count from 1 to 60") as answer:
            lines = answer.iter_lines()
            assert any("TEXT_MESSAGE_CONTENT" in line for line in lines)
            gateway.end()
            drains(gateway)
            ping = httpx.get(f"{gateway.url}/ping", timeout=1)
            assert (ping.status_code, ping.json()["status"]) == (200, "HealthyBusy")
            *_, last = (line for line in lines if line)
        assert '"type":"RUN_FINISHED"' in last
        assert "cancelled" not in last
        assert gateway.process.wait(WAIT_SECONDS) == 0


@pytest.mark.slow
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_stops_at_once(sig: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path / "log") as gateway, gateway.ask("count from 1 to 400") as answer:
        lines = answer.iter_lines()
        assert any("TEXT_MESSAGE_CONTENT" in line for line in lines)
        gateway.end(sig)
        drains(gateway)
        told_at = time.monotonic()
        gateway.end(sig)
        assert gateway.process.wait(WAIT_SECONDS) == 0
        assert time.monotonic() - told_at < 3
        with contextlib.suppress(httpx.TransportError):
            assert not any('"type":"RUN_FINISHED"' in line for line in lines)
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_a_turn_that_does_not_end_in_time_is_cancelled(tmp_path: Path) -> None:
    with running(tmp_path / "log", GATEWAY_DRAIN_SECONDS="0.2") as gateway:
        with gateway.ask("count from 1 to 400") as answer:
            lines = answer.iter_lines()
            assert any("TEXT_MESSAGE_CONTENT" in line for line in lines)
            gateway.end()
            *_, last = (line for line in lines if line)
        assert '"type":"RUN_FINISHED"' in last
        assert "cancelled" in last
        assert gateway.process.wait(WAIT_SECONDS) == 0


@pytest.mark.slow
def test_a_port_that_is_taken_is_exit_code_1(tmp_path: Path) -> None:
    with running(tmp_path / "log") as gateway:
        again = subprocess.run(
            [sys.executable, "-m", "gateway", "serve", "--port", gateway.url.rpartition(":")[2]],
            cwd=ROOT,
            env=own_environment(),
            capture_output=True,
            check=False,
            timeout=30,
        )
    assert again.returncode == 1
    assert b"Traceback" not in again.stdout + again.stderr


@pytest.mark.slow
def test_a_message_above_the_limit_is_refused_with_the_stable_code(tmp_path: Path) -> None:
    with running(tmp_path / "log") as gateway:
        address = gateway.url.replace("http", "ws", 1) + "/ws"
        with connect(address, open_timeout=WAIT_SECONDS) as socket:
            socket.send("x" * 70_000)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    socket.recv(timeout=WAIT_SECONDS)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1009, "PAYLOAD_TOO_LARGE")


# What it decides


class Lifespan:
    """An application that only lives."""

    def __init__(self, *, starts: bool = True) -> None:
        self.starts = starts
        self.up = asyncio.Event()
        self.ended = 0

    async def __call__(
        self,
        scope: dict[str, object],
        receive: Callable[[], Awaitable[dict[str, object]]],
        send: Callable[[dict[str, object]], Awaitable[None]],
    ) -> None:
        await receive()
        if not self.starts:
            await send({"type": "lifespan.startup.failed", "message": "no"})
            return
        await send({"type": "lifespan.startup.complete"})
        self.up.set()
        await receive()
        self.ended += 1
        await send({"type": "lifespan.shutdown.complete"})


async def never() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise RuntimeError("sk-secret")


async def nothing() -> None:
    return


def made(app: Lifespan, drain: Callable[[], Awaitable[None]]) -> DrainingServer:
    return server(Settings(port=0), app, drain)


async def started(serving: DrainingServer, app: Lifespan) -> "asyncio.Task[None]":
    task = asyncio.create_task(serving.serve())
    async with asyncio.timeout(WAIT_SECONDS):
        await app.up.wait()
        while not serving.started:
            await asyncio.wait({task}, timeout=0.005)
    return task


@pytest.mark.parametrize("drain", [nothing, fails])
async def test_it_ends_after_draining_whatever_came_of_it(
    drain: Callable[[], Awaitable[None]],
) -> None:
    app = Lifespan()
    serving = made(app, drain)
    task = await started(serving, app)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(WAIT_SECONDS):
        await task
    assert (app.ended, serving.force_exit) == (1, False)


async def test_two_signals_at_the_same_moment_are_two_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Restores what the second signal silences.
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "disabled", False)
    app = Lifespan()
    serving = made(app, never)
    task = await started(serving, app)
    serving.handle_exit(signal.SIGTERM, None)
    serving.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(WAIT_SECONDS):
        await task
    assert (serving.should_exit, serving.force_exit, app.ended) == (True, True, 0)


async def test_a_start_that_fails_is_exit_code_1() -> None:
    with pytest.raises(SystemExit) as exit_code:
        await made(Lifespan(starts=False), nothing).serve()
    assert exit_code.value.code == 1


async def test_a_signal_during_the_start_ends_it_in_order() -> None:
    app = Lifespan()
    serving = made(app, fails)
    serving.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(WAIT_SECONDS):
        await serving.serve()
    assert app.ended == 1


async def test_the_server_is_made_as_the_settings_say() -> None:
    config = server(Settings(host="::1", port=81), Lifespan(), nothing).config
    assert (config.host, config.port, config.server_header) == ("::1", 81, False)
    assert (config.ws_max_size, config.timeout_graceful_shutdown) == (131_072, 5)


async def test_who_answers_no_ping_is_not_waited_for_and_nothing_is_compressed() -> None:
    config = server(Settings(), Lifespan(), nothing).config
    assert (config.ws_ping_interval, config.ws_ping_timeout) == (20.0, 20.0)
    assert config.ws_per_message_deflate is False
