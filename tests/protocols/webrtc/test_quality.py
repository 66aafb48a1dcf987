import datetime
from typing import Any

import pytest
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from observability.calls import CallQuality
from protocols.webrtc.jitter import Counts
from protocols.webrtc.quality import percent_lost_now, quality_of, told

COMMON: dict[str, Any] = {
    "timestamp": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "ssrc": 1,
    "kind": "audio",
    "transportId": "t",
}


def inbound(received: int, lost: int, jitter: int) -> RTCInboundRtpStreamStats:
    return RTCInboundRtpStreamStats(
        type="inbound-rtp",
        id="in",
        packetsReceived=received,
        packetsLost=lost,
        jitter=jitter,
        **COMMON,
    )


def remote(received: int, lost: int, jitter: int, fraction: int) -> RTCRemoteInboundRtpStreamStats:
    return RTCRemoteInboundRtpStreamStats(
        type="remote-inbound-rtp",
        id="remote",
        packetsReceived=received,
        packetsLost=lost,
        jitter=jitter,
        roundTripTime=0.08,
        fractionLost=fraction,
        **COMMON,
    )


def test_what_aiortc_and_our_receiver_know_is_put_together() -> None:
    counts = Counts(received=80, lost=10, late=10, recovered_frames=8, concealed_frames=2)
    quality = quality_of(
        [inbound(90, 10, 480), remote(95, 5, 96, 12)],
        counts,
        receive_path="own",
        ice_path="relay",
        underruns=3,
    )
    assert quality == CallQuality(
        receive_path="own",
        ice_path="relay",
        underruns=3,
        made_up_seconds=0.2,
        loss_up=0.1,
        loss_down=0.05,
        jitter_up_seconds=0.01,
        jitter_down_seconds=0.002,
        round_trip_seconds=0.08,
    )
    assert told(quality, 0.0314) == {
        "connectMs": 31,
        "path": "relay",
        "roundTripMs": 80.0,
        "jitterUpMs": 10.0,
        "jitterDownMs": 2.0,
        "lossUpPercent": 10.0,
        "lossDownPercent": 5.0,
        "underruns": 3,
    }


def test_on_the_stock_path_aiortc_alone_knows_the_loss() -> None:
    quality = quality_of(
        [inbound(90, 10, 480)], None, receive_path="stock", ice_path="host", underruns=0
    )
    assert quality == CallQuality(
        receive_path="stock", ice_path="host", loss_up=0.1, jitter_up_seconds=0.01
    )


def test_what_is_not_known_is_left_out() -> None:
    quality = quality_of([object()], Counts(), receive_path="own", ice_path="host", underruns=0)
    assert quality == CallQuality(receive_path="own", ice_path="host")
    assert told(quality, 0.05) == {"connectMs": 50, "path": "host", "underruns": 0}


def test_duplicates_are_no_negative_loss() -> None:
    quality = quality_of(
        [inbound(100, -3, 0), remote(0, 0, 0, 0)],
        None,
        receive_path="stock",
        ice_path="host",
        underruns=0,
    )
    assert (quality.loss_up, quality.loss_down) == (0.0, 0.0)


@pytest.mark.parametrize(("fraction", "percent"), [(0, 0), (4, 0), (6, 2), (26, 10), (255, 30)])
def test_only_loss_that_is_worth_it_is_prepared_for(fraction: int, percent: int) -> None:
    assert percent_lost_now([inbound(1, 0, 0), remote(95, 5, 96, fraction)]) == percent


def test_without_a_report_no_loss_is_prepared_for() -> None:
    assert percent_lost_now([inbound(90, 10, 480)]) == 0
