"""AG-UI over a real socket."""

import asyncio
from typing import Any

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import ModelFailed
from protocols.contract.events import (
    StateChanged,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
from protocols.contract.inputs import Message, Text, ToolCall, ToolResult, UserTurn
from protocols.websocket.connections import Connections
from tests.protocols.ordering import check_order
from tests.protocols.scripted import ScriptedConversations, Step
from tests.protocols.websocket.serving import (
    Setting,
    closed,
    kinds,
    serving,
    tell,
    told_until,
    until_freed,
)


def run(run_id: str, text: str = "hi", thread_id: str = "t") -> dict[str, Any]:
    return {
        "threadId": thread_id,
        "runId": run_id,
        "messages": [{"id": "1", "role": "user", "content": text}],
        "tools": [],
        "context": [],
        "state": {},
        "forwardedProps": {},
    }


async def test_each_input_is_a_run_with_the_events_of_server_sent_events() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, run("one"))
        first = await told_until(client, "RUN_FINISHED")
        await tell(client, run("two"))
        second = await told_until(client, "RUN_FINISHED")
    assert first == [
        {"type": "RUN_STARTED", "threadId": "t", "runId": "one", "protocolVersion": "1.0"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m", "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "echo hi"},
        {"type": "TEXT_MESSAGE_END", "messageId": "m"},
        {"type": "RUN_FINISHED", "threadId": "t", "runId": "one", "outcome": {"type": "success"}},
    ]
    check_order(first + second)
    assert site.conversations.begun[0] == (
        SessionKey("caller", "t"),
        UserTurn(content=(Text("hi"),), history=(), state={}),
        "ws",
    )


async def test_runs_that_come_together_are_answered_in_order() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, *[run(f"r{n}") for n in range(4)])
        answers = [await told_until(client, "RUN_FINISHED") for _ in range(4)]
    assert [answer[0]["runId"] for answer in answers] == ["r0", "r1", "r2", "r3"]


async def test_more_runs_than_may_wait_close_the_connection() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, *[run(f"r{n}") for n in range(7)])
        messages, code, reason = await closed(client)
        await until_freed(conversations)
    assert (code, reason) == (1008, "SESSION_BUSY")
    assert messages[-1]["type"] == "RUN_ERROR"


async def test_events_that_a_proxy_sends_back_are_no_runs() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, run("one"))
        events = await told_until(client, "TEXT_MESSAGE_CONTENT")
        await tell(client, *events, *events, {"type": "gateway.error", "code": "x"})
        conversations.gate.set()
        await tell(client, run("two"))
        await told_until(client, "RUN_FINISHED")
        assert (await told_until(client, "RUN_FINISHED"))[0]["runId"] == "two"


async def test_the_session_of_the_connection_wins_over_the_thread() -> None:
    async with serving() as site, site.connect("?session_id=s") as client:
        await tell(client, run("one"))
        await told_until(client, "RUN_FINISHED")
    assert site.conversations.begun[0][0] == SessionKey("caller", "s")


async def test_an_empty_thread_is_echoed_and_is_nobodys() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, run("one", thread_id=""))
        started = (await told_until(client, "RUN_FINISHED"))[0]
        await tell(client, run("two", thread_id=""))
        await told_until(client, "RUN_FINISHED")
    assert started["threadId"] == ""
    assert len({key.id for key, _, _ in site.conversations.begun}) == 2


async def test_what_was_said_elsewhere_is_told_first() -> None:
    conversations = ScriptedConversations()
    conversations.unseen = (Message("v", "user", (Text("spoken"),)),)
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, run("one"))
        events = await told_until(client, "RUN_FINISHED")
    assert events[1] == {
        "type": "MESSAGES_SNAPSHOT",
        "messages": [
            {"id": "v", "role": "user", "content": "spoken"},
            {"id": "1", "role": "user", "content": "hi"},
        ],
    }


@pytest.mark.parametrize(
    ("second", "code", "reason"),
    [
        ("no json", 1003, "VALIDATION_ERROR"),
        (b"\0\0", 1003, "VALIDATION_ERROR"),
        ('{"threadId":"' + "x" * 5000 + '","runId":7,"messages":7}', 1003, "VALIDATION_ERROR"),
        ('{"threadId":"' + "x" * 500 + '","runId":"r","messages":[]}', 1003, "VALIDATION_ERROR"),
    ],
)
async def test_an_input_that_is_none_is_a_run_error_and_closes(
    second: str | bytes, code: int, reason: str
) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, run("one"))
        good = await told_until(client, "RUN_FINISHED")
        await client.send(second)
        messages, close_code, close_reason = await closed(client)
    assert kinds(messages) == ["RUN_ERROR"]
    assert (close_code, close_reason) == (code, reason)
    check_order(good + messages)


