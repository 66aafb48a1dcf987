"""The native dialect without sound: text turns over a real socket."""

import asyncio
from typing import Any, override

import msgspec
import pytest
from msgspec import UNSET

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import ModelThrottled
from protocols.contract.events import TextDelta, ToolRequested, ToolStarted, TurnEnded
from protocols.contract.inputs import ClientTool, Media, Text, ToolResult, UserTurn
from protocols.websocket.connections import Connections
from tests.protocols import scripted
from tests.protocols.scripted import ScriptedConversations, ScriptedTurn
from tests.protocols.websocket.serving import (
    Setting,
    closed,
    kinds,
    serving,
    tell,
    told,
    told_until,
    until_freed,
)

START: dict[str, Any] = {"type": "session.start", "audio": False, "sessionId": "s"}
IMAGE = {"type": "input.image", "mimeType": "image/png", "data": "aGk="}


def asking(text: str) -> dict[str, str]:
    return {"type": "input.text", "text": text}


async def test_each_text_is_a_turn_with_the_images_before_it() -> None:
    start = START | {"context": [{"description": "user", "value": "Ada"}]}
    async with serving() as site, site.connect() as client:
        await tell(client, start, IMAGE, asking("one"))
        first = await told_until(client, "RUN_FINISHED")
        await tell(client, asking("two"))
        second = await told_until(client, "RUN_FINISHED")
        await tell(client, {"type": "session.stop"})
        messages, code, _ = await closed(client)
    assert [m["delta"] for m in first + second if "delta" in m] == ["echo one", "echo two"]
    assert "gateway.latency" in kinds(first)
    assert (kinds(messages)[-1], code) == ("gateway.end", 1000)
    key = SessionKey("caller", "s")
    knows = ("user: Ada",)
    every = UserTurn(content=(), instructions=knows, waits_for_tools=True)
    image = Media("image", "image/png", b"hi")
    one = msgspec.structs.replace(every, content=(image, Text("one")))
    two = msgspec.structs.replace(every, content=(Text("two"),))
    assert site.conversations.begun == [(key, one, "ws"), (key, two, "ws")]


async def test_a_second_text_during_a_turn_is_busy_and_the_turn_goes_on() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, START, asking("one"))
        await told_until(client, "TEXT_MESSAGE_CONTENT")
        await tell(client, asking("two"))
        assert (await told(client))["code"] == "SESSION_BUSY"
        conversations.gate.set()
        finished = (await told_until(client, "RUN_FINISHED"))[-1]
    assert finished["outcome"] == {"type": "success"}


async def test_a_cancel_ends_the_turn_as_cancelled() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, START, asking("one"))
        await told_until(client, "TEXT_MESSAGE_CONTENT")
        await tell(client, {"type": "response.cancel"})
        finished = (await told_until(client, "RUN_FINISHED"))[-1]
    assert finished["outcome"] == {"type": "cancelled"}


async def test_a_turn_that_fails_leaves_the_session_open() -> None:
    conversations = ScriptedConversations(
        lambda said: (
            [TextDelta("m", "x"), ModelThrottled("Too fast. Wait.")]
            if said.content == (Text("fail"),)
            else [TurnEnded()]
        )
    )
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, START, asking("fail"))
        failed = await told_until(client, "gateway.error")
        assert kinds(failed)[-2] == "RUN_ERROR"
        assert failed[-1]["code"] == "RATE_LIMIT_EXCEEDED"
        await tell(client, asking("again"))
        await told_until(client, "RUN_FINISHED")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\0\0", "VALIDATION_ERROR"),
        ('{"type":"input.audio","data":"AAA="}', "VALIDATION_ERROR"),
        ('{"type":"session.start"}', "VALIDATION_ERROR"),
        ('{"type":"tool.result","toolCallId":"c"}', "NOT_FOUND"),
        ("{", "VALIDATION_ERROR"),
    ],
)
async def test_what_has_no_place_here_is_told(frame: str | bytes, code: str) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START, {"type": "playback", "playedMs": 1})
        await told_until(client, "gateway.state")
        await client.send(frame)
        assert (await told(client))["code"] == code


async def test_a_turn_waits_for_the_tools_of_its_client() -> None:
    start = START | {"tools": [{"name": "paint", "description": "Paints."}], "state": {"page": 2}}
    conversations = ScriptedConversations(
        lambda _: [ToolStarted("m", "c", "paint"), ToolRequested("c"), TurnEnded()]
    )
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, start, asking("one"))
        await told_until(client, "TOOL_CALL_END")
        turn = conversations.busy[SessionKey("caller", "s")]
        await tell(client, {"type": "tool.result", "toolCallId": "c", "content": "red"})
        await told_until(client, "RUN_FINISHED")
        await tell(client, asking("two"))
        await told_until(client, "RUN_FINISHED")
    assert isinstance(turn, ScriptedTurn)
    assert turn.results == [ToolResult("c", (Text("red"),))]
    said = [turn for _, turn, _ in conversations.begun]
    assert [turn.client_tools for turn in said] == [(ClientTool("paint", "Paints."),)] * 2
    assert [turn.state for turn in said] == [{"page": 2}, UNSET]


