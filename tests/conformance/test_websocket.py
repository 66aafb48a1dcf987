"""The WebSocket: upgrade, session, order, limits."""

import json
import time
from socket import SHUT_RDWR
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection

from tests.conformance.deployment import (
    SESSION_HEADER,
    WAIT_SECONDS,
    Deployment,
    new_session,
    run_input,
)

FRAME_LIMIT_BYTES = 64 * 1024
TOO_LARGE = 1009


def run(socket: ClientConnection, body: dict[str, Any]) -> list[Any]:
    """Send a run and collect its events; what belongs to the conversation alone is passed over."""
    socket.send(json.dumps(body))
    events: list[Any] = []
    while not events or events[-1]["type"] not in {"RUN_FINISHED", "RUN_ERROR"}:
        event = json.loads(socket.recv(WAIT_SECONDS))
        if not event["type"].startswith("gateway."):
            events.append(event)
    return events


@pytest.mark.promise("W01")
def test_the_upgrade_succeeds(deployment: Deployment) -> None:
    with deployment.websocket() as socket:
        assert socket.response is not None
        assert socket.response.status_code == 101


@pytest.mark.promise("W02")
def test_another_path_is_refused(deployment: Deployment) -> None:
    with pytest.raises(InvalidHandshake), deployment.websocket("/conformance/unknown"):
        pass


@pytest.mark.promise("W03")
def test_the_session_header_names_the_conversation(deployment: Deployment) -> None:
    session = new_session()
    with deployment.websocket(**{SESSION_HEADER: session}) as socket:
        socket.send(json.dumps({"type": "session.start", "audio": False}))
        told = json.loads(socket.recv(WAIT_SECONDS))
    assert told["type"] == "gateway.session"
    assert told["sessionId"] == session


@pytest.mark.promise("W07")
def test_a_hundred_messages_are_answered_in_order(deployment: Deployment) -> None:
    thread = new_session()
    bodies = [run_input(None, thread) for _ in range(100)]
    with deployment.websocket() as socket:
        answers = [run(socket, body) for body in bodies]
    assert [events[0]["type"] for events in answers] == ["RUN_STARTED"] * 100
    assert [events[-1]["runId"] for events in answers] == [body["runId"] for body in bodies]


