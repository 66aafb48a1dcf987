"""Both ends of a call for tests: a conversation that is scripted, and a client made of aiortc."""

import asyncio
import json
import math
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import (
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler

from protocols.contract.conversations import (
    Conversations,
    Heard,
    LiveConversation,
    SessionKey,
    TextTurn,
    Wire,
)
from protocols.contract.errors import GatewayError, SessionBusy
from protocols.contract.events import Event
from protocols.contract.inputs import (
    AudioChunk,
    LiveInput,
    LiveOptions,
    Message,
    ToolResult,
    UserTurn,
)
from protocols.invocation import ActionHandler, ActionRequest
from protocols.webrtc.ice import configuration, gather_by
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.options import WebRtcOptions
from protocols.webrtc.peers import Peers
from protocols.webrtc.signaling import signaling_actions

BOUND_SECONDS = 10.0
SESSION = SessionKey("caller", "session-1")
INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
CLIENT_RATE = 48_000
LOOPBACK_TOO = IcePlan(loopback=True)


def tone(hertz: float, seconds: float, rate: int) -> bytes:
    """A sine as PCM16."""
    count = round(seconds * rate)
    return array(
        "h", (round(8_000 * math.sin(2 * math.pi * hertz * i / rate)) for i in range(count))
    ).tobytes()


def pitch(pcm: bytes, rate: int) -> float:
    """The loudest frequency, in hertz."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum[1:]) + 1) * rate / len(samples)


def loud_seconds(pcm: bytes, rate: int) -> float:
    """How long there was sound, in steps of 20 ms."""
    samples = np.abs(np.frombuffer(pcm, dtype="<i2").astype(int))
    step = rate // 50
    frames = samples[: len(samples) // step * step].reshape(-1, step)
    return int(np.count_nonzero(frames.max(axis=1) > 1_000)) / 50


class ScriptedConversation:
    """A conversation whose model is the test."""

    model = "scripted"
    input_sample_rate = INPUT_RATE
    output_sample_rate = OUTPUT_RATE

    def __init__(self, leave: Callable[[], None]) -> None:
        self.heard = bytearray()
        self.said: list[LiveInput] = []
        self.cancelled = 0
        self.results: list[ToolResult] = []
        self.parked = False
        self.cuts: list[tuple[Heard, ...]] = []
        self.closed = False
        self._leave = leave
        self._events: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self._news = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (item := await self._events.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    async def send(self, item: LiveInput) -> None:
        if isinstance(item, AudioChunk):
            self.heard += item.pcm
        else:
            self.said.append(item)
        self._news.set()

    async def taken(self) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        self.cancelled += 1
        self._news.set()

    def answer(self, result: ToolResult) -> None:
        self.results.append(result)
        self._news.set()

    def cut_off(self, heard: Sequence[Heard]) -> None:
        self.cuts.append(tuple(heard))
        self._news.set()

    def park(self, *, parked: bool) -> None:
        self.parked = parked
        self._news.set()

    async def aclose(self) -> None:
        if not self.closed:
            self.closed = True
            self._leave()
            self._events.put_nowait(None)

    def emit(self, *items: Event | Exception | None) -> None:
        """Let the model say something; an error or None ends it."""
        for item in items:
            self._events.put_nowait(item)

    async def until(self, happened: Callable[["ScriptedConversation"], bool]) -> None:
        """Wait until the user's side has done something."""
        async with asyncio.timeout(BOUND_SECONDS):
            while not happened(self):
                self._news.clear()
                await self._news.wait()


class ScriptedConversations:
    """One live conversation a session, as ``Sessions`` has it."""

    def __init__(self) -> None:
        self.live: dict[SessionKey, ScriptedConversation] = {}
        self.opened: list[tuple[SessionKey, LiveOptions, Wire]] = []
        self.refuse: GatewayError | None = None

    async def open(self, session: SessionKey, options: LiveOptions, wire: Wire) -> LiveConversation:
        if self.refuse is not None:
            raise self.refuse
        if session in self.live:
            raise SessionBusy("busy")
        self.opened.append((session, options, wire))
        conversation = ScriptedConversation(lambda: self._left(session))
        self.live[session] = conversation
        return conversation

    def _left(self, session: SessionKey) -> None:
        del self.live[session]

    async def begin(self, session: SessionKey, said: UserTurn, wire: Wire) -> TextTurn:
        raise NotImplementedError

    def cancel(self, session: SessionKey) -> bool:
        raise NotImplementedError

    async def history(self, session: SessionKey) -> tuple[Message, ...]:
        raise NotImplementedError

    async def forget(self, session: SessionKey) -> bool:
        raise NotImplementedError


class Busy:
    """Counts what holds the process busy."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


class Server:
    """The wire with a scripted agent behind it."""

    def __init__(self, peers: Peers, busy: Busy) -> None:
        self.peers = peers
        self.busy = busy
        self.conversations = ScriptedConversations()
        self._actions: Mapping[str, ActionHandler] = signaling_actions(peers)

    async def act(
        self,
        action: str,
        data: dict[str, Any] | None = None,
        session: SessionKey = SESSION,
        session_given: bool = True,
    ) -> dict[str, Any]:
        conversations: Conversations = self.conversations
        request = ActionRequest(data or {}, session, session_given, conversations)
        async with asyncio.timeout(BOUND_SECONDS):
            answer = await self._actions[action](request)
        assert isinstance(answer, dict)
        return answer

    def conversation(self, session: SessionKey = SESSION) -> ScriptedConversation:
        return self.conversations.live[session]


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Server]:
    """A server; when it is left, nothing may be left of it.

    Clients that are cut off are not waited for, unless the test says so.
    """
    before = asyncio.all_tasks()
    busy = Busy()
    chosen = WebRtcOptions(**{"grace_seconds": 0.0, **options})
    async with Peers(chosen, hold=busy.hold, listens_on_loopback=True) as peers:
        server = Server(peers, busy)
        yield server
    assert (peers.count, busy.count, server.conversations.live) == (0, 0, {})
    await settled(before)


async def settled(before: set[asyncio.Task[Any]]) -> None:
    """Wait until no other tasks run than before; aiortc ends a few of its own a moment later."""
    async with asyncio.timeout(BOUND_SECONDS):
        while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=0.05)


class Mouth(MediaStreamTrack):
    """What the user says: a piece of sound, then silence, in real time."""

    kind = "audio"

    def __init__(self, pcm: bytes = b"") -> None:
        super().__init__()
        self._pcm = pcm
        self._started_at: float | None = None
        self._frames = 0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        self._started_at = self._started_at or loop.time()
        await asyncio.sleep(self._started_at + self._frames * 0.02 - loop.time())
        size = CLIENT_RATE // 50 * 2
        piece = self._pcm[self._frames * size : (self._frames + 1) * size].ljust(size, b"\0")
        frame = AudioFrame(format="s16", layout="mono", samples=CLIENT_RATE // 50)
        frame.planes[0].update(piece)
        frame.sample_rate = CLIENT_RATE
        frame.pts = self._frames * CLIENT_RATE // 50
        frame.time_base = Fraction(1, CLIENT_RATE)
        self._frames += 1
        return frame


class Client:
    """The user's end."""

    def __init__(
        self,
        mouth: MediaStreamTrack | None = None,
        label: str | None = "gateway",
        plan: IcePlan = LOOPBACK_TOO,
    ) -> None:
        self.connection = RTCPeerConnection(configuration(plan))
        self._plan = plan
        self.heard = bytearray()
        self.documents: list[dict[str, Any]] = []
        self.pc_id = ""
        self._news = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.connection.on("connectionstatechange", self._news.set)
        self.connection.on("track", self._listen)
        if mouth is not None:
            self.connection.addTrack(mouth)
        else:
            self.connection.addTransceiver("audio", direction="recvonly")
        self.channel: RTCDataChannel | None = None
        if label is not None:
            self.open_channel(label)

    def open_channel(self, label: str) -> RTCDataChannel:
        self.channel = self.connection.createDataChannel(label)
        self.channel.on("message", self._take)
        self.channel.on("open", self._news.set)
        self.channel.on("close", self._news.set)
        return self.channel

    async def offer(self) -> str:
        gather_by(self.connection, self._plan)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def call(self, server: Server, session: SessionKey = SESSION, **data: Any) -> None:
        """Offer, and wait until connected."""
        offer = {"sdp": await self.offer(), "type": "offer", **data}
        answer = await server.act("offer", offer, session)
        assert sorted(answer) == ["pc_id", "sdp", "type"]
        assert answer["type"] == "answer"
        self.pc_id = answer["pc_id"]
        await self.answered(answer)
        await self.until(lambda: self.connection.connectionState == "connected")
        if self.channel is not None:
            channel = self.channel
            await self.until(lambda: channel.readyState == "open")

    async def answered(self, answer: dict[str, Any]) -> None:
        description = RTCSessionDescription(answer["sdp"], "answer")
        await self.connection.setRemoteDescription(description)

    def say(self, **message: Any) -> None:
        assert self.channel is not None
        self.channel.send(json.dumps(message))

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            while not happened():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, kind: str) -> dict[str, Any]:
        await self.until(lambda: kind in self.kinds)
        return next(d for d in self.documents if d["type"] == kind)

    @property
    def kinds(self) -> list[str]:
        return [document["type"] for document in self.documents]

    def of_kinds(self, kinds: Iterable[str]) -> list[dict[str, Any]]:
        wanted = set(kinds)
        return [document for document in self.documents if document["type"] in wanted]

    def vanish(self) -> None:
        """Be gone without a word, as a machine that lost its network."""
        for transceiver in self.connection.getTransceivers():
            ice = transceiver.receiver.transport.transport._connection
            for protocol in ice._protocols:
                protocol.transport.abort()

    async def aclose(self) -> None:
        await self.connection.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    def _take(self, message: str) -> None:
        self.documents.append(json.loads(message))
        self._news.set()

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=CLIENT_RATE, threads=1)
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            for mono in resampler.resample(frame):
                self.heard += bytes(mono.planes[0])[: mono.samples * 2]
            self._news.set()


@asynccontextmanager
async def calling(
    server: Server,
    mouth: MediaStreamTrack | None = None,
    label: str | None = "gateway",
    session: SessionKey = SESSION,
    **data: Any,
) -> AsyncIterator[Client]:
    """A connected client."""
    client = Client(mouth, label)
    try:
        await client.call(server, session, **data)
        yield client
    finally:
        await client.aclose()