async def test_images_without_a_question_are_bounded() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START, *[IMAGE] * 9)
        assert "8 images wait" in (await told_until(client, "gateway.error"))[-1]["error"]


async def test_a_client_that_leaves_during_a_turn_frees_the_session() -> None:
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with serving(conversations) as site:
        async with site.connect() as client:
            await tell(client, START, asking("one"))
            await told_until(client, "TEXT_MESSAGE_CONTENT")
        await until_freed(conversations)


async def test_a_server_about_to_stop_lets_the_turn_end_and_closes_idle_sessions() -> None:
    connections = Connections()
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    async with (
        serving(conversations, Setting(connections=connections)) as site,
        site.connect() as busy,
        site.connect() as idle,
    ):
        await tell(busy, START, asking("one"))
        await told_until(busy, "TEXT_MESSAGE_CONTENT")
        await tell(idle, START | {"sessionId": "idle"})
        await told_until(idle, "gateway.state")
        connections.draining.set()
        messages, code, _ = await closed(idle)
        assert (kinds(messages), code) == (["gateway.draining", "gateway.end"], 1001)
        await told_until(busy, "gateway.draining")
        conversations.gate.set()
        messages, code, _ = await closed(busy)
    assert "RUN_FINISHED" in kinds(messages)
    assert code == 1001


async def test_a_turn_that_does_not_end_before_the_server_stops_is_cut_in_order() -> None:
    connections = Connections()
    conversations = ScriptedConversations()
    conversations.gate = asyncio.Event()
    setting = Setting(connections=connections)
    async with serving(conversations, setting) as site, site.connect() as client:
        await tell(client, START, asking("one"))
        await told_until(client, "TEXT_MESSAGE_CONTENT")
        await connections.drain(0.01)
        messages, code, reason = await closed(client)
    assert kinds(messages)[-2:] == ["RUN_FINISHED", "gateway.end"]
    assert messages[-2]["outcome"] == {"type": "cancelled"}
    assert (messages[-1]["reason"], code, reason) == ("draining", 1001, "UNAVAILABLE")


async def test_a_fault_of_ours_is_told_without_its_text() -> None:
    conversations = ScriptedConversations(lambda _: [RuntimeError("/secret/path")])
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, START, asking("one"))
        messages, code, reason = await closed(client)
    assert (code, reason) == (1011, "INTERNAL_ERROR")
    assert "secret" not in str(messages)
    assert kinds(messages)[-1] == "gateway.end"


async def test_a_session_in_which_nothing_is_asked_is_closed() -> None:
    async with serving(setting=Setting(idle_seconds=0.05)) as site, site.connect() as client:
        await tell(client, START)
        messages, code, reason = await closed(client)
    assert kinds(messages)[-3:] == ["gateway.state", "gateway.error", "gateway.end"]
    assert (code, reason) == (1008, "TIMED_OUT")


async def test_a_turn_that_begins_while_the_one_before_closes_is_the_one_that_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_close = asyncio.Event()

    class SlowToClose(ScriptedTurn):
        """Frees its session before it is closed, as a turn whose model is slow to stop does."""

        @override
        async def aclose(self) -> None:
            await super().aclose()
            await may_close.wait()

    monkeypatch.setattr(scripted, "ScriptedTurn", SlowToClose)
    conversations = ScriptedConversations(
        lambda _: [ToolStarted("m", "c", "paint"), ToolRequested("c"), TurnEnded()]
    )
    key = SessionKey("caller", "s")
    async with serving(conversations) as site, site.connect() as client:
        await tell(client, START, asking("one"))
        await told_until(client, "TOOL_CALL_END")
        async with asyncio.timeout(5):
            await conversations.freed.wait()
        conversations.gate = asyncio.Event()  # from now on turns wait for the result of their call
        await tell(client, asking("two"), {"type": "playback"})
        await told_until(client, "gateway.error")  # of the last one: the others are taken
        second = conversations.busy.pop(key)
        await tell(client, asking("three"))
        assert (await told_until(client, "gateway.error"))[-1]["code"] == "SESSION_BUSY"
        may_close.set()
        await told_until(client, "RUN_FINISHED")
        await told_until(client, "TOOL_CALL_END")
        await tell(client, {"type": "tool.result", "toolCallId": "c", "content": "red"})
        await told_until(client, "RUN_FINISHED")
    assert isinstance(second, ScriptedTurn)
    assert second.results == [ToolResult("c", (Text("red"),))]
    assert len(conversations.begun) == 2


async def test_a_picture_that_is_too_large_is_refused_and_the_session_goes_on() -> None:
    setting = Setting(max_image_bytes=1)
    async with serving(setting=setting) as site, site.connect() as client:
        await tell(client, START, IMAGE)
        refused = (await told_until(client, "gateway.error"))[-1]
        await tell(client, asking("one"))
        await told_until(client, "RUN_FINISHED")
    assert refused["code"] == "PAYLOAD_TOO_LARGE"
    assert "larger than 1 bytes" in refused["error"]
    [(_, said, _)] = site.conversations.begun
    assert said.content == (Text("one"),)
