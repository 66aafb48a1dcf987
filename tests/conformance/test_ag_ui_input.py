"""AG-UI 1.0: which input is served, and how the rest is refused."""

from typing import Any

import httpx
import pytest

from tests.conformance.deployment import Deployment, events_of, run_input
from tests.conformance.test_ag_ui import STREAM, assert_ordered, run

NESTED = b'{"threadId": "t", "runId": "r", "messages": ' + b"[" * 5000 + b"]" * 5000 + b"}"


def assert_refused(response: httpx.Response, *statuses: int) -> None:
    """Refused before the run, in JSON or by one RUN_ERROR, and without our insides."""
    assert response.status_code in {200, 400, 415, 422, *statuses}, response.text
    assert "Traceback" not in response.text
    if response.headers["Content-Type"].startswith("text/event-stream"):
        (event,) = events_of(response)
        assert (event["type"], bool(event["message"])) == ("RUN_ERROR", True)
    else:
        assert response.headers["Content-Type"].startswith("application/json")
        assert response.json()["error"]


@pytest.mark.check("C11")
def test_unknown_members_are_accepted_at_every_level(deployment: Deployment) -> None:
    body = run_input("hello", x=1, tools=[], context=[{"description": "d", "value": "v", "x": 1}])
    body["messages"][0] |= {"x": {"y": 1}, "content": [{"type": "text", "text": "hello", "x": 1}]}
    body["tools"] = [{"name": "nothing", "description": "Does nothing.", "x": [1]}]
    assert_ordered(run(deployment, body), body)


@pytest.mark.check("C12")
@pytest.mark.parametrize("version", ["1.0", "1.99", "0.9", "draft", ""])
def test_versions_that_can_be_served_are(deployment: Deployment, version: str) -> None:
    body = run_input("hello", protocolVersion=version)
    events = run(deployment, body)
    assert_ordered(events, body)
    assert events[0]["protocolVersion"] == "1.0"


@pytest.mark.check("C13")
def test_another_major_version_is_served_or_refused(deployment: Deployment) -> None:
    body = run_input("hello", protocolVersion="2.0")
    response = deployment.invoke(body, **STREAM)
    if response.status_code == 200 and len(events_of(response)) > 1:
        assert_ordered(events_of(response), body)
    else:
        assert_refused(response)


@pytest.mark.check("C14")
@pytest.mark.parametrize("missing", ["threadId", "runId", "messages"])
def test_what_a_run_must_have_it_must_have(deployment: Deployment, missing: str) -> None:
    body = {name: value for name, value in run_input("hello").items() if name != missing}
    assert_refused(deployment.invoke(body, **STREAM))


@pytest.mark.check("C15")
@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"null", b"[]", b'"text"', b"7", b'{"threadId": "\xff"}', NESTED],
    ids=["half", "empty", "null", "array", "string", "number", "not UTF-8", "nested"],
)
def test_what_is_no_object_is_refused(deployment: Deployment, body: bytes) -> None:
    assert_refused(deployment.invoke(body, **STREAM))
    assert deployment.ping()


def message(**members: Any) -> dict[str, Any]:
    return {"messages": [{"id": "1", "role": "user", "content": "hello"} | members]}


@pytest.mark.check("C16")
@pytest.mark.parametrize(
    "fault",
    [
        {"messages": "hello"},
        {"messages": [7]},
        {"threadId": 7},
        message(content=7),
        message(role="nobody"),
        message(content=[{"type": "image"}]),
        message(content=[{"type": "image", "source": {"type": "elsewhere", "value": "x"}}]),
        message(id=None),
        {"tools": [{"description": "no name"}]},
        {"tools": "none"},
        {"context": [{"description": 7, "value": []}]},
        {"resume": [{"interruptId": "i", "status": "perhaps"}]},
    ],
    ids=str,
)
def test_a_known_member_of_a_wrong_type_is_refused(
    deployment: Deployment, fault: dict[str, Any]
) -> None:
    assert_refused(deployment.invoke(run_input("hello") | fault, **STREAM))


@pytest.mark.check("C18")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_not_allowed(deployment: Deployment, method: str) -> None:
    response = deployment.http.request(method, "/invocations")
    assert response.status_code == 405
    assert "<html" not in response.text.lower()


@pytest.mark.check("C19")
def test_plain_text_is_refused_or_counts_as_json(deployment: Deployment) -> None:
    body = run_input("hello")
    response = deployment.invoke(body, **STREAM | {"Content-Type": "text/plain"})
    if response.status_code == 200 and len(events_of(response)) > 1:
        assert_ordered(events_of(response), body)
    else:
        assert_refused(response)


@pytest.mark.check("C20")
def test_a_charset_is_accepted(deployment: Deployment) -> None:
    body = run_input("hello")
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert_ordered(events_of(deployment.invoke(body, **STREAM | kind)), body)
