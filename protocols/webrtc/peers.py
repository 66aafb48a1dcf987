"""Every call of this process: found by the id of its connection, counted, closed with the process.

aiortc takes a third of a second and 30 MB to load: it is loaded, in a thread, with the first offer.
"""

import asyncio
import gc
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from observability.requests import peer_failed
from protocols.contract.conversations import Conversations, SessionKey
from protocols.contract.errors import NotFound, TimedOut, TooManySessions, Unavailable
from protocols.contract.inputs import LiveOptions
from protocols.webrtc.ice_servers import IceDirectory, IcePlan, IceServers, Reachability
from protocols.webrtc.offer import Offer
from protocols.webrtc.options import WebRtcOptions
from protocols.webrtc.ticker import Ticker

if TYPE_CHECKING:
    from protocols.webrtc.peer import Peer


_FAREWELL_SECONDS = 3.0


class Call(Struct, frozen=True, kw_only=True):
    """What an offer asks for."""

    session: SessionKey
    offer: Offer
    relay_only: bool = False
    options: LiveOptions = LiveOptions()


class Answer(Struct, frozen=True):
    """The connection's id and our SDP."""

    pc_id: str
    sdp: str


class Peers:
    """The registry; an async context manager that hangs up on everybody when it is left.

    Args:
        options: of the wire.
        hold: makes the process busy for as long as the context is open.
        listens_on_loopback: whether the server can be reached from this machine only.
    """

    def __init__(
        self,
        options: WebRtcOptions,
        *,
        hold: Callable[[], AbstractContextManager[None]],
        listens_on_loopback: bool = False,
    ) -> None:
        self.options = options
        self.allows_loopback = options.allows_loopback(listens_on_loopback)
        self.directory = IceDirectory(options.sources(), rest_seconds=options.turn_rest_seconds)
        self._reachability = Reachability()
        self._ticker = Ticker()
        self._hold = hold
        self._peers: set[Peer] = set()
        self._answering = 0
        self._closed = False

    async def __aenter__(self) -> Self:
        """Open for calls."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up on everybody; returns when everything is freed."""
        self._closed = True
        await asyncio.gather(*(peer.aclose() for peer in list(self._peers)))
        await self.directory.aclose()

    @property
    def count(self) -> int:
        """How many calls there are, those being answered included."""
        return len(self._peers) + self._answering

    async def begin(self, call: Call, conversations: Conversations) -> Answer:
        """Open the conversation and answer the offer.

        Raises:
            TooManySessions: there are as many calls as may be.
            TimedOut: the offer could not be answered in time.
            SessionBusy: as ``Conversations.open``.
        """
        self._refuse_when_closed()
        if self.count >= self.options.max_peers:
            await self._make_room()
        if self.count >= self.options.max_peers:
            raise TooManySessions("No more WebRTC calls fit (GATEWAY_MAX_PEERS). Try again later.")
        self._answering += 1
        try:
            with ExitStack() as busy:
                busy.enter_context(self._hold())
                return await self._begin(call, conversations, busy)
        finally:
            self._answering -= 1

    async def take_over(self, peer: "Peer", offer: Offer, *, relay_only: bool) -> Answer:
        """Answer an offer that moves a live call to another connection."""
        return await self._answer(peer, offer, relay_only)

    def find(self, pc_id: str, caller: str, session_id: str | None) -> "Peer":
        """Find the call of a connection.

        Args:
            pc_id: of the connection.
            caller: whose call it has to be.
            session_id: of the call, if the caller named it.

        Raises:
            NotFound: there is none, or it is of another caller or session.
        """
        for peer in self._peers:
            is_theirs = peer.session.caller == caller and session_id in (None, peer.session.id)
            if is_theirs and pc_id in peer.ids:
                return peer
        raise NotFound("There is no such peer here. Send a new offer, without pc_id.")

    async def drain(self, seconds: float) -> None:
        """Take no new calls, let each end with its turn, and end those that have not in time."""
        self._closed = True
        draining = asyncio.create_task(self._drain())
        try:
            await asyncio.wait({draining}, timeout=seconds)
            for peer in self._peers:
                peer.cut()
            await asyncio.wait({draining}, timeout=_FAREWELL_SECONDS)
        finally:
            draining.cancel()
            await asyncio.wait({draining})

    async def _drain(self) -> None:
        peers = list(self._peers)
        # A client that does not read ends by that, not by us.
        await asyncio.gather(*(peer.drain() for peer in peers), return_exceptions=True)
        await asyncio.gather(*(peer.ended() for peer in peers))

    async def _make_room(self) -> None:
        """End a call that only waits for its client, if there is one."""
        waiting = next((peer for peer in self._peers if peer.is_waiting), None)
        if waiting is not None:
            await waiting.aclose()

    async def _begin(self, call: Call, conversations: Conversations, busy: ExitStack) -> Answer:
        make_peer = await asyncio.to_thread(_load)
        conversation = await conversations.open(call.session, call.options, "webrtc")
        peer = make_peer(call.session, conversation, self.options, self._ticker)
        try:
            answer = await self._answer(peer, call.offer, call.relay_only)
            self._refuse_when_closed()
        except BaseException:
            await peer.aclose()
            raise
        self._peers.add(peer)
        leave = busy.pop_all()

        def forget() -> None:
            self._peers.discard(peer)
            leave.close()

        peer.start(then=forget)
        return answer

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Unavailable("The gateway is shutting down. Try again in a moment.")

    async def _answer(self, peer: "Peer", offer: Offer, relay_only: bool) -> Answer:
        try:
            async with asyncio.timeout(self.options.connect_seconds):
                plan = await self._plan(relay_only)
                return Answer(*await peer.answer(offer, plan))
        except TimeoutError as error:
            peer_failed("timeout")
            raise TimedOut("The offer could not be answered in time. Send it again.") from error

    async def ice_servers(self) -> IceServers:
        """The STUN and TURN servers of the moment.

        Raises:
            GatewayError: none could be had, or not in time, and some were set.
        """
        try:
            async with asyncio.timeout(self.options.connect_seconds):
                return await self.directory.servers()
        except TimeoutError as error:  # the answer is waited for, for whoever asks again
            raise TimedOut("The TURN servers could not be had in time. Ask again.") from error

    async def _plan(self, relay_only: bool) -> IcePlan:
        found = await self.ice_servers()
        if relay_only:
            found.check_relays()
        return IcePlan(
            servers=found.servers,
            relay_only=relay_only,
            loopback=self.allows_loopback,
            ports=self.options.ports(),
            reachability=self._reachability,
            expires_at=found.expires_at,
        )


def _load() -> "type[Peer]":
    is_first = "protocols.webrtc.peer" not in sys.modules
    from protocols.webrtc.peer import Peer  # noqa: PLC0415 - see the module's docstring

    if is_first:
        # What was loaded stays: without this the collector looks at all of it again, for 60 to
        # 170 ms, in the middle of calls.
        gc.freeze()
    return Peer
