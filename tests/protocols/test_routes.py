"""The first door: what every request shares, whatever its protocol."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import (
    GatewayError,
    ModelThrottled,
    SessionBusy,
    TooManySessions,
    Unavailable,
)
from protocols.contract.inputs import Text
from protocols.routes import capabilities_route
from protocols.streaming import SESSION_HEADER
from tests.fakes import FakeConversations
from tests.protocols.doors import (
    EVENTS,
    JSON,
    WAIT_SECONDS,
    Client,
    Setting,
    events_of,
    kinds,
    knocking,
    serving,
)

PROMPT = {"prompt": "Hi"}
RUN = {"threadId": "t", "runId": "r", "messages": [{"id": "u", "role": "user", "content": "Hi"}]}
EVERYTHING = {**RUN, **PROMPT, "action": "cancel"}


@pytest.fixture
def conversations() -> FakeConversations:
    return FakeConversations()


@pytest.fixture
async def client(conversations: FakeConversations) -> AsyncIterator[Client]:
    async with knocking(conversations) as client:
        yield client


# Choosing


async def test_an_action_comes_before_everything(
    client: Client, conversations: FakeConversations
) -> None:
    assert (await client.post(EVERYTHING)).json() == {"status": "success", "cancelled": False}
    assert conversations.begun == []


async def test_an_action_that_is_no_text_is_no_action(
    client: Client, conversations: FakeConversations
) -> None:
    assert (await client.post({**EVERYTHING, "action": 1})).text.startswith("data: ")
    assert [wire for _, _, wire in conversations.begun] == ["agui"]


async def test_a_run_comes_before_a_prompt(
    client: Client, conversations: FakeConversations
) -> None:
    response = await client.post({**RUN, **PROMPT})
    assert kinds(events_of(response))[0] == "RUN_STARTED"
    assert [wire for _, _, wire in conversations.begun] == ["agui"]


@pytest.mark.parametrize("missing", ["threadId", "runId", "messages"])
async def test_a_run_needs_its_three_members(missing: str, client: Client) -> None:
    response = await client.post({name: RUN[name] for name in RUN if name != missing})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert missing in response.json()["error"]


async def test_an_accepted_event_stream_makes_no_run_of_a_prompt(
    client: Client, conversations: FakeConversations
) -> None:
    response = await client.post(PROMPT, EVENTS)
    assert kinds(events_of(response))[-1] == "RUN_FINISHED"
    assert [wire for _, _, wire in conversations.begun] == ["http"]


# Session


@pytest.mark.parametrize(
    ("header", "members", "name"),
    [
        ("h", {"session_id": "s", "threadId": "t"}, "h"),
        (None, {"session_id": "s", "threadId": "t"}, "s"),
        ("", {"session_id": "s"}, "s"),
        (None, {"session_id": "", "threadId": "t"}, "t"),
        (None, {"session_id": None, "threadId": "t"}, "t"),
        (None, {"session_id": "x" * 256}, "x" * 256),
    ],
)
async def test_a_session_is_named_by_header_then_session_id_then_thread_id(
    header: str | None,
    members: dict[str, Any],
    name: str,
    client: Client,
    conversations: FakeConversations,
) -> None:
    headers = JSON if header is None else JSON | {SESSION_HEADER.upper(): header}
    response = await client.post({"action": "cancel", **members}, headers)
    assert (response.status_code, response.headers[SESSION_HEADER]) == (200, name)


@pytest.mark.parametrize("name", ["été", "会话", "🦊", "a b"])
async def test_a_name_in_any_script_is_echoed_and_works_as_a_header(
    name: str, client: Client, conversations: FakeConversations
) -> None:
    first = await client.post({"prompt": "Hi", "session_id": name})
    echoed = dict(first.headers.raw)[SESSION_HEADER.lower().encode()]
    second = await client.http.post(
        "/invocations", json=PROMPT, headers=[(SESSION_HEADER.encode(), echoed)]
    )
    assert (first.status_code, second.json()["session_id"], echoed) == (200, name, name.encode())
    assert [key for key, _, _ in conversations.begun] == [SessionKey("caller", name)] * 2


async def test_a_session_that_is_not_named_is_made_up_and_told(client: Client) -> None:
    responses = [await client.post(PROMPT) for _ in range(2)]
    names = [response.headers[SESSION_HEADER] for response in responses]
    assert [response.json()["session_id"] for response in responses] == names
    assert len({UUID(name) for name in names}) == 2


@pytest.mark.parametrize(
    "name", ["x" * 257, "a\nb", "a\tb", "\x7f", "a\u200b", " a", "a ", 0, [], {}]
)
async def test_a_name_that_cannot_be_carried_is_refused(
    name: Any, client: Client, conversations: FakeConversations
) -> None:
    response = await client.post({"prompt": "Hi", "session_id": name})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert "session id" in response.json()["error"]
    assert conversations.begun == []


async def test_a_header_that_is_not_utf8_is_refused(client: Client) -> None:
    response = await client.http.post(
        "/invocations", json=PROMPT, headers=[(SESSION_HEADER.encode(), b"\xe9t\xe9")]
    )
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


# Form


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"prompt": "Hi"',
        b'{"prompt": "Hi"} x',
        b"\x00",
        b"\xff\xfe{\x00",
        b'{"prompt": "\xff\xfe"}',
        b'{"prompt": "\xed\xa0\x80"}',
        rb'{"prompt": "\ud800"}',
        rb'{"prompt": "\udc00 and more"}',
        b'{"prompt": NaN}',
        b'{"prompt": 1e999}',
        b"[" * 400_000,
        b'{"prompt": ' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        b'{"a":' * 400_000,
        b"[]",
        b"[1, 2]",
        b"42",
        b'"text"',
        b"null",
        b"true",
        b"{}",
        b'{"prompt": 1}',
        b'{"prompt": null}',
        b'{"prompt": {}}',
        b'{"prompt": [[[[]]]]}',
        b'{"prompt": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_what_is_no_request_is_refused_with_the_error_object(
    body: bytes, client: Client, conversations: FakeConversations
) -> None:
    response = await client.post(body)
    shown = response.json()
    assert (response.status_code, shown["code"]) == (400, "VALIDATION_ERROR")
    assert (shown["retryable"], len(shown["error"]) > 10) == (False, True)
    assert "Traceback" not in response.text
    assert conversations.begun == []


@pytest.mark.parametrize(
    "content_type",
    ["", "Application/JSON; charset=utf-8", "application/x+json", "application/octet-stream"],
)
async def test_json_has_many_names_and_may_have_none(
    content_type: str, client: Client, conversations: FakeConversations
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = await client.post(PROMPT, headers)
    assert (response.status_code, response.json()["response"]) == (200, "Hello there.")
    assert conversations.begun[0][1].content == (Text("Hi"),)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "audio/mpeg"},
        JSON | {"Content-Encoding": "gzip"},
        JSON | {"Content-Encoding": "br, gzip"},
    ],
    ids=str,
)
async def test_other_forms_are_not_served(headers: dict[str, str], client: Client) -> None:
    response = await client.post(PROMPT, headers)
    assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_the_encoding_identity_is_none(client: Client) -> None:
    assert (await client.post(PROMPT, JSON | {"Content-Encoding": "Identity"})).status_code == 200


async def test_sound_has_no_document_that_could_name_a_session(client: Client) -> None:
    response = await client.post(b'{"session_id": "s"}', {"Content-Type": "audio/wav"})
    assert (response.status_code, response.headers[SESSION_HEADER] != "s") == (400, True)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ("application/*;q=0.1", 200),
        ("text/html, application/json;q=0.9", 200),
        ("AUDIO/WAV", 200),
        ("text/html", 406),
        ("image/png", 406),
    ],
)
async def test_nothing_acceptable_is_406(accept: str, status: int, client: Client) -> None:
    response = await client.post(PROMPT, JSON | {"Accept": accept})
    assert response.status_code == status
    if status == 406:
        assert response.json()["code"] == "NOT_ACCEPTABLE"
        assert "text/event-stream" in response.json()["error"]


async def test_a_body_over_the_limit_is_413_whether_its_length_was_told_or_not(
    conversations: FakeConversations,
) -> None:
    body = json.dumps({"prompt": "x" * 2000}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async with (
        knocking(conversations, Setting(max_body_bytes=1024)) as client,
        asyncio.timeout(WAIT_SECONDS),
    ):
        told = await client.post(body)
        untold = await client.http.post("/invocations", content=pieces(), headers=JSON)
    assert "Content-Length" not in untold.request.headers
    for response in (told, untold):
        assert (response.status_code, response.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert "GATEWAY_MAX_BODY_BYTES" in response.json()["error"]
    assert conversations.begun == []


async def test_a_large_body_is_refused_before_it_is_sent(conversations: FakeConversations) -> None:
    setting = Setting(max_body_bytes=1024)
    async with serving(conversations, setting) as port, asyncio.timeout(WAIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{")
        answer = await reader.readuntil(b"}")
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_leaves_within_its_body_is_nobodys_fault(
    conversations: FakeConversations, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(conversations) as port, asyncio.timeout(WAIT_SECONDS):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert conversations.begun == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# Who may call


async def test_a_page_that_may_not_call_is_refused_before_its_body_is_read(
    conversations: FakeConversations,
) -> None:
    async with knocking(conversations, Setting(allows=lambda _: False)) as client:
        response = await client.post(b"{")
    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHORIZED")
    assert "GATEWAY_ALLOWED_ORIGINS" in response.json()["error"]


# Errors


@pytest.mark.parametrize(
    ("error", "status", "code", "retryable"),
    [
        (SessionBusy("Busy."), 409, "SESSION_BUSY", True),
        (TooManySessions("Full."), 429, "SERVICE_QUOTA_EXCEEDED", True),
        (Unavailable("Shutting down."), 503, "UNAVAILABLE", True),
        (ModelThrottled("Slow down."), 429, "RATE_LIMIT_EXCEEDED", True),
    ],
)
@pytest.mark.parametrize("in_band", [False, True])
async def test_an_error_before_the_start_is_the_same_object_in_band_or_not(
    error: GatewayError, status: int, code: str, retryable: bool, in_band: bool
) -> None:
    async with knocking(FakeConversations(error), Setting(in_band=in_band)) as client:
        response = await client.post_in("s", PROMPT)
    assert response.status_code == (200 if in_band else status)
    assert response.json() == {"error": error.message, "code": code, "retryable": retryable}
    assert response.headers[SESSION_HEADER] == "s"


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"{}"])
async def test_bad_input_is_in_band_too(body: bytes) -> None:
    async with knocking(setting=Setting(in_band=True)) as client:
        response = await client.post(body)
    assert (response.status_code, response.json()["code"]) == (200, "VALIDATION_ERROR")


class Broken(FakeConversations):
    async def begin(self, *_: Any) -> Any:
        raise KeyError("sk-secret")


@pytest.mark.parametrize("in_band", [False, True])
async def test_a_fault_of_ours_tells_nothing_of_the_inside(
    in_band: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with knocking(Broken(), Setting(in_band=in_band)) as client:
        answers = [await client.post(PROMPT), await client.post(RUN)]
    assert [answer.status_code for answer in answers] == [200 if in_band else 500] * 2
    assert answers[0].json()["code"] == "INTERNAL_ERROR"
    assert [event["code"] for event in events_of(answers[1])] == ["INTERNAL_ERROR"]
    assert all("sk-secret" not in answer.text for answer in answers)
    assert [r.message for r in caplog.records if r.name == "protocols.routes"] == [
        "request failed: KeyError"
    ] * 2


# Paths


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_405(method: str, client: Client) -> None:
    response = await client.http.request(method, "/invocations")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


@pytest.mark.parametrize("path", ["/", "/invocation", "/invocations/x", "/../invocations/.."])
async def test_an_unknown_path_is_404(path: str, client: Client) -> None:
    assert (await client.http.post(path, json=PROMPT)).status_code == 404


async def test_capabilities_are_what_is_described_when_asked() -> None:
    asked: list[int] = []

    def describe() -> dict[str, Any]:
        asked.append(1)
        return {"tools": {"supported": True}}

    app = Litestar([capabilities_route(describe)], openapi_config=None)
    async with AsyncTestClient(app) as http:
        assert asked == []
        response = await http.get("/capabilities")
        refused = await http.post("/capabilities")
    assert (response.status_code, response.json()) == (200, {"tools": {"supported": True}})
    assert (asked, refused.status_code) == ([1], 405)
