from typing import Any

import pytest

from observability.requests import (
    observe_request,
    peer_connected,
    peer_failed,
    request_rejected,
    websocket_closed,
)


def test_requests_are_counted_by_protocol_action_and_outcome_and_timed(recorded: Any) -> None:
    with observe_request() as request:
        request.is_for("agui")
        recorded.pass_seconds(2)
        request.answered(200)
    with observe_request("webrtc", "offer") as request:
        request.answered(400)
    with pytest.raises(ValueError, match="ours"), observe_request():
        raise ValueError("ours")
    metrics = recorded.metrics()
    assert metrics["gateway.requests"] == {
        ("agui", "run", "ok"): 1,
        ("webrtc", "offer", "client_error"): 1,
        ("http", "run", "server_error"): 1,
    }
    assert metrics["gateway.request.duration"] == {
        ("agui", "run"): 2,
        ("webrtc", "offer"): 0,
        ("http", "run"): 0,
    }


def test_an_action_nobody_serves_is_recorded_as_other(recorded: Any) -> None:
    with observe_request("http", "drop tables"):
        pass
    assert recorded.metrics()["gateway.requests"] == {("http", "other", "ok"): 1}


def test_refusals_closes_and_peers_are_counted(recorded: Any) -> None:
    request_rejected("http", "busy")
    request_rejected("ws", "the moon")
    websocket_closed(1000)
    websocket_closed(4711)
    peer_connected("host", 0.2)
    peer_failed("dtls")
    metrics = recorded.metrics()
    assert metrics["gateway.rejected"] == {("http", "busy"): 1, ("ws", "other"): 1}
    assert metrics["gateway.ws.close"] == {("1000",): 1, ("other",): 1}
    assert metrics["gateway.webrtc.ice_connect_time"] == {("host",): 0.2}
    assert metrics["gateway.webrtc.connect_failures"] == {("dtls",): 1}


def test_when_telemetry_is_off_nothing_is_counted_and_nothing_fails() -> None:
    with observe_request() as request:
        request.answered(200)
    request_rejected("http", "busy")
    websocket_closed(1000)
    peer_connected("host", 0.2)
    peer_failed("dtls")
    assert request.outcome == "ok"
