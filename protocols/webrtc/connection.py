"""One RTCPeerConnection: from the offer to the close, with its voice, microphone and channel.

aiortc's events are turned into things to wait for; nothing else of the call is known here.
"""

import asyncio
import logging
import secrets
import time

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtcicetransport import RTCIceCandidate

from observability.requests import peer_connected, peer_failed
from protocols.contract.errors import InvalidInput, Unavailable
from protocols.live.racing import first_of
from protocols.live.session import LiveSession, SampleRates
from protocols.webrtc import association
from protocols.webrtc.candidates import Candidate, read_candidate
from protocols.webrtc.channel import Channel
from protocols.webrtc.guard import Gate
from protocols.webrtc.hearing import Hearing
from protocols.webrtc.ice import configuration, gather_by, has_address, has_relay, path_of
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.offer import MOST_CANDIDATES, Offer
from protocols.webrtc.options import WebRtcOptions
from protocols.webrtc.ticker import Ticker
from protocols.webrtc.voice import VoiceTrack
from protocols.webrtc.watching import Watch

_ID_BYTES = 24
_CLOSE_SECONDS = 3.0
_CHECKS_UNTIL_VANISHED = 8
_CHECKS_IN_SILENCE = 3
_SHORTEST_STEP_SECONDS = 0.01
_RENEWAL_SECONDS = 60.0
_NO_RELAY = (
    "No TURN server of GATEWAY_ICE_SERVERS answered, and turnOnly leaves no other way. "
    "`python -m gateway doctor` checks each; or leave turnOnly out."
)
_NO_ADDRESS = (
    "The gateway has no address for the media of this call: no network, or every port of "
    "GATEWAY_MEDIA_PORTS is in use. Try again later, or allow more ports."
)

_log = logging.getLogger(__name__)


