from typing import Any

from observability.calls import CallQuality, call_carried


def test_a_call_is_counted_once_with_all_that_is_known(recorded: Any) -> None:
    call_carried(
        CallQuality(
            receive_path="own",
            ice_path="relay",
            underruns=2,
            made_up_seconds=0.5,
            loss_up=0.1,
            loss_down=0.02,
            jitter_up_seconds=0.004,
            jitter_down_seconds=0.002,
            round_trip_seconds=0.08,
        )
    )
    metrics = recorded.metrics()
    assert {name: set(points) for name, points in metrics.items() if "webrtc" in name} == {
        "gateway.webrtc.calls": {("own",)},
        "gateway.webrtc.underruns": {()},
        "gateway.webrtc.made_up_speech": {()},
        "gateway.webrtc.packet_loss": {("up",), ("down",)},
        "gateway.webrtc.jitter": {("up",), ("down",)},
        "gateway.webrtc.round_trip": {("relay",)},
    }


def test_what_is_not_known_is_not_made_up(recorded: Any) -> None:
    call_carried(CallQuality(receive_path="stock", ice_path="host"))
    assert sorted(name for name in recorded.metrics() if "webrtc" in name) == [
        "gateway.webrtc.calls",
        "gateway.webrtc.made_up_speech",
        "gateway.webrtc.underruns",
    ]


def test_without_telemetry_nothing_happens() -> None:
    call_carried(CallQuality(receive_path="own", ice_path="host"))
