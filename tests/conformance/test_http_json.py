"""JSON invocations: what is answered, and how bad input is refused."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conformance.deployment import (
    SESSION_HEADER,
    Deployment,
    assert_error_object,
    new_session,
)


def assert_answered(response: httpx.Response) -> None:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    document = response.json()
    assert not (isinstance(document, dict) and document.get("error")), document


@pytest.mark.promise("J01")
def test_a_prompt_is_answered(deployment: Deployment) -> None:
    assert_answered(deployment.invoke({"prompt": "hello"}, new_session()))


@pytest.mark.promise("J02")
def test_a_missing_content_type_counts_as_json(deployment: Deployment) -> None:
    # boto3 sends none unless it is told to
    request = deployment.http.build_request("POST", "/invocations", content=b'{"prompt": "hello"}')
    assert "Content-Type" not in request.headers
    assert_answered(deployment.http.send(request))


@pytest.mark.promise("J03")
def test_json_as_plain_text_is_answered_or_refused(deployment: Deployment) -> None:
    response = deployment.invoke({"prompt": "hello"}, **{"Content-Type": "text/plain"})
    if response.status_code == 200 and "error" not in response.json():
        assert_answered(response)
    else:
        assert_error_object(response, 415)


@pytest.mark.promise("J04")
def test_broken_json_is_refused(deployment: Deployment) -> None:
    assert_error_object(deployment.invoke(b"{"), 400)


@pytest.mark.promise("J05")
def test_an_empty_body_is_refused(deployment: Deployment) -> None:
    assert_error_object(deployment.invoke(b""), 400)


@pytest.mark.promise("J06")
def test_invalid_utf8_is_refused(deployment: Deployment) -> None:
    assert_error_object(deployment.invoke(b'{"prompt": "\xff\xfe"}'), 400)


@pytest.mark.promise("J07")
@pytest.mark.parametrize("body", [b"[1, 2]", b"42", b'"text"', b"null", b"true"])
def test_other_json_values_are_no_server_error(deployment: Deployment, body: bytes) -> None:
    response = deployment.invoke(body)
    assert response.status_code in {200, 400}, response.text
    response.json()


@pytest.mark.promise("J11")
def test_text_outside_ascii_round_trips(deployment: Deployment) -> None:
    said = "Grüße, Zoë 🦊 — 日本語"
    session = new_session()
    assert_answered(deployment.invoke({"prompt": said}, session))
    history = deployment.act("history", session=session)
    if "messages" not in history:
        pytest.skip("the deployment has no history action to read it back")
    assert said in [part for message in history["messages"] for part in _texts(message)]


def _texts(message: dict[str, object]) -> list[object]:
    content = message.get("content")
    if isinstance(content, list):
        return [part.get("text") for part in content if isinstance(part, dict)]
    return [content]


@pytest.mark.promise("J12")
def test_the_session_header_counts_in_any_case(deployment: Deployment) -> None:
    session = new_session()
    for name in (SESSION_HEADER.lower(), SESSION_HEADER.upper()):
        response = deployment.invoke({"prompt": "hello"}, **{name: session})
        assert_answered(response)
        assert response.headers[SESSION_HEADER] == session


@pytest.mark.promise("J13")
def test_a_missing_session_is_made_up(deployment: Deployment) -> None:
    responses = [deployment.invoke({"prompt": "hello"}) for _ in range(2)]
    for response in responses:
        assert_answered(response)
    sessions = {response.headers[SESSION_HEADER] for response in responses}
    assert len(sessions) == 2
    assert all(len(session) >= 33 for session in sessions)


@pytest.mark.promise("J19")
def test_parallel_sessions_stay_apart(deployment: Deployment) -> None:
    sessions = [new_session() for _ in range(20)]
    with ThreadPoolExecutor(len(sessions)) as threads:
        answers = list(
            threads.map(lambda session: deployment.invoke({"prompt": "hello"}, session), sessions)
        )
    for response in answers:
        assert_answered(response)
    assert [response.headers[SESSION_HEADER] for response in answers] == sessions
