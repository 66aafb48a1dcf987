"""AG-UI runs at the door, and what the client is told of other wires."""

from typing import Any

import pytest

from protocols.ag_ui.responses import known_events
from protocols.ag_ui.run_input import parse
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import GatewayError, ModelFailed, SessionBusy, Unavailable
from protocols.contract.events import TextDelta, TurnEnded
from protocols.contract.inputs import Message, Text, UserTurn
from protocols.streaming import SESSION_HEADER
from tests.fakes import FakeConversations, FakeTurn
from tests.protocols.doors import Setting, events_of, kinds, knocking

UNSEEN = (Message("v1", "user", (Text("spoken"),)), Message("v2", "assistant", (Text("heard"),)))


def test_nothing_new_is_told_as_nothing() -> None:
    run = parse({"threadId": "t", "runId": "r", "messages": []})
    assert known_events(run, ()) == []


def test_what_other_wires_said_stands_before_the_question() -> None:
    earlier = {"id": "a", "role": "assistant", "content": "x", "name": "kept"}
    question = {"id": "u", "role": "user", "content": "q"}
    run = parse({"threadId": "t", "runId": "r", "messages": [earlier, question]})
    assert known_events(run, UNSEEN) == [
        {
            "type": "MESSAGES_SNAPSHOT",
            "messages": [
                earlier,
                {"id": "v1", "role": "user", "content": "spoken"},
                {"id": "v2", "role": "assistant", "content": "heard"},
                question,
            ],
        }
    ]


def test_a_run_without_a_question_is_told_at_the_end() -> None:
    run = parse({"threadId": "t", "runId": "r", "messages": []})
    assert [m["id"] for m in known_events(run, UNSEEN)[0]["messages"]] == ["v1", "v2"]


# Runs at the door


RUN = {"threadId": "t", "runId": "r", "messages": [{"id": "u", "role": "user", "content": "Hi"}]}


async def test_a_run_is_streamed_with_its_own_names() -> None:
    conversations = FakeConversations()
    async with knocking(conversations) as client:
        response = await client.post(RUN)
    events = events_of(response)
    assert kinds(events) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert (events[0]["threadId"], events[0]["runId"]) == ("t", "r")
    assert (response.status_code, response.headers[SESSION_HEADER]) == (200, "t")
    assert conversations.begun == [
        (SessionKey("caller", "t"), UserTurn(content=(Text("Hi"),), history=()), "agui")
    ]


async def test_the_header_names_the_session_and_the_run_keeps_its_thread() -> None:
    async with knocking() as client:
        response = await client.post_in("s", RUN)
    assert response.headers[SESSION_HEADER] == "s"
    assert events_of(response)[0]["threadId"] == "t"


async def test_what_was_said_on_other_wires_follows_the_start() -> None:
    turn = FakeTurn([TurnEnded()], unseen=UNSEEN)
    async with knocking(FakeConversations(turn)) as client:
        events = events_of(await client.post(RUN))
    assert kinds(events) == ["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]
    assert [message["id"] for message in events[1]["messages"]] == ["v1", "v2", "u"]


async def test_a_failure_after_the_start_is_the_last_event() -> None:
    turn = FakeTurn([TextDelta("m", "Hel"), ModelFailed("The model failed.")])
    async with knocking(FakeConversations(turn)) as client:
        response = await client.post(RUN)
    assert (response.status_code, events_of(response)[-1]) == (
        200,
        {"type": "RUN_ERROR", "message": "The model failed.", "code": "AGENT_ERROR"},
    )
    assert turn.closed > 0


@pytest.mark.parametrize("in_band", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (SessionBusy("Busy."), 409, "SESSION_BUSY"),
        (Unavailable("Shutting down."), 503, "UNAVAILABLE"),
    ],
)
async def test_a_failure_before_the_start_is_a_status_and_one_event(
    error: GatewayError, status: int, code: str, in_band: bool
) -> None:
    async with knocking(FakeConversations(error), Setting(in_band=in_band)) as client:
        response = await client.post(RUN)
    assert response.status_code == (200 if in_band else status)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert events_of(response) == [{"type": "RUN_ERROR", "message": error.message, "code": code}]
    assert response.headers[SESSION_HEADER] == "t"


@pytest.mark.parametrize(
    ("members", "accept", "status"),
    [
        ({"threadId": 7}, "*/*", 400),
        ({"threadId": "x" * 257}, "*/*", 400),
        ({"messages": "Hi"}, "*/*", 400),
        ({"messages": [{"role": "ghost", "content": "Hi"}]}, "*/*", 400),
        ({"protocolVersion": "2.0"}, "*/*", 400),
        ({"tools": {}}, "*/*", 400),
        ({}, "image/png", 406),
    ],
    ids=str,
)
async def test_a_run_that_cannot_be_taken_is_refused_by_one_event_and_begins_nothing(
    members: dict[str, Any], accept: str, status: int
) -> None:
    conversations = FakeConversations()
    async with knocking(conversations) as client:
        response = await client.post(
            {**RUN, **members}, {"Content-Type": "application/json", "Accept": accept}
        )
    assert (response.status_code, kinds(events_of(response))) == (status, ["RUN_ERROR"])
    assert conversations.begun == []
