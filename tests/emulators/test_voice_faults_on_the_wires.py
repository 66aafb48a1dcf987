"""What a caller hears when the emulated Nova Sonic fails, on each wire that carries voice."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiortc import RTCPeerConnection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from gateway.cli.failures import CommandFailed
from tests.emulators.bedrock_gateway import Gateway, gateway_on
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import DENIED, THROTTLED, Break, StreamException
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, SonicScript, Turn
from tests.journeys.wires import talk

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 45
SPEECH = tone(440, 0.6, 16000)
SILENCE = bytes(16000 * 2)
REST = Session(turns=(Turn(say=("and this is the rest.",)),))
HELLO = Session(turns=(Turn(say=("Hello there.",)),))
SILENT = Session(turns=(Turn(is_silent=True),))
WIRES = ("http", "ws", "webrtc")


def cut(fault: Any) -> Session:
    turn = Turn(say=("This is the beginning",), fault=fault, fault_after_seconds=0.2)
    return Session(turns=(turn,))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One process for all tests; its model may be silent for two seconds."""
    log = tmp_path_factory.mktemp("gateway") / "log"
    with AwsEmulator() as aws, gateway_on(aws, log, GATEWAY_VOICE_ANSWER_SECONDS="2") as gateway:
        yield gateway


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    """The gateway, with an emulator that has seen nothing yet."""
    running.aws.sonic.sessions.take()
    yield running
    assert running.aws.sonic.violations == []
    assert running.aws.sonic.scripts.left == 0


RECOVERIES: dict[str, tuple[list[SonicScript], str]] = {
    "cut": ([cut(Break.TCP_CUT), REST], "the rest"),
    "stalled": ([cut(Break.SILENCE), REST], "the rest"),
    "exception": ([cut(StreamException("modelStreamErrorException")), REST], "the rest"),
    "silent": ([SILENT, HELLO], "Hello there"),
    "throttled": ([THROTTLED, HELLO], "Hello there"),
}


@pytest.mark.parametrize("via", WIRES)
@pytest.mark.parametrize("name", RECOVERIES)
async def test_a_conversation_is_recovered(gateway: Gateway, via: str, name: str) -> None:
    scripts, said = RECOVERIES[name]
    gateway.aws.sonic.scripts.add(*scripts)
    async with asyncio.timeout(LIMIT_SECONDS):
        answer = await talk(via, gateway.url, str(uuid4()), "who_am_i")
    assert said in answer.reply


FAILURES: dict[str, tuple[list[SonicScript], str]] = {
    "denied": ([DENIED], "InvokeModelWithBidirectionalStream"),
    "throttled": ([THROTTLED] * 3, "at its limit"),
    "silent": ([SILENT] * 2, "did not answer in time"),
}


@pytest.mark.parametrize("via", WIRES)
@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_told_with_what_to_do(gateway: Gateway, via: str, name: str) -> None:
    scripts, told = FAILURES[name]
    gateway.aws.sonic.scripts.add(*scripts)
    async with asyncio.timeout(LIMIT_SECONDS):
        with pytest.raises(CommandFailed, match=told):
            await talk(via, gateway.url, str(uuid4()), "who_am_i")


@asynccontextmanager
async def live(url: str) -> AsyncIterator[ClientConnection]:
    """A conversation in the native dialect, with sound."""
    async with asyncio.timeout(LIMIT_SECONDS), connect(f"{url}/ws".replace("http", "ws")) as ws:
        await ws.send(json.dumps({"type": "session.start", "sessionId": str(uuid4())}))
        yield ws


async def speak(ws: ClientConnection, pcm: bytes) -> None:
    for start in range(0, len(pcm), 3200):
        await ws.send(pcm[start : start + 3200])


async def test_who_waits_for_another_connection_is_told_so(gateway: Gateway) -> None:
    gateway.aws.sonic.scripts.add(cut(Break.TCP_CUT), Session(headers="never"))
    told: list[dict[str, Any]] = []
    async with live(gateway.url) as ws:
        await speak(ws, SPEECH + SILENCE)
        with pytest.raises(ConnectionClosedError, match="TIMED_OUT"):
            while True:
                frame = await ws.recv()
                told += [json.loads(frame)] if isinstance(frame, str) else []
    kinds = [each["type"] for each in told]
    assert kinds.count("gateway.reconnecting") == 1
    assert kinds.index("gateway.reconnecting") < kinds.index("gateway.error")
    [error] = [each for each in told if each["type"] == "gateway.error"]
    assert error["retryable"] is True


async def test_model_and_peer_are_connected_at_the_same_time(gateway: Gateway) -> None:
    gateway.aws.sonic.scripts.add(Session(headers="never"))
    peer = RTCPeerConnection()
    peer.addTransceiver("audio")
    await peer.setLocalDescription(await peer.createOffer())
    data = {"sdp": peer.localDescription.sdp, "type": "offer", "sessionId": str(uuid4())}
    async with httpx.AsyncClient(timeout=LIMIT_SECONDS) as client:
        door = f"{gateway.url}/invocations"
        reply = await client.post(door, json={"action": "offer", "data": data})
        answer = reply.json()
        # The offer is answered though the model never is, and the model is asked though the peer
        # never connects.
        assert answer["type"] == "answer"
        await asyncio.to_thread(gateway.aws.sonic.sessions.wait_for, lambda sessions: sessions)
        leave = {"action": "disconnect", "data": {"pc_id": answer["pc_id"]}}
        assert (await client.post(door, json=leave)).json() == {"status": "success"}
    await peer.close()
    await asyncio.to_thread(gateway.aws.sonic.ended, 1)


async def test_a_stalled_service_does_not_keep_the_process_alive(tmp_path: Path) -> None:
    with (
        AwsEmulator() as aws,
        gateway_on(aws, tmp_path / "log", GATEWAY_DRAIN_SECONDS="1") as gateway,
    ):
        aws.sonic.scripts.add(Session(is_reading=False))
        async with live(gateway.url) as ws:
            await speak(ws, SPEECH + SILENCE * 4)
            await asyncio.to_thread(aws.sonic.sessions.wait_for, lambda sessions: sessions)
            gateway.process.terminate()
            assert await asyncio.to_thread(gateway.process.wait, 20) == 0
