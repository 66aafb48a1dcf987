"""A prompt at the door."""

import asyncio
import base64
from typing import Any

import msgspec
import pytest

from protocols.contract.errors import ModelFailed
from protocols.contract.events import (
    TextDelta,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    TurnEnded,
    UsageReported,
)
from protocols.contract.inputs import InterruptAnswer, Media, Text, UserTurn
from protocols.http_json.prompt import Prompt, invalid
from protocols.streaming import SESSION_HEADER
from tests.fakes import FakeConversations, FakeTurn
from tests.protocols.doors import EVENTS, JSON, Setting, events_of, kinds, knocking, serving

PIXEL = base64.b64encode(b"\x89PNG").decode()
IMAGE = {"type": "image", "source": {"type": "data", "value": PIXEL, "mimeType": "image/png"}}


async def test_a_prompt_is_answered_with_everything_the_turn_did() -> None:
    turn = FakeTurn(
        [
            ToolStarted("m", "c", "calculator"),
            ToolArguments("c", '{"expression": "6*7"}'),
            ToolRequested("c"),
            ToolFinished("c", (Text("42"),)),
            TextDelta("n", "It is "),
            TextDelta("n", "42 — дa 🦊."),
            UsageReported(3, 4, 7),
            TurnEnded(),
        ]
    )
    async with knocking(FakeConversations(turn)) as client:
        response = await client.post_in("s", {"prompt": "6*7?"})
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers[SESSION_HEADER] == "s"
    assert response.json() == {
        "response": "It is 42 — дa 🦊.",
        "session_id": "s",
        "stop_reason": "end_turn",
        "tool_calls": [
            {
                "id": "c",
                "name": "calculator",
                "input": {"expression": "6*7"},
                "result": "42",
                "status": "success",
            }
        ],
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    }
    assert turn.closed == 1


async def test_the_session_remembers_so_no_history_is_given() -> None:
    conversations = FakeConversations()
    async with knocking(conversations) as client:
        await client.post_in("s", {"prompt": "Hello", "more": {"is": "ignored"}})
    assert [said for _, said, _ in conversations.begun] == [UserTurn(content=(Text("Hello"),))]


async def test_a_prompt_may_be_content_parts() -> None:
    conversations = FakeConversations()
    parts = [{"type": "text", "text": "What is it?"}, IMAGE]
    async with knocking(conversations) as client:
        response = await client.post({"prompt": parts})
        alone = await client.post({"prompt": [IMAGE]})
    assert (response.status_code, alone.status_code) == (200, 200)
    image = Media("image", "image/png", b"\x89PNG")
    assert [said.content for _, said, _ in conversations.begun] == [
        (Text("What is it?"), image),
        (image,),
    ]


async def test_an_accepted_event_stream_gets_the_events_of_a_run() -> None:
    turn = FakeTurn([TextDelta("m", "Hi"), TurnEnded()])
    async with knocking(FakeConversations(turn)) as client:
        response = await client.post({"prompt": "Hi"}, EVENTS | {SESSION_HEADER: "s"})
    events = events_of(response)
    assert kinds(events) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert (events[0]["threadId"], response.headers[SESSION_HEADER]) == ("s", "s")
    assert turn.closed > 0


@pytest.mark.parametrize("in_band", [False, True])
async def test_a_failure_within_the_answer_is_the_error_object(in_band: bool) -> None:
    turn = FakeTurn([TextDelta("m", "Hel"), ModelFailed("The model failed. Try again.")])
    async with knocking(FakeConversations(turn), Setting(in_band=in_band)) as client:
        response = await client.post_in("s", {"prompt": "Hi"})
    assert response.status_code == (200 if in_band else 502)
    assert response.json() == {
        "error": "The model failed. Try again.",
        "code": "AGENT_ERROR",
        "retryable": True,
    }
    assert (turn.closed, response.headers[SESSION_HEADER]) == (1, "s")


