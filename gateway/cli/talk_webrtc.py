"""Says a question over WebRTC: Opus both ways, events on the data channel ``gateway``."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import httpx
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from gateway.cli.address import Address
from gateway.cli.answer import Answer, Question
from gateway.cli.call import Call
from gateway.cli.client import http_options
from gateway.cli.failures import CommandFailed
from gateway.cli.media import TAPE_SAMPLE_RATE, MicrophoneTrack, Tape
from gateway.cli.received import ReofferAsked, decode
from gateway.cli.signaling import Signaling
from gateway.cli.sound import trimmed
from protocols.contract.errors import GatewayError
from protocols.webrtc import association
from protocols.webrtc.ice import configuration, gather_by, has_relay
from protocols.webrtc.ice_servers import IcePlan

CONNECT_SECONDS = 20.0
_CLOSE_SECONDS = 5.0
_TAIL_SECONDS = 0.3
_SDP_FAULTS = (ValueError, LookupError, AssertionError, AttributeError, RuntimeError)  # aiortc's
_TICK_SECONDS = 0.05


async def ask(
    question: Question, address: Address, session: str, *, turn_only: bool = False
) -> Answer:
    """Say a question and hear the answer; with ``turn_only``, through TURN servers at both ends.

    Raises:
        CommandFailed: the gateway cannot be reached, refused, or did not answer.
    """
    call = Call(question, asyncio.get_running_loop().time)
    async with httpx.AsyncClient(**http_options(address)) as client:
        signaling = Signaling(client, address, session, turn_only=turn_only)
        # On loopback the other end is on this machine.
        line = _Line(call, signaling, loopback=address.is_loopback, turn_only=turn_only)
        try:
            await line.connect()
            await line.talk()
        finally:
            await line.aclose()
    return call.answer(trimmed(line.pcm, TAPE_SAMPLE_RATE), TAPE_SAMPLE_RATE)


class _Line:
    """The connection of a call, and each that takes its place when the gateway asks for it."""

    def __init__(
        self, call: Call, signaling: Signaling, *, loopback: bool, turn_only: bool
    ) -> None:
        self._call = call
        self._signaling = signaling
        self._loopback = loopback
        self._turn_only = turn_only
        self._peers: list[_Peer] = []
        self._peer: _Peer | None = None
        self._pc_id: str | None = None

    @property
    def pcm(self) -> bytes:
        """What was heard on all connections."""
        return b"".join(peer.tape.pcm for peer in self._peers)

    async def connect(self) -> None:
        """Connect to the gateway; the connection there was goes on until then."""
        servers = await self._signaling.ice_servers()
        self._call.mark("ICE configuration")
        plan = IcePlan(servers=servers, relay_only=self._turn_only, loopback=self._loopback)
        peer = _Peer(self._call, plan)
        self._peers.append(peer)
        await self._offer(peer)
        self._peer = peer

    async def talk(self) -> None:
        """Say the question once the conversation is open; be silent until it is answered."""
        call = self._call
        await self._current.until(
            lambda: bool(call.listener.session_id),
            call.open_seconds,
            "the gateway did not open a live conversation in time",
        )
        call.mark("session open")
        call.start_speaking()
        while not call.is_over():
            if self._current.is_to_be_replaced:
                await self._move()
            await self._current.wait()
        await asyncio.sleep(_TAIL_SECONDS)  # the last words are still in the jitter buffer

    async def aclose(self) -> None:
        """Hang up."""
        try:
            if self._pc_id is not None:
                with suppress(CommandFailed):  # the gateway notices a lost peer by itself
                    await self._signaling.disconnect(self._pc_id)
        finally:
            for peer in self._peers:
                await peer.aclose()

    async def _offer(self, peer: "_Peer") -> None:
        sdp = await peer.description()
        asked_at = asyncio.get_running_loop().time()
        answer = await self._signaling.offer(sdp, self._pc_id)
        self._call.mark("SDP exchange", asked_at)
        if self._pc_id is None:
            self._pc_id = answer.pc_id  # also if it does not connect
        await peer.connect(answer.sdp)
        self._pc_id = answer.pc_id

    async def _move(self) -> None:
        """Go over to a fresh connection; where that fails, this one is used to its end."""
        self._current.is_to_be_replaced = False
        with suppress(CommandFailed):
            await self.connect()
        for peer in self._peers:
            if peer is not self._peer:
                await peer.aclose()

    @property
    def _current(self) -> "_Peer":
        if self._peer is None:
            raise RuntimeError("the call is not connected yet")
        return self._peer


class _Peer:
    """One peer connection and what comes over it."""

    def __init__(self, call: Call, plan: IcePlan) -> None:
        self.tape = Tape(call)
        self.is_to_be_replaced = False
        self._call = call
        self._plan = plan
        self._changed = asyncio.Event()
        self._failure: CommandFailed | None = None
        self._recording: asyncio.Task[None] | None = None
        try:
            self._connection = RTCPeerConnection(configuration(plan))
        except GatewayError:
            raise CommandFailed("the gateway named no TURN server that can be used") from None
        self._channel = self._connection.createDataChannel("gateway")
        association.mend(self._connection.sctp)
        self._connection.addTrack(MicrophoneTrack(call.microphone))
        self._connection.on("connectionstatechange", self._follow_state)
        self._connection.on("track", self._start_recording)
        self._channel.on("message", self._take)

    async def description(self) -> str:
        """Describe this end, with all its candidates."""
        gather_by(self._connection, self._plan)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        if self._plan.relay_only and not has_relay(self._connection):
            raise CommandFailed("no TURN server that the gateway named answered")
        return str(self._connection.localDescription.sdp)

    async def connect(self, sdp: str) -> None:
        """Connect to the other end."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        except _SDP_FAULTS:
            raise CommandFailed("the gateway's session description is not one") from None
        await self.until(
            lambda: self._connection.connectionState == "connected",
            CONNECT_SECONDS,
            "no network path to the gateway was found; is a TURN server needed? (see `doctor`)",
        )

    async def aclose(self) -> None:
        """Close the connection and end the recording."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.close()
        if self._recording is not None:
            self._recording.cancel()
            await asyncio.gather(self._recording, return_exceptions=True)

    async def until(self, is_reached: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait for a state."""
        try:
            async with asyncio.timeout(seconds):
                while not is_reached():
                    await self.wait()
        except TimeoutError:
            raise CommandFailed(otherwise) from None

    async def wait(self) -> None:
        """Wait until something has come, or for the next tick."""
        self._raise_failure()
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _TICK_SECONDS)

    def _raise_failure(self) -> None:
        self._call.raise_failure()
        if self._failure is not None:
            raise self._failure
        if self._connection.connectionState in {"failed", "closed"}:
            raise CommandFailed("the connection to the gateway was lost")

    def _follow_state(self) -> None:
        if self._connection.connectionState == "connected":
            self._call.mark("connected")
        self._changed.set()

    def _take(self, message: str | bytes) -> None:
        try:
            event = decode(message)
        except CommandFailed as failure:
            self._failure = failure
        else:
            self.is_to_be_replaced |= isinstance(event, ReofferAsked)
            if event is not None:
                self._call.hear(event)
        self._changed.set()

    def _start_recording(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._recording is None:
            self._recording = asyncio.create_task(self._record(track))

    async def _record(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    self.tape.record(frame)