class Connection:
    """The server's end of one connection.

    Args:
        options: of the wire.
        sample_rates: hertz of what the microphone gives and the voice takes.
        plan: what our side may use to be reached.
        ticker: of the process.
    """

    def __init__(
        self,
        options: WebRtcOptions,
        sample_rates: SampleRates,
        plan: IcePlan,
        *,
        ticker: Ticker | None = None,
    ) -> None:
        ticker = ticker or Ticker()
        self.id = secrets.token_urlsafe(_ID_BYTES)
        self.voice = VoiceTrack(sample_rates.output, ticker)
        self.hearing = Hearing(sample_rates.input, ticker)
        self._options = options
        self._plan = plan
        self._gates: list[Gate] = []
        self._offer: Offer | None = None
        self._channel: Channel | None = None
        self._candidates = 0
        self._offered_at = time.monotonic()
        self._deadline = self._offered_at + options.connect_seconds
        self._reported = False
        self._changed = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None
        self._peer_connection = RTCPeerConnection(configuration(plan))
        self._watch = Watch(self._peer_connection, self.hearing, self.voice)

    @property
    def channel(self) -> Channel:
        """The data channel; there is one once the offer was answered."""
        if self._channel is None:
            raise RuntimeError("the offer was not answered yet")
        return self._channel

    async def answer(self, offer: Offer) -> str:
        """Answer the client's offer, with all candidates of ours.

        Raises:
            Unavailable: no address of ours is to be had; of relays, where only they may be used.
        """
        self._offer = offer
        self._channel = Channel(
            expected=offer.has_channel, max_message_bytes=self._options.max_channel_message_bytes
        )
        peer_connection = self._peer_connection
        peer_connection.on("connectionstatechange", self._changed.set)
        peer_connection.on("datachannel", self._channel.attach)
        peer_connection.addTrack(self.voice)
        await peer_connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        self.hearing.attach(peer_connection)
        if peer_connection.sctp is not None:
            association.mend(peer_connection.sctp)
        self._gates = gather_by(peer_connection, self._plan)
        await peer_connection.setLocalDescription(await peer_connection.createAnswer())
        if not offer.takes_audio:
            self.voice.stop()  # nobody would take what is played
        self._check_can_be_reached()
        return self.hearing.agreed(str(peer_connection.localDescription.sdp))

    async def add_candidate(self, text: str) -> None:
        """Take one more address of the client; the empty text stands for the last one.

        Raises:
            InvalidInput: it is no candidate, or there were too many.
        """
        # The end of the candidates is not passed on, see ``protocols.webrtc.offer``.
        candidate = self._read(text) if text else None
        if candidate is None or self._offer is None:
            return
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            raise InvalidInput(f"A client may have {MOST_CANDIDATES} candidates, no more.")
        await self._peer_connection.addIceCandidate(
            RTCIceCandidate(
                component=1,
                foundation=candidate.foundation,
                ip=candidate.address,
                port=candidate.port,
                priority=candidate.priority,
                protocol="udp",
                type=candidate.type,
                sdpMid=self._offer.transport_mid,
            )
        )

    def _check_can_be_reached(self) -> None:
        is_relay_missing = self._plan.relay_only and not has_relay(self._peer_connection)
        if is_relay_missing or not has_address(self._peer_connection):
            peer_failed("ice")
            raise Unavailable(_NO_RELAY if is_relay_missing else _NO_ADDRESS)

    def _read(self, text: str) -> Candidate | None:
        loopback = self._plan.loopback and not self._plan.relay_only
        return read_candidate(text, loopback=loopback, private=self._options.private_candidates)

    async def connects(self) -> bool:
        """Wait until media can flow; False if it cannot within the time, or the client left."""
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                while self._state in {"new", "connecting"}:
                    await self._next_change()
        except TimeoutError:
            self._report("timeout")
            return False
        self._report(self._state)
        return self.is_connected

    def _report(self, end: str) -> None:
        """Count how connecting ended, once; a client that hung up meanwhile did not fail."""
        if self._reported:
            return
        self._reported = True
        if end == "connected":
            self._watch.connected()
            peer_connected(path_of(self._peer_connection), self._watch.connect_seconds)
        elif end == "timeout":
            peer_failed(end)
        elif end == "failed":
            peer_failed("ice" if self._peer_connection.iceConnectionState == "failed" else "dtls")

    async def carry(self, session: LiveSession) -> None:
        """Carry a connected call until the connection is lost."""
        await first_of(
            self._lost(),
            self._vanished(),
            self._credentials_end(session),
            self.hearing.listen(session.hear),
            self.channel.serve(session),
            self._watch.run(session),
        )

    @property
    def is_connected(self) -> bool:
        """Whether media can flow."""
        return self._state == "connected"

    @property
    def has_hung_up(self) -> bool:
        """Whether the client closed the connection, and was not cut off from it."""
        return self._state == "closed"

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has come from the client."""
        return self._quiet_seconds()

    async def drained(self) -> None:
        """Wait until all that was said has left."""
        await self.voice.silence()
        await self.channel.drained()

    async def aclose(self) -> None:
        """Free everything. Idempotent, and bounded: aiortc has been seen to hang here."""
        self.voice.stop()
        if self._closing is None:
            self._closing = asyncio.create_task(self._peer_connection.close())
        await asyncio.wait({self._closing}, timeout=_CLOSE_SECONDS)
        if not self._closing.done():
            self._closing.cancel()
            _log.warning("a peer connection did not close in time")
        elif not self._closing.cancelled() and self._closing.exception() is not None:
            _log.warning("a peer connection failed to close", exc_info=self._closing.exception())

    @property
    def _state(self) -> str:
        return str(self._peer_connection.connectionState)

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _lost(self) -> None:
        while self.is_connected:
            await self._next_change()

    async def _vanished(self) -> None:
        """Return when nothing has come for a while: ICE itself takes half a minute to notice.

        A client that is silent by right answers the checks that are made meanwhile.
        """
        limit_seconds = self._options.vanished_seconds
        step_seconds = limit_seconds / _CHECKS_UNTIL_VANISHED
        while (quiet_seconds := self._quiet_seconds()) < limit_seconds:
            if quiet_seconds > _CHECKS_IN_SILENCE * step_seconds:
                await asyncio.gather(*(gate.probe() for gate in self._gates))
            left_seconds = limit_seconds - self._quiet_seconds()
            await asyncio.sleep(min(step_seconds, max(left_seconds, _SHORTEST_STEP_SECONDS)))

    def _quiet_seconds(self) -> float:
        heard_at = max((gate.heard_at for gate in self._gates), default=self._offered_at)
        return time.monotonic() - heard_at

    async def _credentials_end(self, session: LiveSession) -> None:
        """Ask the client to come over to a fresh connection before the relay's time is over."""
        ends_at = self._plan.expires_at
        if ends_at is not None and path_of(self._peer_connection) == "relay":
            left_seconds = ends_at - time.monotonic()
            margin_seconds = min(_RENEWAL_SECONDS, left_seconds / 2)
            await asyncio.sleep(left_seconds - margin_seconds)
            await session.ask_to_reoffer(margin_seconds)
        await asyncio.Event().wait()
