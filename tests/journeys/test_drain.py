"""SIGTERM in the middle of a conversation: what is being said is heard to its end."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from msgspec import Struct, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.journeys.test_call import Caller, call
from tests.journeys.wires import websocket_url
from tests.server_process import serve_process

_SECONDS = 60.0
_SAMPLE_RATE = 24_000
_COUNT = {"type": "input.text", "text": "count from 1 to 12"}
_LONG_COUNT = {"type": "input.text", "text": "count from 1 to 40"}
_WAIT_SECONDS = 20

type Server = tuple[str, Popen[bytes]]


class Heard(Struct):
    """What a client of the WebSocket was sent, and when."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    pcm: bytearray = field(default_factory=bytearray)
    arrived_at: list[float] = field(default_factory=list)

    def note(self, frame: str | bytes) -> str:
        """Take a frame; gives its type."""
        if isinstance(frame, bytes):
            self.pcm += frame
            self.arrived_at.append(asyncio.get_running_loop().time())
            return "sound"
        message: dict[str, Any] = json.loads(frame)
        self.messages.append(message)
        kind: str = message["type"]
        return kind

    async def until(self, socket: ClientConnection, kind: str) -> None:
        """Read up to the next of a kind."""
        while self.note(await socket.recv()) != kind:
            pass

    async def rest(self, socket: ClientConnection) -> tuple[int, str]:
        """Read to the end; gives code and reason of the close."""
        try:
            while True:
                self.note(await socket.recv())
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "closed without a close frame"
            return closed.rcvd.code, closed.rcvd.reason

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def words(self) -> str:
        return "".join(m["delta"] for m in self.messages if m["type"] == "TEXT_MESSAGE_CONTENT")


@asynccontextmanager
async def talking(url: str) -> AsyncIterator[tuple[ClientConnection, Heard]]:
    """Open a spoken conversation on the WebSocket."""
    heard = Heard()
    start = {"type": "session.start", "outputSampleRate": _SAMPLE_RATE}
    async with connect(websocket_url(url)) as socket, asyncio.timeout(_SECONDS):
        await socket.send(json.dumps(start))
        await heard.until(socket, "gateway.session")
        yield socket, heard


async def exit_code(process: "Popen[bytes]") -> int:
    return await asyncio.to_thread(process.wait, _WAIT_SECONDS)


async def refuses(client: httpx.AsyncClient) -> None:
    """New work is not taken, and the process still says how it is."""
    refused = await client.post("/invocations", json={"prompt": "hello"})
    assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
    ping = await client.get("/ping")
    assert (ping.status_code, ping.json()["status"]) == (200, "HealthyBusy")


@pytest.mark.promise("W24")
async def test_an_answer_on_the_websocket_is_heard_to_its_end(tmp_path: Path) -> None:
    with serve_process(tmp_path / "log") as (url, process):
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as client,
            talking(url) as (socket, heard),
            talking(url) as (resting, rested),
        ):
            await socket.send(json.dumps(_COUNT))
            await heard.until(socket, "sound")
            process.send_signal(signal.SIGTERM)
            asked_at = asyncio.get_running_loop().time()
            # Who is not being answered is let go at once.
            assert await rested.rest(resting) == (1001, "UNAVAILABLE")
            assert asyncio.get_running_loop().time() - asked_at < 2
            assert rested.kinds[-2:] == ["gateway.draining", "gateway.end"]
            await refuses(client)
            await heard.until(socket, "gateway.draining")
            assert await heard.rest(socket) == (1001, "UNAVAILABLE")
            ended_at = asyncio.get_running_loop().time()
        assert await exit_code(process) == 0
    assert heard.messages[-1]["reason"] == rested.messages[-1]["reason"] == "draining"
    assert "gateway.audio.flush" not in heard.kinds
    [finished] = [m for m in heard.messages if m["type"] == "RUN_FINISHED"]
    assert finished["outcome"] == {"type": "success"}
    assert "12" in heard.words
    spoken_seconds = len(heard.pcm) / 2 / _SAMPLE_RATE
    assert spoken_seconds > 3
    assert ended_at - heard.arrived_at[0] == pytest.approx(spoken_seconds, abs=1.0)
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_the_answer_of_a_call_is_heard_to_its_end(tmp_path: Path) -> None:
    with serve_process(tmp_path / "log") as (url, process):
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as client,
            call(client) as (caller, _),
            call(client) as (resting, _),
        ):
            caller.tell(_COUNT)
            await caller.until_heard()
            process.send_signal(signal.SIGTERM)
            asked_at = asyncio.get_running_loop().time()
            rested_at, end = await resting.until("gateway.end")
            assert end["reason"] == "draining"
            assert rested_at - asked_at < 2
            await refuses(client)
            await caller.until("gateway.draining")
            ended_at, end = await caller.until("gateway.end")
            assert end["reason"] == "draining"
            await caller.until_closed()
        assert await exit_code(process) == 0
    kinds = [message["type"] for _, message in caller.log]
    assert "gateway.audio.flush" not in kinds
    [finished] = [m for _, m in caller.log if m["type"] == "RUN_FINISHED"]
    assert finished["outcome"] == {"type": "success"}
    assert "12" in words(caller)
    # The last sound was heard just before the end was told, seconds after the signal.
    assert caller.heard_at[-1] - asked_at > 2
    assert ended_at - caller.heard_at[-1] < 1.5
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_answers_that_take_too_long_are_cut_in_order(tmp_path: Path) -> None:
    with serve_process(tmp_path / "log", GATEWAY_DRAIN_SECONDS="1") as (url, process):
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as client,
            talking(url) as (socket, heard),
            call(client) as (caller, _),
        ):
            await socket.send(json.dumps(_LONG_COUNT))
            caller.tell(_LONG_COUNT)
            await heard.until(socket, "sound")
            await caller.until_heard()
            process.send_signal(signal.SIGTERM)
            asked_at = asyncio.get_running_loop().time()
            assert await heard.rest(socket) == (1001, "UNAVAILABLE")
            assert 0.9 < asyncio.get_running_loop().time() - asked_at < 4
            await caller.until("gateway.end")
            await caller.until_closed()
        assert await exit_code(process) == 0
        assert asyncio.get_running_loop().time() - asked_at < 10
    for messages in (heard.messages, [message for _, message in caller.log]):
        told = [m for m in messages if m["type"] != "gateway.state"]
        kinds = [m["type"] for m in told]
        assert "gateway.draining" in kinds
        assert kinds[-3:] == ["gateway.audio.flush", "RUN_FINISHED", "gateway.end"]
        assert told[-2]["outcome"] == {"type": "cancelled"}
        assert told[-1]["reason"] == "draining"
    assert "Traceback" not in (tmp_path / "log").read_text()


def words(caller: Caller) -> str:
    said = [m for _, m in caller.log if m["type"] == "TEXT_MESSAGE_CONTENT"]
    return "".join(m["delta"] for m in said)
