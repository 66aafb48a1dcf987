"""AG-UI 1.0: what every run looks like on the wire, and what it bears."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.ag_ui_schema import check
from tests.ag_ui_verifier import verify
from tests.conformance.deployment import Deployment, events_of, new_session, run_input
from tests.conformance.test_ag_ui import STREAM, assert_ordered, frames_of, run

PROTOBUF = "application/vnd.ag-ui.event+proto"
REFUSED = {400, 409, 413, 422, 429, 503}


@dataclass(frozen=True)
class Answered:
    """A whole run as it came over the wire."""

    asked: dict[str, Any]
    response: httpx.Response
    reads: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.reads)

    @property
    def events(self) -> list[Any]:
        frames = [frame for frame in self.body.split(b"\n\n") if frame.startswith(b"data:")]
        return [json.loads(frame.removeprefix(b"data:")) for frame in frames]


@pytest.fixture(scope="module")
def answered(deployment: Deployment) -> Answered:
    asked = run_input("count from 1 to 20")
    with deployment.http.stream("POST", "/invocations", json=asked, headers=STREAM) as response:
        return Answered(asked, response, list(response.iter_raw()))


@pytest.mark.check("C01")
def test_a_run_is_framed_by_one_start_and_one_end(answered: Answered) -> None:
    assert answered.response.status_code == 200
    assert answered.response.headers["Content-Type"].startswith("text/event-stream")
    kinds = [event["type"] for event in answered.events]
    ends = [kind for kind in kinds if kind.startswith("RUN_")]
    assert (kinds[0], kinds[-1], ends) == (ends[0], ends[-1], ["RUN_STARTED", "RUN_FINISHED"])


@pytest.mark.check("C02")
def test_both_ends_repeat_the_ids(answered: Answered) -> None:
    ids = {member: answered.asked[member] for member in ("threadId", "runId")}
    for event in (answered.events[0], answered.events[-1]):
        assert {member: event[member] for member in ids} == ids


@pytest.mark.check("C03")
def test_the_start_says_the_version(answered: Answered) -> None:
    assert answered.events[0]["protocolVersion"] == "1.0"


@pytest.mark.check("C04")
def test_frames_end_with_line_feeds_only_and_hold_an_object_each(answered: Answered) -> None:
    assert b"\r" not in answered.body
    assert answered.body.endswith(b"\n\n")
    frames = [frame for frame in answered.body.split(b"\n\n") if frame]
    assert [frame for frame in frames if not frame.startswith((b"data:", b":"))] == []
    assert all(isinstance(event, dict) for event in answered.events)


@pytest.mark.check("C05", "C06")
def test_every_event_is_one_of_the_schema_without_nulls(answered: Answered) -> None:
    for event in answered.events:
        check(event)


@pytest.mark.check("C06")
def test_the_published_client_takes_the_run(answered: Answered) -> None:
    verify(answered.events)


@pytest.mark.check("C07")
def test_text_comes_in_pieces_and_in_reads(answered: Answered) -> None:
    deltas = [event for event in answered.events if event["type"] == "TEXT_MESSAGE_CONTENT"]
    assert len(deltas) >= 2
    assert len([read for read in answered.reads if b"TEXT_MESSAGE_CONTENT" in read]) >= 2


@pytest.mark.check("C43")
@pytest.mark.parametrize("state", [{"a": [None]}, "text", 7, [1], False, None])
def test_a_state_that_nobody_touches_is_not_told_of(deployment: Deployment, state: Any) -> None:
    body = run_input("hello", state=state)
    events = run(deployment, body)
    assert_ordered(events, body)
    told = [event["snapshot"] for event in events if event["type"] == "STATE_SNAPSHOT"]
    assert told in ([], [state])


@pytest.mark.check("C60")
def test_twenty_runs_at_once_are_all_answered(deployment: Deployment) -> None:
    bodies = [run_input("hello") for _ in range(20)]
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda body: run(deployment, body), bodies))
    made: list[str] = []
    for body, events in zip(bodies, answers, strict=True):
        assert_ordered(events, body)
        made += [event["messageId"] for event in events if event["type"] == "TEXT_MESSAGE_START"]
    assert len(set(made)) == len(made)


@pytest.mark.check("C62")
def test_protobuf_is_of_its_exact_type(deployment: Deployment) -> None:
    accept = f"{PROTOBUF}, text/event-stream"
    response = deployment.invoke(run_input("hello"), Accept=accept)
    assert response.status_code == 200
    if response.headers["Content-Type"].startswith("text/event-stream"):
        assert events_of(response)
    else:
        assert response.headers["Content-Type"] == PROTOBUF
        assert len(frames_of(response.content)) > 3


@pytest.mark.check("C63", "C64")
@pytest.mark.parametrize("accept", [f"{PROTOBUF};q=0, text/event-stream", "*/*", ""])
def test_without_a_wish_for_protobuf_a_run_can_be_read(deployment: Deployment, accept: str) -> None:
    body = run_input("hello")
    response = deployment.invoke(body, Accept=accept)
    assert response.status_code == 200
    if accept.startswith(PROTOBUF) or "event-stream" in response.headers["Content-Type"]:
        assert_ordered(events_of(response), body)
    else:
        assert frames_of(response.content)


@pytest.mark.check("C69")
@pytest.mark.parametrize("size", [1_000_000, 20_000_000])
def test_a_large_message_is_answered_or_refused(deployment: Deployment, size: int) -> None:
    try:
        response = deployment.invoke(run_input("x" * size), **STREAM)
    except httpx.TransportError:  # refused before all of it was sent
        assert deployment.ping()
        return
    assert response.status_code in {200, 413}, response.text
    assert deployment.ping()


ODD = ["../../etc/passwd", "a/b\\c", "x" * 4000, "\"quoted'", "👩‍👩‍👧‍👦", "", " ", "a\nb", "con"]


@pytest.mark.check("C70")
@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_ids_are_echoed_or_refused(deployment: Deployment, odd: str) -> None:
    body = run_input("hello", odd) | {"threadId": odd, "runId": odd}
    response = deployment.invoke(body, **STREAM)
    events = events_of(response)
    if events[0]["type"] == "RUN_ERROR":
        assert response.status_code in {200, *REFUSED}
    else:
        assert_ordered(events, body)


@pytest.mark.check("C61")
def test_a_thread_works_again_after_two_runs_at_once(deployment: Deployment) -> None:
    thread = new_session()
    first = run_input("count from 1 to 20", thread)
    with deployment.http.stream("POST", "/invocations", json=first, headers=STREAM) as response:
        lines = response.iter_lines()
        assert "RUN_STARTED" in next(lines)
        second = deployment.invoke(run_input("hello", thread), **STREAM)
        assert second.status_code in {200, *REFUSED}
        assert events_of(second)[-1]["type"] in {"RUN_FINISHED", "RUN_ERROR"}
        assert [line for line in lines if line][-1].startswith("data:")
    third = run_input("hello", thread)
    assert_ordered(run(deployment, third), third)
