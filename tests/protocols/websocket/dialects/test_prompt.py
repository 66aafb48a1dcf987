"""AgentCore's text example over a real socket."""

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import ModelFailed
from protocols.contract.events import InputRequested, TextDelta, TurnEnded
from protocols.contract.inputs import InterruptAnswer, UserTurn
from tests.protocols.scripted import ScriptedConversations, Step
from tests.protocols.websocket.serving import closed, serving, tell, told


async def test_prompts_are_answered_in_order_on_one_session() -> None:
    async with serving() as site, site.connect() as client:
        await tell(
            client,
            {"prompt": "one", "session_id": "s", "message_type": "user_message"},
            {"prompt": "two"},
        )
        answers = [await told(client), await told(client)]
    assert answers == [
        {"response": f"echo {word}", "session_id": "s", "message_type": "agent_response"}
        for word in ("one", "two")
    ]
    assert {key for key, _, _ in site.conversations.begun} == {SessionKey("caller", "s")}


async def test_the_session_of_the_connection_wins() -> None:
    async with serving() as site, site.connect("?session_id=q") as client:
        await tell(client, {"prompt": "one", "session_id": "s"})
        assert (await told(client))["session_id"] == "q"


async def test_a_session_is_made_when_none_is_named() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, {"prompt": "one"}, {"prompt": "two"})
        first, second = await told(client), await told(client)
    assert first["session_id"] == second["session_id"]
    assert len(first["session_id"]) == 36


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        b"\0",
        '{"prompt":""}',
        '{"prompt":" \\n"}',
        '{"prompt":" ","resume":[{"interruptId":"q","status":"cancelled"}]}',
        '{"prompt":7}',
        "{}",
        '{"prompt":"x","session_id":7}',
        '{"prompt":"x","session_id":""}',
    ],
)
async def test_a_wrong_prompt_is_told_and_the_connection_stays(frame: str | bytes) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, {"prompt": "one"})
        await told(client)
        await client.send(frame)
        assert (await told(client))["code"] == "VALIDATION_ERROR"
        await tell(client, {"prompt": "two"})
        assert (await told(client))["response"] == "echo two"


async def test_answers_that_a_proxy_sends_back_are_no_prompts() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, {"prompt": "one"})
        answer = await told(client)
        await tell(client, *[answer] * 9)
        await tell(client, {"prompt": ""})
        refused = await told(client)
        await tell(client, refused, {"prompt": "two"})
        assert (await told(client))["response"] == "echo two"


async def test_what_a_tool_asks_is_shown_and_its_answer_taken() -> None:
    def asks_first(said: UserTurn) -> list[Step]:
        if said.answers:
            return [TextDelta("m", "Done."), TextDelta("n", "Bye."), TurnEnded()]
        question = InputRequested("q", "shred", "Destroy it?", "c")
        return [TextDelta("m", "Well."), question, TurnEnded(stop_reason="interrupt")]

    entry = {"interruptId": "q", "status": "resolved", "payload": True}
    async with serving(ScriptedConversations(asks_first)) as site, site.connect() as client:
        await tell(client, {"prompt": "shred it"})
        asked = await told(client)
        await tell(client, {"prompt": "", "resume": [{"status": "maybe"}]})
        refused = await told(client)
        await tell(client, {"prompt": "", "resume": [entry]})
        answered = await told(client)
    assert asked["interrupts"] == [
        {"id": "q", "reason": "shred", "message": "Destroy it?", "toolCallId": "c"}
    ]
    assert [each["path"] for each in refused["details"]] == [
        "$.resume[0].interruptId",
        "$.resume[0].status",
    ]
    assert (answered["response"], "interrupts" in answered) == ("Done.\nBye.", False)
    [_, (_, said, _)] = site.conversations.begun
    assert said == UserTurn(content=(), answers=(InterruptAnswer("q", "resolved", True),))


async def test_a_model_that_fails_is_told_and_closes() -> None:
    conversations = ScriptedConversations(lambda _: [ModelFailed("The model failed.")])
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, {"prompt": "one"})
        messages, code, reason = await closed(client)
    assert messages == [{"error": "The model failed.", "code": "AGENT_ERROR", "retryable": True}]
    assert (code, reason) == (1011, "AGENT_ERROR")


async def test_a_response_too_long_for_a_frame_comes_in_numbered_parts() -> None:
    words = "count to many 😀 " * 600
    async with serving() as site, site.connect(max_size=32_768) as client:
        await tell(client, {"prompt": words, "session_id": "s"})
        parts = [await told(client) for _ in range(2)]
    assert [(part.pop("part"), part.pop("parts")) for part in parts] == [(1, 2), (2, 2)]
    assert "".join(part.pop("response") for part in parts) == f"echo {words}"
    assert parts == [{"session_id": "s", "message_type": "agent_response"}] * 2
