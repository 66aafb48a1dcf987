"""One call: a conversation, and the connection it is on at the moment.

A new offer for a live call makes a second connection; when it is connected the call moves over to
it, and the conversation does not notice. A client that was cut off may do so for a while: its
conversation waits, and goes on where it was heard to. Whatever ends a call, it ends in one place:
the client is told if it can be, then connection, conversation and place in the process are freed.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from protocols.contract.conversations import LiveConversation, SessionKey
from protocols.contract.errors import GatewayError, NotFound, TimedOut
from protocols.live.dialogue import Dialogue
from protocols.live.pacing import Pace
from protocols.live.racing import first_of
from protocols.live.session import LiveSession, SampleRates
from protocols.webrtc.connection import Connection
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.offer import Offer
from protocols.webrtc.options import WebRtcOptions
from protocols.webrtc.opus import opus_rate
from protocols.webrtc.ticker import Ticker

_AHEAD_SECONDS = 0.2
_FAREWELL_SECONDS = 1.0
_STOP_SECONDS = 2.0
_GONE = "This peer is gone. Send a new offer, without pc_id."

_log = logging.getLogger(__name__)


class Peer:
    """A call. It is the outlet of its live session.

    Args:
        session: whose call it is.
        conversation: opened; the peer closes it.
        options: of the wire.
        ticker: of the process; None makes one for this call.
    """

    def __init__(
        self,
        session: SessionKey,
        conversation: LiveConversation,
        options: WebRtcOptions,
        ticker: Ticker | None = None,
    ) -> None:
        self.session = session
        self._options = options
        self._ticker = ticker or Ticker()
        self._sample_rates = SampleRates(
            opus_rate(conversation.input_sample_rate), opus_rate(conversation.output_sample_rate)
        )
        self._live = LiveSession(
            conversation,
            self,
            Dialogue(session.id),
            pace=Pace(ahead_seconds=_AHEAD_SECONDS, reported_ahead_seconds=None),
            sample_rates=self._sample_rates,
        )
        self._connection: Connection | None = None
        self._successor: Connection | None = None
        self._offered = asyncio.Event()
        self._last_seq: int | None = None
        self._hung_up = asyncio.Event()
        self._ended = False
        self._task: asyncio.Task[None] | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of its connections."""
        return [line.id for line in (self._connection, self._successor) if line is not None]

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a client that was cut off."""
        return self._live.is_parked

    async def answer(self, offer: Offer, plan: IcePlan) -> tuple[str, str]:
        """Answer an offer; gives the connection's id and the SDP.

        The first one begins the call, a later one takes it over.

        Raises:
            NotFound: the call has ended meanwhile.
            Unavailable: there is no relay to be used.
        """
        line = Connection(self._options, self._sample_rates, plan, ticker=self._ticker)
        try:
            sdp = await line.answer(offer)
            if self._ended:
                raise NotFound(_GONE)
        except BaseException:
            await line.aclose()
            raise
        if self._connection is None:
            self._connection = line
            return line.id, sdp
        replaced, self._successor = self._successor, line
        self._offered.set()
        if replaced is not None:
            await replaced.aclose()
        return line.id, sdp

    def start(self, then: Callable[[], None]) -> None:
        """Begin to serve; ``then`` is called when everything is freed."""
        self._task = asyncio.create_task(self._run(then))

    async def add_candidate(self, connection_id: str, text: str) -> None:
        """Take one more address of the client."""
        for line in (self._connection, self._successor):
            if line is not None and line.id == connection_id:
                await line.add_candidate(text)
                return
        raise NotFound(_GONE)

    async def drain(self) -> None:
        """End as soon as what was asked is answered, and the answer was heard."""
        await self._live.drain()

    def cut(self) -> None:
        """End now, and tell the client that the server stops."""
        self._live.stop("draining")

    async def ended(self) -> None:
        """Wait until everything is freed."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def aclose(self) -> None:
        """Hang up. Idempotent; everything is freed when it returns."""
        self._hung_up.set()
        self._live.stop()
        if self._task is None:
            await self._free()
            return
        await asyncio.wait({self._task}, timeout=_STOP_SECONDS)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def say(self, document: dict[str, Any]) -> None:
        """Send one JSON object."""
        self._line.channel.say(document)

    def note_seen(self, last_seq: int | None) -> None:
        """Take the last number that a client which comes back has seen.

        Raises:
            InvalidInput: nothing of this number was ever sent.
        """
        self._live.check_seen(last_seq)
        self._last_seq = last_seq

    @property
    def unsent_seconds(self) -> float:
        """How much of the voice has not left yet."""
        return self._line.voice.queued_seconds if self._connection is not None else 0.0

    async def play(self, pcm: bytes) -> None:
        """Send voice."""
        await self._line.voice.play(pcm)

    async def drop(self) -> None:
        """Throw away the voice that has not left yet."""
        self._line.voice.drop()

    async def _run(self, then: Callable[[], None]) -> None:
        try:
            await self._serve()
        finally:
            await self._free()
            then()

    async def _serve(self) -> None:
        try:
            await first_of(self._connect(), _wait(self._hung_up))
            if not self._hung_up.is_set():
                await first_of(self._converse(), self._stay_connected())
        except GatewayError as error:
            _log.info("a call ended: %s", error)
            await self._tell(error)
        except Exception as error:  # noqa: BLE001 - the edge of a call's task
            _log.exception("a call failed")
            await self._tell(error)

    async def _connect(self) -> None:
        """Wait for the connection, or for one that was offered in its place meanwhile."""
        await first_of(self._line.connects(), self._succession())
        before = self._line
        if before.is_connected:
            self._offered.set()  # whoever was offered takes over when the call has begun
            return
        if not await self._is_succeeded():
            raise TimedOut("The call was not connected in time (GATEWAY_CONNECT_SECONDS).")
        self._connection, self._successor = self._successor, None
        await before.aclose()

    async def _converse(self) -> None:
        reason = await self._live.run()
        _log.info("a call ended: %s", reason)
        await self._say_farewell()

    async def _stay_connected(self) -> None:
        """Carry the call on the connection there is, until the last one is lost."""
        while True:
            await first_of(self._line.carry(self._live), self._succession())
            if not await self._is_followed():
                return
            await self._move()

    async def _is_followed(self) -> bool:
        """Tell whether another connection takes the place of the one that is lost.

        A client that was cut off is waited for.
        """
        if await self._is_succeeded():
            return True
        if self._line.has_hung_up:
            return False
        self._live.park(lost_seconds=self._line.quiet_seconds)
        try:
            async with asyncio.timeout(self._options.grace_seconds):
                await self._succession()
        except TimeoutError:
            _log.info("a client that was cut off has not come back")
            return False
        return True

    async def _succession(self) -> None:
        """Wait until another connection is ready to take over."""
        while True:
            await self._offered.wait()
            self._offered.clear()
            if await self._is_succeeded():
                return

    async def _is_succeeded(self) -> bool:
        """Wait for the connection that was offered last, if one was; one that fails is closed."""
        while (successor := self._successor) is not None:
            is_there = await successor.connects()
            if successor is not self._successor:
                continue  # a later offer has closed it
            if is_there:
                return True
            self._successor = None
            await successor.aclose()
        return False

    async def _move(self) -> None:
        self._live.park()
        before, self._connection, self._successor = self._connection, self._successor, None
        if before is not None:
            await before.aclose()
        last_seq, self._last_seq = self._last_seq, None
        await self._live.resume(self, last_seq)

    async def _tell(self, error: Exception) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._live.fail(error)
        except (TimeoutError, GatewayError):
            return  # the client cannot be told: it does not read
        await self._say_farewell()

    async def _say_farewell(self) -> None:
        """Let what was said last leave before the connection is closed."""
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._line.drained()
        except TimeoutError:
            _log.debug("a client did not read the end of its call")

    async def _free(self) -> None:
        self._ended = True
        lines = [line for line in (self._connection, self._successor) if line is not None]
        await asyncio.gather(*(line.aclose() for line in lines), self._live.aclose())

    @property
    def _line(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the call has not begun")
        return self._connection


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
