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
from gateway.cli.received import decode
from gateway.cli.signaling import Signaling
from gateway.cli.sound import trimmed
from protocols.contract.errors import GatewayError
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
    clock = asyncio.get_running_loop().time
    call = Call(question, clock)
    async with httpx.AsyncClient(**http_options(address)) as client:
        signaling = Signaling(client, address, session, turn_only=turn_only)
        plan = IcePlan(
            servers=await signaling.ice_servers(),
            relay_only=turn_only,
            loopback=address.is_loopback,  # the other end is on this machine
        )
        call.mark("ICE configuration")
        peer = _Peer(call, plan)
        try:
            sdp = await peer.description()
            asked_at = clock()
            answer = await signaling.offer(sdp)
            call.mark("SDP exchange", asked_at)
            try:
                await peer.connect(answer.sdp)
                await peer.talk()
            finally:
                with suppress(CommandFailed):  # the gateway notices a lost peer by itself
                    await signaling.disconnect(answer.pc_id)
        finally:
            await peer.aclose()
    return call.answer(trimmed(peer.tape.pcm, TAPE_SAMPLE_RATE), TAPE_SAMPLE_RATE)


class _Peer:
    """One peer connection and what comes over it."""

    def __init__(self, call: Call, plan: IcePlan) -> None:
        self.tape = Tape(call)
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
        await self._until(
            lambda: self._connection.connectionState == "connected",
            CONNECT_SECONDS,
            "no network path to the gateway was found; is a TURN server needed? (see `doctor`)",
        )

    async def talk(self) -> None:
        """Say the question once the conversation is open; be silent until it is answered."""
        await self._until(
            lambda: bool(self._call.listener.session_id),
            self._call.open_seconds,
            "the gateway did not open a live conversation in time",
        )
        self._call.mark("session open")
        self._call.start_speaking()
        await self._until(self._call.is_over)
        await asyncio.sleep(_TAIL_SECONDS)  # the last words are still in the jitter buffer

    async def aclose(self) -> None:
        """Close the connection and end the recording."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.close()
        if self._recording is not None:
            self._recording.cancel()
            await asyncio.gather(self._recording, return_exceptions=True)

    async def _until(
        self,
        is_reached: Callable[[], bool],
        seconds: float | None = None,
        otherwise: str = "",
    ) -> None:
        """Wait for a state; looks when something has come, and at every tick."""
        try:
            async with asyncio.timeout(seconds):
                while not is_reached():
                    self._raise_failure()
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), _TICK_SECONDS)
        except TimeoutError:
            raise CommandFailed(otherwise) from None

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