@pytest.mark.promise("W12")
def test_a_frame_above_the_limit_closes(deployment: Deployment) -> None:
    with deployment.websocket() as socket:
        socket.send(json.dumps({"type": "input.text", "text": "x" * (FRAME_LIMIT_BYTES + 1)}))
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(WAIT_SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == TOO_LARGE


@pytest.mark.promise("A11")
def test_a_run_has_the_events_of_a_run_over_sse(deployment: Deployment) -> None:
    from tests.conformance.test_ag_ui import run as run_over_sse

    question = "what is 6 times 7"
    over_sse = run_over_sse(deployment, run_input(question))
    with deployment.websocket() as socket:
        over_websocket = run(socket, run_input(question))
    assert _kinds(over_websocket) == _kinds(over_sse)


def _kinds(events: list[Any]) -> list[str]:
    """The kinds in their order; how a text is cut into pieces is the model's pace."""
    kinds: list[str] = []
    for event in events:
        if not kinds or event["type"] != kinds[-1]:
            kinds.append(event["type"])
    return kinds


CUSTOM_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Check"
BEARER = "base64UrlBearerAuthorization"
VANISHED_SECONDS = 5
IDLE_SECONDS = 75
FLOOD_FRAMES = 1000
FRAMES_PER_SECOND = 250
LONGEST_REASON_BYTES = 123


def closed(socket: ClientConnection) -> tuple[list[Any], int, str]:
    """Collect what still comes, and how the connection is closed."""
    messages: list[Any] = []
    with pytest.raises(ConnectionClosed) as ended:
        while True:
            messages.append(json.loads(socket.recv(WAIT_SECONDS)))
    assert ended.value.rcvd is not None, "closed without a close frame"
    return messages, ended.value.rcvd.code, ended.value.rcvd.reason


@pytest.mark.promise("W04")
def test_the_query_names_the_session_and_carries_custom_headers(deployment: Deployment) -> None:
    session = new_session()
    with deployment.websocket(f"/ws?{SESSION_HEADER}={session}&{CUSTOM_HEADER}=1") as socket:
        socket.send(json.dumps({"prompt": "hello"}))
        assert json.loads(socket.recv(WAIT_SECONDS))["session_id"] == session


@pytest.mark.promise("W05")
def test_the_bearer_subprotocol_is_selected_and_its_token_never_told(
    deployment: Deployment,
) -> None:
    token = f"{BEARER}.c2VjcmV0"
    with deployment.websocket(subprotocols=[token, BEARER]) as socket:
        assert socket.subprotocol == BEARER
        assert socket.response is not None
        assert "c2VjcmV0" not in str(socket.response.headers)


@pytest.mark.promise("W06")
@pytest.mark.parametrize("offered", ["chat.v9", f"{BEARER}.c2VjcmV0"])
def test_an_unknown_subprotocol_is_left_out_or_refused(
    deployment: Deployment, offered: str
) -> None:
    try:
        with deployment.websocket(subprotocols=[offered]) as socket:
            assert socket.subprotocol is None
    except InvalidHandshake:
        pass


def wait_until_idle(deployment: Deployment, seconds: float) -> float:
    """Wait for ``Healthy``; gives how long it took."""
    started_at = time.monotonic()
    while deployment.ping()["status"] != "Healthy":
        assert time.monotonic() - started_at < seconds, "still busy"
        time.sleep(0.05)  # polling a server from outside
    return time.monotonic() - started_at


@pytest.mark.promise("W09")
@pytest.mark.parametrize(
    "asks",
    [
        [run_input("count from 1 to 400")],
        [{"type": "config"}, {"type": "text_input", "text": "count from 1 to 60"}],
    ],
)
def test_a_client_that_vanishes_leaves_nothing(deployment: Deployment, asks: list[Any]) -> None:
    wait_until_idle(deployment, IDLE_SECONDS)  # what other checks left may be waited for
    with deployment.websocket() as socket:
        for ask in asks:
            socket.send(json.dumps(ask))
        for _ in range(5):
            socket.recv(WAIT_SECONDS)
        assert deployment.ping()["status"] == "HealthyBusy"
        socket.socket.shutdown(SHUT_RDWR)
        wait_until_idle(deployment, VANISHED_SECONDS)


@pytest.mark.promise("W13")
def test_a_flood_is_survived_and_answers_stay_below_the_rate(deployment: Deployment) -> None:
    with deployment.websocket() as socket:
        socket.send(json.dumps({"type": "session.start", "audio": False}))
        for _ in range(FLOOD_FRAMES):
            socket.send(json.dumps({"type": "playback", "playedMs": 1}))
        socket.send(json.dumps({"type": "input.text", "text": "count from 1 to 400"}))
        started_at = time.monotonic()
        frames = 1
        while json.loads(socket.recv(WAIT_SECONDS))["type"] != "RUN_FINISHED":
            frames += 1
        # A second more: what is waiting here may arrive at once.
        assert frames <= FRAMES_PER_SECOND * (time.monotonic() - started_at + 1)


@pytest.mark.promise("W23")
def test_pings_are_answered_while_nothing_happens(deployment: Deployment) -> None:
    with deployment.websocket() as socket:
        socket.send(json.dumps({"type": "session.start", "audio": False}))
        json.loads(socket.recv(WAIT_SECONDS))
        for _ in range(3):
            assert socket.ping().wait(WAIT_SECONDS)
        socket.send(json.dumps({"type": "input.text", "text": "hello"}))
        while json.loads(socket.recv(WAIT_SECONDS))["type"] != "RUN_FINISHED":
            pass


@pytest.mark.promise("A12")
@pytest.mark.parametrize("first", ["no json", "{", ""])
def test_a_first_message_that_is_no_json_is_closed(deployment: Deployment, first: str) -> None:
    with deployment.websocket() as socket:
        socket.send(first)
        _, code, _ = closed(socket)
    assert code == 1003


@pytest.mark.promise("A13")
def test_long_faults_are_told_and_the_reason_fits_a_close(deployment: Deployment) -> None:
    body = run_input("hello") | {"messages": [{"role": 7, "content": ["x"]}] * 500}
    with deployment.websocket() as socket:
        socket.send(json.dumps(body))
        messages, code, reason = closed(socket)
    assert [message["type"] for message in messages] == ["RUN_ERROR"]
    assert (code, messages[0]["code"]) == (1003, "VALIDATION_ERROR")
    assert len(reason.encode()) <= LONGEST_REASON_BYTES
