"""Watches a connection that carries a call, and tells its client and the metrics how it does."""

import asyncio
import time

from aiortc import RTCPeerConnection

from observability.calls import CallQuality, call_carried
from protocols.live.session import LiveSession
from protocols.webrtc.hearing import Hearing
from protocols.webrtc.ice import path_of
from protocols.webrtc.quality import percent_lost_now, quality_of, told
from protocols.webrtc.voice import VoiceTrack

_FIRST_LOOK_SECONDS = 2.0  # reports come each second, more or less
_LOOK_SECONDS = 5.0


class Watch:
    """One connection, from its offer on."""

    def __init__(
        self, peer_connection: RTCPeerConnection, hearing: Hearing, voice: VoiceTrack
    ) -> None:
        self._peer_connection = peer_connection
        self._hearing = hearing
        self._voice = voice
        self._began_at = time.monotonic()
        self.connect_seconds = 0.0

    def connected(self) -> None:
        """Note that media can flow."""
        self.connect_seconds = time.monotonic() - self._began_at

    async def run(self, session: LiveSession) -> None:
        """Watch without end; what is to be counted is counted when this is cancelled."""
        underruns_before = session.underruns
        ice_path = path_of(self._peer_connection)
        pause_seconds = _FIRST_LOOK_SECONDS
        try:
            while True:
                await asyncio.sleep(pause_seconds)
                pause_seconds = _LOOK_SECONDS
                quality = await self._quality(ice_path, session.underruns - underruns_before)
                await session.tell(told(quality, self.connect_seconds))
        finally:
            # Nothing is waited for in there: it runs although this task is being cancelled.
            underruns = session.underruns - underruns_before
            call_carried(await self._quality(ice_path, underruns))

    async def _quality(self, ice_path: str, underruns: int) -> CallQuality:
        connection = self._peer_connection
        reports = [await receiver.getStats() for receiver in connection.getReceivers()]
        reports += [await sender.getStats() for sender in connection.getSenders()]
        stats = [each for report in reports for each in report.values()]
        self._voice.expect_loss(percent_lost_now(stats))
        return quality_of(
            stats,
            self._hearing.counts,
            receive_path=self._hearing.path,
            ice_path=ice_path,
            underruns=underruns,
        )
