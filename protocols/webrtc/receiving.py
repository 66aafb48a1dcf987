"""The one place where our receiver takes the place of aiortc's.

aiortc waits for 80 ms always, for 280 ms after the first lost packet, conceals nothing, and decodes
in a thread of its own for each call. There is no public way to the packets themselves. So the
jitter buffer of one receiver object is replaced by an object that hands every packet on and never
gives a frame back: aiortc's thread then sleeps, its statistics and RTCP go on. No class and no
module of the library is changed.

This holds for the releases named here, whose contract a test checks. With any other, or without
libopus, calls are received the stock way: capabilities, metrics and the log say so.
"""

import logging
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from protocols.webrtc.libopus import library_path

CHECKED_RELEASES = ("1.16.",)

OWN, STOCK = "own", "stock"

_BUFFER = "_RTCRtpReceiver__jitter_buffer"

_log = logging.getLogger(__name__)

type Sink = Callable[[Any], None]
"""Takes an aiortc ``RtpPacket``."""


@cache
def receive_path() -> str:
    """Say how calls are received here: ``own`` or ``stock``. Loads nothing."""
    try:
        release = version("aiortc")
    except PackageNotFoundError:
        return STOCK
    if not release.startswith(CHECKED_RELEASES):
        _log.warning("aiortc %s is not known: calls are received its own way, later", release)
        return STOCK
    if library_path() is None:
        _log.warning("libopus was not found: calls are received by aiortc's own way, later")
        return STOCK
    return OWN


class PacketTap:
    """Stands where aiortc has its jitter buffer: takes packets, gives no frames."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def add(self, packet: Any) -> tuple[bool, None]:
        """Hand a packet on; no picture is to be asked for, and there is no frame to decode."""
        self._sink(packet)
        return False, None


def tap(receiver: Any, sink: Sink) -> bool:
    """Hand the packets of an ``RTCRtpReceiver`` to ``sink``; False if it is not as it was checked.

    To be called before the first packet can come. ``sink`` is called on the event loop, with
    packets as they come: unordered, perhaps repeated.
    """
    from aiortc.jitterbuffer import JitterBuffer  # noqa: PLC0415 - loaded with the first call

    if type(vars(receiver).get(_BUFFER)) is not JitterBuffer:
        _log.warning("aiortc's receiver has changed: calls are received its own way, later")
        return False
    vars(receiver)[_BUFFER] = PacketTap(sink)
    return True
