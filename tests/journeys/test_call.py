"""A WebRTC call by a client of our own: barge-in and hang-up, as heard at the ear."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from gateway.cli.talk import read_question
from protocols.webrtc.ice import offer_loopback
from tests.journeys.test_faults import becomes_idle
from tests.journeys.wires import AUDIO

_FRAME = 320  # samples of 20 ms at 16 kHz
_AUDIBLE = 0.005


class Mouth(MediaStreamTrack):
    """Says recordings, and silence between them."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._pcm: deque[bytes] = deque()
        self._frames = 0
        self._began = 0.0

    def say(self, phrase: str) -> None:
        pcm = read_question(AUDIO / f"{phrase}.wav").pcm
        size = 2 * _FRAME
        self._pcm += [pcm[at : at + size].ljust(size, b"\0") for at in range(0, len(pcm), size)]

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        await asyncio.sleep(max(0.0, self._began + self._frames * 0.02 - now))
        pcm = self._pcm.popleft() if self._pcm else bytes(2 * _FRAME)
        samples = np.frombuffer(pcm, "<i2").reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = 16000, Fraction(1, 16000)
        frame.pts = self._frames * _FRAME
        self._frames += 1
        return frame


class Caller:
    """One call: what it says, and what it hears and reads, each with its time."""

    def __init__(self) -> None:
        self.mouth = Mouth()
        self.connection = RTCPeerConnection()
        self.log: list[tuple[float, dict[str, Any]]] = []
        self.heard_at: list[float] = []
        self._changed = asyncio.Event()
        self._ears: asyncio.Task[None] | None = None
        self.connection.addTrack(self.mouth)
        self.channel = self.connection.createDataChannel("gateway")
        self.channel.on("message", self._read)
        self.connection.on("track", self._listen)
        self.connection.on("connectionstatechange", self._note_change)

    def _read(self, message: str) -> None:
        self.log.append((asyncio.get_running_loop().time(), json.loads(message)))
        self._changed.set()

    def _listen(self, track: MediaStreamTrack) -> None:
        self._ears = asyncio.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame: Any = await track.recv()
                samples = frame.to_ndarray().astype(np.float64) / 32768
                if float(np.sqrt(np.mean(samples**2))) > _AUDIBLE:
                    self.heard_at.append(asyncio.get_running_loop().time())
                    self._changed.set()
        except MediaStreamError:
            pass

    def _note_change(self) -> None:
        self._changed.set()

    def tell(self, message: dict[str, Any]) -> None:
        """Send on the data channel."""
        self.channel.send(json.dumps(message))

    async def until(self, kind: str, count: int = 1) -> tuple[float, dict[str, Any]]:
        """Wait for the n-th message of a kind."""
        while len(found := [each for each in self.log if each[1]["type"] == kind]) < count:
            self._changed.clear()
            await self._changed.wait()
        return found[count - 1]

    async def until_heard(self) -> None:
        while not self.heard_at:
            self._changed.clear()
            await self._changed.wait()

    async def until_closed(self) -> None:
        """Wait until the other side has closed."""
        while self.connection.connectionState != "closed":
            self._changed.clear()
            await self._changed.wait()

    async def aclose(self) -> None:
        await self.connection.close()
        if self._ears is not None:
            await self._ears


@asynccontextmanager
async def call(client: httpx.AsyncClient) -> AsyncIterator[tuple[Caller, str]]:
    caller = Caller()
    offer_loopback(caller.connection)
    await caller.connection.setLocalDescription(await caller.connection.createOffer())
    offer = {"sdp": caller.connection.localDescription.sdp, "type": "offer"}
    data = offer | {"sessionId": str(uuid4())}
    reply = (await client.post("/invocations", json={"action": "offer", "data": data})).json()
    answer = RTCSessionDescription(reply["sdp"], reply["type"])
    await caller.connection.setRemoteDescription(answer)
    try:
        async with asyncio.timeout(50):
            await caller.until("gateway.session")
            yield caller, reply["pc_id"]
    finally:
        await caller.aclose()


async def test_speaking_over_the_answer_of_a_call_silences_it_and_is_answered(
    gateway: str,
) -> None:
    async with (
        httpx.AsyncClient(base_url=gateway, timeout=20) as client,
        call(client) as (caller, pc_id),
    ):
        caller.mouth.say("count")
        await caller.until_heard()
        caller.mouth.say("multiply")
        flushed_at, _ = await caller.until("gateway.audio.flush")
        _, ended = await caller.until("RUN_FINISHED")
        assert ended["outcome"] == {"type": "cancelled"}
        resumed_at, _ = await caller.until("gateway.audio.start", 2)
        between = [at - flushed_at for at in caller.heard_at if flushed_at < at < resumed_at]
        # What is still heard was on its way: our jitter buffer, and the client's.
        assert max(between, default=0.0) < 0.5
        await caller.until("RUN_FINISHED", 2)
        results = [m["content"] for _, m in caller.log if m["type"] == "TOOL_CALL_RESULT"]
        assert results == ["714"]
        assert (await client.get("/ping")).json()["status"] == "HealthyBusy"
        leave = {"action": "disconnect", "data": {"pc_id": pc_id}}
        assert (await client.post("/invocations", json=leave)).json() == {"status": "success"}
        await becomes_idle(client)
        again = (await client.post("/invocations", json=leave)).json()
        assert again == {"status": "success"}


async def test_a_caller_who_just_closes_is_noticed(gateway: str) -> None:
    async with httpx.AsyncClient(base_url=gateway, timeout=20) as client:
        async with call(client):
            pass
        await becomes_idle(client)
