"""How a connection does: loss, jitter, round trip, underruns; for metrics, clients and our encoder.

aiortc counts what comes in and reads what the client reports of what went out (RTCP receiver
reports). Here it is put together. Pure.
"""

from collections.abc import Iterable
from typing import Any

from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from observability.calls import CallQuality
from protocols.webrtc.jitter import Counts
from protocols.webrtc.opus import CLOCK_RATE, FRAME_SECONDS

_WHOLE_FRACTION = 256  # RFC 3550, section 6.4.1: 8 bits
_WORTH_A_COPY = 0.02
_MOST_EXPECTED_PERCENT = 30


def quality_of(
    stats: Iterable[object],
    counts: Counts | None,
    *,
    receive_path: str,
    ice_path: str,
    underruns: int,
) -> CallQuality:
    """Put together what is known.

    Args:
        stats: of aiortc, of sender and receiver.
        counts: of our own receiver, which knows what came late; None on the stock path.
        receive_path: how sound is received.
        ice_path: the way that media take.
        underruns: how often the voice ran dry in the middle of a message.
    """
    inbound: RTCInboundRtpStreamStats | None = None
    remote: RTCRemoteInboundRtpStreamStats | None = None
    for each in stats:
        if isinstance(each, RTCInboundRtpStreamStats):
            inbound = each
        elif isinstance(each, RTCRemoteInboundRtpStreamStats):
            remote = each
    loss_up = None if inbound is None else _share(inbound.packetsLost, inbound.packetsReceived)
    if counts is not None and counts.received:
        loss_up = _share(counts.lost, counts.received + counts.late)
    made_up = counts.concealed_frames + counts.recovered_frames if counts is not None else 0
    return CallQuality(
        receive_path=receive_path,
        ice_path=ice_path,
        underruns=underruns,
        made_up_seconds=made_up * FRAME_SECONDS,
        loss_up=loss_up,
        jitter_up_seconds=None if inbound is None else inbound.jitter / CLOCK_RATE,
        loss_down=None if remote is None else _share(remote.packetsLost, remote.packetsReceived),
        jitter_down_seconds=None if remote is None else remote.jitter / CLOCK_RATE,
        round_trip_seconds=None if remote is None else remote.roundTripTime,
    )


def percent_lost_now(stats: Iterable[object]) -> int:
    """The loss to prepare for, by the client's last report; 0 for hardly any."""
    for each in stats:
        if isinstance(each, RTCRemoteInboundRtpStreamStats):
            share = each.fractionLost / _WHOLE_FRACTION
            return min(round(share * 100), _MOST_EXPECTED_PERCENT) if share >= _WORTH_A_COPY else 0
    return 0


def told(quality: CallQuality, connect_seconds: float) -> dict[str, Any]:
    """Write it for the client, as members of ``gateway.latency``; what is not known is left out."""
    members = {
        "connectMs": round(connect_seconds * 1000),
        "path": quality.ice_path,
        "roundTripMs": _milliseconds(quality.round_trip_seconds),
        "jitterUpMs": _milliseconds(quality.jitter_up_seconds),
        "jitterDownMs": _milliseconds(quality.jitter_down_seconds),
        "lossUpPercent": _percent(quality.loss_up),
        "lossDownPercent": _percent(quality.loss_down),
        "underruns": quality.underruns,
    }
    return {name: value for name, value in members.items() if value is not None}


def _share(lost: int, received: int) -> float:
    lost = max(0, lost)  # duplicates make it negative
    return lost / (lost + received) if lost + received else 0.0


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)
