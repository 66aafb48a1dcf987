"""Control requests at the door."""

from typing import Any

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import Detail, InvalidInput, NotFound
from protocols.contract.inputs import Json
from protocols.invocation import ActionRequest
from protocols.streaming import SESSION_HEADER
from tests.fakes import FakeConversations, spoken
from tests.protocols.doors import Setting, knocking

HERE = SessionKey("caller", "s")
ELSEWHERE = SessionKey("another", "s")


@pytest.mark.parametrize(("running", "cancelled"), [({HERE}, True), ({ELSEWHERE}, False)])
async def test_cancel_tells_whether_a_turn_was_running(
    running: set[SessionKey], cancelled: bool
) -> None:
    conversations = FakeConversations()
    conversations.running = running
    async with knocking(conversations) as client:
        answer = await client.post_in("s", {"action": "cancel"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "success", "cancelled": cancelled},
    )
    assert answer.headers[SESSION_HEADER] == "s"


async def test_history_is_told_as_ag_ui_messages() -> None:
    conversations = FakeConversations()
    conversations.known = {HERE: (spoken("Hello"),), ELSEWHERE: (spoken("secret"),)}
    async with knocking(conversations) as client:
        answer = await client.post({"action": "history", "session_id": "s"})
    assert answer.json() == {
        "status": "success",
        "messages": [{"id": "u", "role": "user", "content": "Hello"}],
    }


async def test_what_is_forgotten_is_gone_for_its_owner_only() -> None:
    conversations = FakeConversations()
    conversations.known = {HERE: (spoken("Hello"),), ELSEWHERE: (spoken("Hello"),)}
    async with knocking(conversations) as client:
        answers = [(await client.post_in("s", {"action": "forget"})).json() for _ in range(2)]
    assert answers == [
        {"status": "success", "forgotten": True},
        {"status": "success", "forgotten": False},
    ]
    assert list(conversations.known) == [ELSEWHERE]


@pytest.mark.parametrize("action", ["cancel", "history", "forget"])
async def test_control_needs_the_name_of_a_session(action: str) -> None:
    async with knocking() as client:
        answer = await client.post({"action": action})
    shown = answer.json()
    assert (answer.status_code, shown["code"]) == (200, "VALIDATION_ERROR")
    assert "session_id" in shown["error"]


async def test_more_actions_get_their_data_and_the_session() -> None:
    seen: list[ActionRequest] = []

    async def offer(request: ActionRequest) -> Json:
        seen.append(request)
        return {"pc_id": "p"}

    conversations = FakeConversations()
    async with knocking(conversations, Setting(actions={"offer": offer})) as client:
        answers = [
            await client.post({"action": "offer", "data": {"sdp": "v=0"}, "session_id": "s"}),
            await client.post({"action": "offer", "data": None}),
        ]
    assert [answer.json() for answer in answers] == [{"pc_id": "p"}] * 2
    made_up = answers[1].headers[SESSION_HEADER]
    assert seen == [
        ActionRequest({"sdp": "v=0"}, HERE, True, conversations),
        ActionRequest({}, SessionKey("caller", made_up), False, conversations),
    ]


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"action": "dance"}, "VALIDATION_ERROR", "cancel, forget, history, offer"),
        ({"action": ""}, "VALIDATION_ERROR", "Known are"),
        ({"action": "offer", "data": []}, "VALIDATION_ERROR", "data must be an object"),
        ({"action": "offer", "data": "x"}, "VALIDATION_ERROR", "data must be an object"),
        ({"action": "offer", "data": {"raise": "known"}}, "NOT_FOUND", "No such peer."),
        ({"action": "offer", "data": {"raise": "fault"}}, "INTERNAL_ERROR", "its log"),
        ({"action": "offer", "session_id": "x" * 300}, "VALIDATION_ERROR", "session id"),
        ({"action": "offer", "session_id": 7}, "VALIDATION_ERROR", "session id"),
    ],
)
async def test_every_refusal_travels_under_200(body: Any, code: str, told: str) -> None:
    async def offer(request: ActionRequest) -> Json:
        if request.data.get("raise") == "fault":
            raise RuntimeError("sk-secret")
        raise NotFound("No such peer.")

    async with knocking(setting=Setting(actions={"offer": offer})) as client:
        answer = await client.post(body)
    shown = answer.json()
    assert (answer.status_code, shown["code"]) == (200, code)
    assert told.lower() in shown["error"].lower()
    assert "sk-secret" not in answer.text


async def test_details_are_shown() -> None:
    async def offer(request: ActionRequest) -> Json:
        raise InvalidInput("No.", [Detail("$.data.sdp", "missing")])

    async with knocking(setting=Setting(actions={"offer": offer})) as client:
        answer = await client.post_in("s", {"action": "offer"})
    assert answer.json() == {
        "error": "No.",
        "code": "VALIDATION_ERROR",
        "retryable": False,
        "details": [{"path": "$.data.sdp", "problem": "missing"}],
    }
    assert answer.headers[SESSION_HEADER] == "s"
