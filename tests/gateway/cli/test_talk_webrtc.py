import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from litestar import Litestar, Request, post

from gateway.cli import listening, talk_webrtc
from gateway.cli.address import Address
from gateway.cli.answer import Question
from gateway.cli.call import Call
from gateway.cli.failures import CommandFailed
from gateway.cli.media import MicrophoneTrack
from gateway.cli.microphone import Microphone
from gateway.cli.sound import seconds_of
from gateway.cli.talk_webrtc import ask
from protocols.webrtc.ice import offer_loopback
from tests.gateway.cli.scripted_gateway import BOUND_SECONDS, asgi_gateway

RATE = 48_000
TONE = (8_000 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)).astype("<i2").tobytes()
LOUD = 1_000
QUESTION = Question(TONE[: RATE // 2 * 2], RATE, 0.5, b"")

SESSION = {"type": "gateway.session", "sessionId": "s", "model": "offline", "seq": 1}
RUN = {"type": "RUN_STARTED", "threadId": "s", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "s", "runId": "r"}
REOFFER = {"type": "gateway.reoffer", "reason": "credentials", "seconds": 60, "seq": 2}
WORDS = [
    {"type": "TEXT_MESSAGE_START", "messageId": "a", "role": "assistant"},
    {"type": "TEXT_MESSAGE_CONTENT", "messageId": "a", "delta": "It is 714."},
]


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MORE_SPEECH_SECONDS", 0.05)
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 0.3)


class Voice(Microphone):
    """Tells when it has said everything."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.has_spoken = asyncio.Event()

    def frame(self) -> bytes:
        pcm = super().frame()
        if self.said_at is not None and not any(pcm):
            self.has_spoken.set()
        return pcm


class Scripted:
    """The gateway's end: hears the question, then says a tone and the events of its script.

    ``opening`` goes out when the channel opens, ``closing`` when the tone was said.
    """

    def __init__(self, opening: list[dict[str, Any]], closing: list[dict[str, Any]]) -> None:
        self.opening = opening
        self.closing = closing
        self.actions: list[str] = []
        self.ids: list[str | None] = []
        self.ice_servers: list[dict[str, Any]] = []
        self.hears = asyncio.Event()
        self.sdp: str | None = None
        self.hangs_up = False
        self._voice = Voice(Question(TONE, RATE, 1.0, b""))
        self._peer: RTCPeerConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def act(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
        self.actions.append(action)
        if action == "ice_config":
            return {"iceServers": self.ice_servers, "ttl": 60}
        if action == "disconnect":
            self.ids.append(data["pc_id"])
            return {"error": "gone", "code": "NOT_FOUND"}
        self.ids.append(data.get("pc_id"))
        return await self.take(data["sdp"])

    async def take(self, offer: str) -> dict[str, Any]:
        pc_id = f"p{self.actions.count('offer')}"
        return {"pc_id": pc_id, "type": "answer", "sdp": self.sdp or await self._answer(offer)}

    async def aclose(self) -> None:
        if self._peer is not None:
            await self._peer.close()
        async with asyncio.timeout(BOUND_SECONDS):
            await asyncio.gather(*self._tasks)

    async def _answer(self, offer: str) -> str:
        peer = self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.on("datachannel", self._open)
        peer.on("track", lambda track: self._start(self._hear(track)))
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        peer.addTrack(MicrophoneTrack(self._voice))
        offer_loopback(peer)
        await peer.setLocalDescription(await peer.createAnswer())
        return str(peer.localDescription.sdp)

    def _start(self, work: Any) -> None:
        self._tasks.add(asyncio.create_task(work))

    def _open(self, channel: RTCDataChannel) -> None:
        for event in self.opening:
            channel.send(json.dumps(event))
        self._start(self._speak(channel))

    async def _hear(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            await self._hear_sound(track)

    async def _hear_sound(self, track: MediaStreamTrack) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            while not self.hears.is_set():
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                if frame.to_ndarray().max() > LOUD:
                    self.hears.set()

    async def _speak(self, channel: RTCDataChannel) -> None:
        if not self.closing:
            return
        async with asyncio.timeout(BOUND_SECONDS):
            await self.hears.wait()
            self._voice.start(asyncio.get_running_loop().time())
            await self._voice.has_spoken.wait()
        for event in self.closing:
            channel.send(json.dumps(event))
        if self.hangs_up and self._peer is not None:
            await self._peer.close()


class Moving(Scripted):
    """Asks for another connection on the first one, and goes on with its script on the second."""

    def __init__(self, *, takes_it: bool) -> None:
        super().__init__([SESSION, REOFFER], [])
        self._takes_it = takes_it
        if not takes_it:
            self.opening, self.closing = [SESSION, REOFFER, RUN, *WORDS], [FINISHED]

    async def take(self, offer: str) -> dict[str, Any]:
        before = self._peer
        if before is None:
            return await super().take(offer)
        if not self._takes_it:
            return {"error": "Full.", "code": "SERVICE_QUOTA_EXCEEDED"}
        self.opening, self.closing = [SESSION, RUN, *WORDS], [FINISHED]
        self.hears.clear()
        answer = await super().take(offer)
        before.on("connectionstatechange", before.close)
        return answer


@asynccontextmanager
async def serving(scripted: Scripted) -> AsyncIterator[Address]:
    @post("/invocations", status_code=200)
    async def invoke(request: Request) -> dict[str, Any]:
        data = await request.json()
        return await scripted.act(data["action"], data["data"])

    async with asgi_gateway(Litestar([invoke])) as address:
        try:
            async with asyncio.timeout(BOUND_SECONDS * 2):
                yield address
        finally:
            await scripted.aclose()


async def test_a_question_is_said_and_its_answer_heard_and_recorded() -> None:
    scripted = Scripted([SESSION, RUN, *WORDS], [FINISHED])
    async with serving(scripted) as address:
        answer = await ask(QUESTION, address, "s")
    assert scripted.actions == ["ice_config", "offer", "disconnect"]
    assert (answer.session_id, answer.reply) == ("s", "It is 714.")
    assert seconds_of(answer.pcm, answer.sample_rate) == pytest.approx(1.2, abs=0.2)
    assert {name for name, _ in answer.latencies} == {
        "ICE configuration",
        "SDP exchange",
        "connected",
        "session open",
        "first audio",
        "user stop to first audio",
        "end to end",
    }


async def test_when_nothing_is_understood_there_is_no_answer() -> None:
    scripted = Scripted([SESSION], [])
    async with serving(scripted) as address:
        with pytest.raises(CommandFailed, match=r"^no answer \(nothing was understood\)$"):
            await ask(QUESTION, address, "s")
    assert scripted.actions[-1] == "disconnect"


@pytest.mark.parametrize(
    ("opening", "complaint"),
    [
        ([{"type": "gateway.error", "error": "Busy.", "code": "SESSION_BUSY"}], r"^Busy\."),
        ([{"type": "RUN_ERROR", "message": 1}], r"not AG-UI 1\.0"),
    ],
)
async def test_a_failure_on_the_channel_is_one_line(
    opening: list[dict[str, Any]], complaint: str
) -> None:
    async with serving(Scripted(opening, [])) as address:
        with pytest.raises(CommandFailed, match=complaint):
            await ask(QUESTION, address, "s")


async def test_a_gateway_that_hangs_up_is_noticed() -> None:
    scripted = Scripted([SESSION, RUN], [{"type": "STATE_SNAPSHOT", "snapshot": {}}])
    scripted.hangs_up = True
    async with serving(scripted) as address:
        with pytest.raises(CommandFailed, match="the connection to the gateway was lost"):
            await ask(QUESTION, address, "s")


async def test_a_conversation_that_never_opens_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Call, "open_seconds", 0.2)
    async with serving(Scripted([], [])) as address:
        with pytest.raises(CommandFailed, match="did not open a live conversation in time"):
            await ask(QUESTION, address, "s")


async def test_without_a_network_path_the_next_step_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talk_webrtc, "CONNECT_SECONDS", 0.0)
    async with serving(Scripted([], [])) as address:
        with pytest.raises(CommandFailed, match="is a TURN server needed"):
            await ask(QUESTION, address, "s")


async def test_a_description_that_is_none_is_said() -> None:
    scripted = Scripted([], [])
    scripted.sdp = "v=0\r\nm=rubbish"
    async with serving(scripted) as address:
        with pytest.raises(CommandFailed, match="session description is not one"):
            await ask(QUESTION, address, "s")


@pytest.mark.parametrize(
    ("servers", "complaint"),
    [
        ([], "named no TURN server"),
        ([{"urls": "http://t.example"}], "named no TURN server"),
        ([{"urls": "turn:127.0.0.1:9?transport=tcp", "username": "u"}], "answered"),
    ],
)
async def test_without_a_relay_there_is_no_relayed_call(
    servers: list[dict[str, Any]], complaint: str
) -> None:
    scripted = Scripted([], [])
    scripted.ice_servers = servers
    async with serving(scripted) as address:
        with pytest.raises(CommandFailed, match=complaint):
            await ask(QUESTION, address, "s", turn_only=True)


async def test_a_call_that_is_asked_to_goes_over_to_a_fresh_connection() -> None:
    scripted = Moving(takes_it=True)
    async with serving(scripted) as address:
        answer = await ask(QUESTION, address, "s")
    assert scripted.actions == ["ice_config", "offer", "ice_config", "offer", "disconnect"]
    assert scripted.ids == [None, "p1", "p2"]
    assert answer.reply == "It is 714."
    assert seconds_of(answer.pcm, answer.sample_rate) == pytest.approx(1.2, abs=0.2)


async def test_a_call_that_cannot_go_over_stays_where_it_is() -> None:
    scripted = Moving(takes_it=False)
    async with serving(scripted) as address:
        answer = await ask(QUESTION, address, "s")
    assert scripted.ids == [None, "p1", "p1"]
    assert answer.reply == "It is 714."