async def test_a_turn_whose_waiting_is_cancelled_is_closed() -> None:
    turn = FakeTurn([asyncio.Event()])
    conversations = FakeConversations(turn)
    async with knocking(conversations) as client:
        asking = asyncio.create_task(client.post({"prompt": "Hi"}))
        async with asyncio.timeout(5):
            while not conversations.begun:
                await asyncio.wait({asking}, timeout=0.001)
        asking.cancel()
        await asyncio.wait({asking})
    assert turn.closed == 1


async def test_a_client_that_leaves_frees_its_session() -> None:
    class Told(FakeTurn):
        is_closed = asyncio.Event()

        async def aclose(self) -> None:
            await super().aclose()
            self.is_closed.set()

    turn = Told([TextDelta("m", "Hel"), asyncio.Event()])
    conversations = FakeConversations(turn)
    async with serving(conversations) as port, asyncio.timeout(5):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n"
        writer.write(head + b'{"prompt":"hi"}')
        while not conversations.begun:
            await asyncio.wait({asyncio.ensure_future(writer.drain())}, timeout=0.01)
        writer.close()
        await turn.is_closed.wait()


@pytest.mark.parametrize(
    ("prompt", "path"),
    [
        ("", "$.prompt"),
        (" \n\t", "$.prompt"),
        ([{"type": "text", "text": " "}], "$.prompt"),
        (7, "$.prompt"),
        (None, "$.prompt"),
        ({"text": "Hi"}, "$.prompt"),
        ([7], None),
        ([{"type": "text"}], None),
        ([{"type": "hologram"}], None),
        ([], None),
    ],
    ids=str,
)
async def test_a_prompt_that_says_nothing_is_refused(prompt: Any, path: str | None) -> None:
    conversations = FakeConversations()
    async with knocking(conversations) as client:
        response = await client.post({"prompt": prompt})
    shown = response.json()
    assert (response.status_code, shown["code"]) == (400, "VALIDATION_ERROR")
    if path is not None:
        assert [detail["path"] for detail in shown["details"]] == [path]
    assert conversations.begun == []


@pytest.mark.parametrize("prompt", ["é" * 6, [{"type": "text", "text": "é" * 3}] * 2], ids=str)
async def test_a_prompt_over_the_limit_is_413_and_names_it(prompt: Any) -> None:
    conversations = FakeConversations()
    async with knocking(conversations, Setting(max_text_bytes=11)) as client:
        response = await client.post({"prompt": prompt})
        fitting = await client.post({"prompt": "é" * 5})
    assert (response.status_code, response.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert "GATEWAY_MAX_TEXT_BYTES" in response.json()["error"]
    assert (fitting.status_code, len(conversations.begun)) == (200, 1)


async def test_an_event_stream_that_is_refused_before_its_start_is_the_error_object() -> None:
    async with knocking() as client:
        response = await client.post({"prompt": ""}, EVENTS)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_no_accept_header_gets_json() -> None:
    async with knocking() as client:
        response = await client.post({"prompt": "Hi"}, JSON | {"Accept": ""})
    assert response.json()["response"] == "Hello there."


@pytest.mark.parametrize(
    ("document", "path"), [({"prompt": 1}, "$.prompt"), ([], "$"), ({}, "$")], ids=str
)
def test_a_fault_is_told_with_its_place(document: Any, path: str) -> None:
    with pytest.raises(msgspec.ValidationError) as found:
        msgspec.convert(document, Prompt)
    refused = invalid("No", found.value)
    assert refused.message == "No."
    assert [detail.path for detail in refused.details] == [path]


async def test_an_answer_needs_no_prompt_and_goes_to_the_agent() -> None:
    conversations = FakeConversations(FakeTurn([TextDelta("n", "Done."), TurnEnded()]))
    entry = {"interruptId": "i", "status": "resolved", "payload": 1}
    async with knocking(conversations) as client:
        response = await client.post_in("s", {"prompt": "", "resume": [entry]})
        refused = await client.post_in("s", {"prompt": "", "resume": []})
    assert response.json()["response"] == "Done."
    ((_, said, _),) = conversations.begun
    assert said == UserTurn(content=(), answers=(InterruptAnswer("i", "resolved", 1),))
    assert refused.json()["details"] == [{"path": "$.prompt", "problem": "is empty"}]
