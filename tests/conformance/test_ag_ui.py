"""AG-UI runs over SSE."""

from typing import Any

import httpx
import pytest

from tests.conformance.deployment import Deployment, events_of, run_input

STREAM = {"Accept": "text/event-stream"}
PROTOBUF = "application/vnd.ag-ui.event+proto"
ENDS = {
    "TEXT_MESSAGE_START": ("TEXT_MESSAGE_END", "messageId"),
    "TOOL_CALL_START": ("TOOL_CALL_END", "toolCallId"),
    "REASONING_MESSAGE_START": ("REASONING_MESSAGE_END", "messageId"),
    "STEP_STARTED": ("STEP_FINISHED", "stepName"),
}


def run(deployment: Deployment, body: dict[str, Any]) -> list[Any]:
    response = deployment.invoke(body, **STREAM)
    assert response.status_code == 200, response.text
    return events_of(response)


def assert_ordered(events: list[Any], body: dict[str, Any]) -> None:
    ids = {"threadId": body["threadId"], "runId": body["runId"]}
    assert events[0]["type"] == "RUN_STARTED"
    assert events[-1]["type"] == "RUN_FINISHED"
    for event in (events[0], events[-1]):
        assert {name: event[name] for name in ids} == ids


@pytest.mark.promise("A01")
@pytest.mark.check("C01", "C02")
def test_a_whole_run_is_ordered(deployment: Deployment) -> None:
    body = run_input("hello", tools=[], context=[], state={}, forwardedProps={})
    assert_ordered(run(deployment, body), body)


@pytest.mark.promise("A02")
@pytest.mark.check("C09")
def test_three_fields_are_enough(deployment: Deployment) -> None:
    body = run_input("hello")
    assert_ordered(run(deployment, body), body)


@pytest.mark.promise("A03")
@pytest.mark.check("C10")
def test_a_run_without_messages_is_ordered(deployment: Deployment) -> None:
    body = run_input(None)
    assert_ordered(run(deployment, body), body)


def assert_refused(response: httpx.Response) -> None:
    """An error in JSON, or one RUN_ERROR; a deployment may send errors in band, under 200."""
    assert response.status_code in {200, 400, 422}, response.text
    if response.headers["Content-Type"].startswith("text/event-stream"):
        (event,) = events_of(response)
        assert event["type"] == "RUN_ERROR"
        assert event["message"]
        assert event["code"] == "VALIDATION_ERROR"
    else:
        assert response.json()["error"]


@pytest.mark.promise("A04")
@pytest.mark.parametrize(
    "fault",
    [
        {"threadId": None},
        {"messages": "hello"},
        {"messages": [{"id": "1", "role": "nobody", "content": "hello"}]},
    ],
)
def test_a_wrong_run_is_refused(deployment: Deployment, fault: dict[str, Any]) -> None:
    body = {
        name: value for name, value in (run_input("hello") | fault).items() if value is not None
    }
    assert_refused(deployment.invoke(body, **STREAM))


@pytest.mark.promise("A07")
@pytest.mark.check("C11")
def test_unknown_fields_are_accepted(deployment: Deployment) -> None:
    body = run_input("hello", unknownField={"deep": [1, 2]})
    assert_ordered(run(deployment, body), body)


@pytest.mark.promise("A07")
def test_snake_case_names_are_accepted(deployment: Deployment) -> None:
    body = run_input("hello")
    snake = {
        "thread_id": body["threadId"],
        "run_id": body["runId"],
        "messages": body["messages"],
        "forwarded_props": {},
    }
    assert_ordered(run(deployment, snake), body)


@pytest.mark.promise("A08")
def test_protobuf_is_labelled_as_what_it_is(deployment: Deployment) -> None:
    response = deployment.invoke(run_input("hello"), Accept=PROTOBUF)
    if response.status_code == 406:
        pytest.skip("the deployment does not serve protobuf, and says so")
    assert response.status_code == 200
    kind = response.headers["Content-Type"]
    if kind.startswith("text/event-stream"):
        assert events_of(response)
    else:
        assert kind.startswith(PROTOBUF)
        assert frames_of(response.content)


def frames_of(body: bytes) -> list[bytes]:
    """Each frame is its length in four bytes, most significant first, and so many bytes."""
    frames = []
    while body:
        end = 4 + int.from_bytes(body[:4])
        assert len(body) >= end, "a frame is cut short"
        frames.append(body[4:end])
        body = body[end:]
    return frames


@pytest.mark.promise("A17")
@pytest.mark.check("C45", "C47")
@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("image", {"type": "data", "value": "iVBORw0KGgo=", "mimeType": "image/png"}),
        ("image", {"type": "data", "value": "%% no base64", "mimeType": "image/png"}),
        ("image", {"type": "data", "value": "PHN2Zy8+", "mimeType": "image/svg+xml"}),
        ("document", {"type": "data", "value": "JVBERi0xLjc=", "mimeType": "application/pdf"}),
        ("audio", {"type": "data", "value": "SUQzBAAA", "mimeType": "audio/mpeg"}),
        ("video", {"type": "file", "value": "handle-1", "provider": "elsewhere"}),
        ("image", {"type": "url", "value": "http://127.0.0.1:8080/ping"}),
        ("image", {"type": "url", "value": "http://169.254.169.254/latest/meta-data/"}),
        ("image", {"type": "url", "value": "no address"}),
    ],
)
def test_an_attachment_that_cannot_be_opened_fails_no_run(
    deployment: Deployment, kind: str, source: dict[str, str]
) -> None:
    content = [{"type": "text", "text": "hello"}, {"type": kind, "source": source}]
    body = run_input("")
    body["messages"][0]["content"] = content
    assert_ordered(run(deployment, body), body)


@pytest.mark.promise("A15")
@pytest.mark.parametrize("question", ["hello", "what is 6 times 7", "what time is it in Paris"])
def test_every_start_has_its_end(deployment: Deployment, question: str) -> None:
    open_parts = set()
    events = run(deployment, run_input(question))
    for event in events:
        if event["type"] in ENDS:
            end, name = ENDS[event["type"]]
            assert (end, event[name]) not in open_parts
            open_parts.add((end, event[name]))
        for end, name in ENDS.values():
            if event["type"] == end:
                open_parts.remove((end, event[name]))
    assert events[-1]["type"] == "RUN_FINISHED"
    assert not open_parts