async def test_a_run_that_is_too_large_is_told_between_two_runs() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, run("one"))
        await told_until(client, "RUN_FINISHED")
        await tell(client, run("two", "x" * 70_000))
        messages, code, _ = await closed(client)
    assert [(m["type"], m["code"]) for m in messages] == [("RUN_ERROR", "PAYLOAD_TOO_LARGE")]
    assert "GATEWAY_MAX_FRAME_BYTES" in messages[0]["message"]
    assert code == 1009


async def test_a_model_that_fails_is_a_run_error_and_closes() -> None:
    conversations = ScriptedConversations(
        lambda _: [TextDelta("m", "x"), ModelFailed("The model failed. Try again.")]
    )
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, run("one"))
        messages, code, reason = await closed(client)
    assert messages[-1] == {
        "type": "RUN_ERROR",
        "message": "The model failed. Try again.",
        "code": "AGENT_ERROR",
    }
    assert (code, reason) == (1011, "AGENT_ERROR")


async def test_a_session_in_use_is_busy() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site, site.connect() as one, site.connect() as two:
        await tell(one, run("one"))
        await told_until(one, "TEXT_MESSAGE_CONTENT")
        await tell(two, run("two"))
        messages, code, reason = await closed(two)
        assert (messages[0]["code"], code, reason) == ("SESSION_BUSY", 1008, "SESSION_BUSY")
        conversations.gate.set()
        await told_until(one, "RUN_FINISHED")


async def test_a_client_that_leaves_stops_its_run() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site:
        async with site.connect() as client:
            await tell(client, run("one"))
            await told_until(client, "TEXT_MESSAGE_CONTENT")
            client.transport.abort()
        await until_freed(conversations)


async def test_long_texts_are_sent_in_frames_below_32_kilobytes() -> None:
    text = "€" * 40_000
    conversations = ScriptedConversations(lambda _: [TextDelta("m", text), TurnEnded()])
    async with serving(conversations) as site, site.connect(max_size=32 * 1024) as client:
        await tell(client, run("one"))
        events = await told_until(client, "RUN_FINISHED")
    assert "".join(event.get("delta", "") for event in events) == text


async def test_a_connection_on_which_nothing_is_asked_is_closed() -> None:
    async with serving(setting=Setting(idle_seconds=0.05)) as site, site.connect() as client:
        await tell(client, run("one"))
        messages, code, reason = await closed(client)
    assert kinds(messages)[-1] == "RUN_FINISHED"
    assert (code, reason) == (1008, "TIMED_OUT")


async def test_a_server_about_to_stop_answers_what_was_asked() -> None:
    connections = Connections()
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    setting = Setting(connections=connections)
    async with serving(conversations, setting) as site, site.connect() as client:
        await tell(client, run("one"))
        await told_until(client, "TEXT_MESSAGE_CONTENT")
        connections.draining.set()
        conversations.gate.set()
        messages, code, reason = await closed(client)
    assert kinds(messages)[-1] == "RUN_FINISHED"
    assert (code, reason) == (1001, "UNAVAILABLE")


async def test_events_too_large_for_a_frame_come_in_pieces() -> None:
    words = "word " * 20_000

    def answers(said: UserTurn) -> list[Step]:
        return [
            TextDelta("m", words),
            ToolStarted("m", "c", "t"),
            ToolFinished("c", (Text(words),)),
            StateChanged({}, {str(number): "x" * 100 for number in range(1000)}),
            TurnEnded(),
        ]

    conversations = ScriptedConversations(answers)
    async with serving(conversations) as site, site.connect(max_size=32_768) as client:
        await tell(client, run("one"))
        events = await told_until(client, "RUN_FINISHED")
    assert "".join(e["delta"] for e in events if e["type"] == "TEXT_MESSAGE_CONTENT") == words
    state = [operation for e in events if e["type"] == "STATE_DELTA" for operation in e["delta"]]
    assert len(state) == 1000
    [result] = [e for e in events if e["type"] == "TOOL_CALL_RESULT"]
    assert (result["content"][-1], result["metadata"]) == ("…", {"gateway": {"cut": True}})
    check_order(events)


async def test_what_was_said_elsewhere_and_fits_no_frame_is_said_anew() -> None:
    words = "word " * 10_000
    conversations = ScriptedConversations()
    conversations.unseen = (
        Message("u", "user", (Text("elsewhere"),)),
        Message("a", "assistant", (Text(words), ToolCall("c", "t", "{}"))),
        Message("r", "user", (ToolResult("c", (Text("42"),)),)),
    )
    async with serving(conversations) as site, site.connect(max_size=32_768) as client:
        await tell(client, run("one"))
        events = await told_until(client, "RUN_FINISHED")
    starts = [e for e in events if e["type"] == "TEXT_MESSAGE_START"]
    assert [(e["messageId"], e["role"]) for e in starts] == [
        ("u", "user"),
        ("a", "assistant"),
        ("m", "assistant"),
    ]
    assert "".join(e["delta"] for e in events if e.get("messageId") == "a" and "delta" in e) == (
        words
    )
    check_order(events)
