"""Loses one packet of each caller, as a network would: before anything but SRTP has seen it.

For callers in a browser, which cannot be told to lose one themselves.
"""

import os
import time
from weakref import WeakKeyDictionary

from aiortc.rtcdtlstransport import RTCDtlsTransport

AFTER_SECONDS = 4.0
LOUD_BYTES = 64  # with its RTP header: a packet of a sound, not of the silence around it


def lose_a_packet_if_asked() -> None:
    """To be called before the first connection; does something with ``LOSES=1`` only."""
    if os.environ.get("LOSES") != "1":
        return
    take = RTCDtlsTransport._handle_rtp_data
    due: WeakKeyDictionary[RTCDtlsTransport, float] = WeakKeyDictionary()

    async def take_others(transport: RTCDtlsTransport, data: bytes, arrival_time_ms: int) -> None:
        now = time.monotonic()
        if now >= due.setdefault(transport, now + AFTER_SECONDS) and len(data) >= LOUD_BYTES:
            due[transport] = float("inf")
        else:
            await take(transport, data, arrival_time_ms)

    RTCDtlsTransport._handle_rtp_data = take_others  # type: ignore[assignment, method-assign]
