"""The WebSocket: upgrade, session, order, limits."""

import json
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
