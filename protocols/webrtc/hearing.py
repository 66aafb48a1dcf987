"""How a connection hears its client: by our own receiver where it can be, else the stock way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiortc import RTCPeerConnection
from aiortc.mediastreams import MediaStreamTrack

from protocols.webrtc import stock_ear
from protocols.webrtc.ear import Ear
from protocols.webrtc.jitter import Counts
from protocols.webrtc.libopus import NoLibopus
from protocols.webrtc.opus import agreed
from protocols.webrtc.receiving import OWN, STOCK, receive_path, tap
from protocols.webrtc.ticker import Ticker

_log = logging.getLogger(__name__)


class Hearing:
    """The microphone of one connection.

    Args:
        sample_rate: hertz of the PCM16 that is heard; one of ``opus.RATES``.
        ticker: of the process.
    """

    def __init__(self, sample_rate: int, ticker: Ticker) -> None:
        self._sample_rate = sample_rate
        self._ticker = ticker
        self._ear: Ear | None = None
        self._track: MediaStreamTrack | None = None

    @property
    def path(self) -> str:
        """How this connection is received: ``own`` or ``stock``."""
        return OWN if self._ear is not None else STOCK

    @property
    def counts(self) -> Counts | None:
        """What became of the packets; not known on the stock path."""
        return self._ear.counts if self._ear is not None else None

    def attach(self, peer_connection: RTCPeerConnection) -> None:
        """Take over the receiver of a connection, between the offer and the answer."""
        [receiver] = peer_connection.getReceivers()
        self._track = receiver.track
        if receive_path() != OWN:
            return
        try:
            ear = Ear(self._sample_rate, self._ticker)
        except NoLibopus as error:
            _log.warning("a call is received the stock way: %s", error)
            return
        if tap(receiver, ear.take):
            self._ear = ear

    def agreed(self, sdp: str) -> str:
        """Say in the answer what the client's sender may do."""
        return agreed(sdp, self._sample_rate, own_receiver=self._ear is not None)

    async def listen(self, hear: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand what the client says to ``hear``, without end."""
        if self._ear is not None:
            await self._ear.listen(hear)
        elif self._track is not None:
            await stock_ear.listen(self._track, self._sample_rate, hear)
        await asyncio.Event().wait()  # a microphone that ends does not end the call
