"""The native dialect with sound, over a real socket."""

import asyncio
from typing import Any

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import InvalidInput, ModelFailed
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    TextDelta,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import AudioChunk, LiveOptions, Text
from protocols.websocket.connections import Connections
from protocols.websocket.options import WebSocketOptions
from tests.protocols.ordering import check_order, without_gateway
from tests.protocols.scripted import ScriptedConversations, ScriptedLive
from tests.protocols.websocket.serving import (
    WAIT_SECONDS,
    Setting,
    closed,
    kinds,
    serving,
    tell,
    told,
    told_until,
    until_freed,
)

START = {"type": "session.start"}
STOP = {"type": "session.stop"}
TENTH = b"\1\0" * 2400


async def until_said(live: ScriptedLive) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        await live.heard.wait()
    live.heard.clear()


async def test_a_session_is_opened_with_what_its_start_says_and_ended_by_its_stop() -> None:
    start = START | {
        "sessionId": "mine",
        "voice": "v",
        "language": "fr-FR",
        "inputSampleRate": 8000,
        "outputSampleRate": 48000,
        "context": [{"description": "user", "value": "Ada"}],
        "state": {"page": 2},
    }
    async with serving() as site, site.connect() as client:
        await tell(client, start)
        greeting = await told(client)
        assert len(greeting.pop("resumeToken")) >= 32
        assert greeting == {
            "type": "gateway.session",
            "sessionId": "mine",
            "model": "scripted",
            "inputSampleRate": 8000,
            "outputSampleRate": 48000,
            "seq": 1,
        }
        await tell(client, STOP)
        messages, code, reason = await closed(client)
        await until_freed(site.conversations)
    assert (code, reason) == (1000, "")
    assert messages[-1] == {"type": "gateway.end", "reason": "stopped", "seq": 3}
    options = LiveOptions(
        voice="v",
        language="fr-FR",
        instructions=("user: Ada", 'State of the application: {"page":2}'),
        state={"page": 2},
    )
    assert site.conversations.opened == [(SessionKey("caller", "mine"), options, "ws")]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"\1\0" * 160, AudioChunk(b"\1\0" * 160)),
        ('{"type":"input.text","text":"hello"}', Text("hello")),
        ('{"type":"input.audio","data":"AQA="}', AudioChunk(b"\1\0")),
    ],
)
async def test_an_input_opens_the_session_by_itself(first: str | bytes, said: object) -> None:
    async with serving() as site, site.connect() as client:
        await client.send(first)
        await told_until(client, "gateway.session")
        await until_said(site.conversations.live)
    assert site.conversations.live.said == [said]


async def test_reflected_and_idle_messages_open_nothing() -> None:
    async with serving() as site, site.connect(subprotocols=["gateway.v1"]) as client:
        await tell(
            client,
            {"type": "gateway.session"},
            {"type": "response.cancel"},
            {"type": "playback", "playedMs": 1},
            {"type": "RUN_STARTED"},
            STOP,
        )
        assert await closed(client) == (
            [{"type": "gateway.end", "reason": "stopped", "seq": 1}],
            1000,
            "",
        )
    assert site.conversations.opened == []


async def test_a_spoken_turn_comes_as_events_and_sound() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START)
        site.conversations.live.push(
            TurnStarted("t"), AudioDelta("m", TENTH * 2), TextDelta("m", "hi"), TurnEnded(), None
        )
        messages, code, _ = await closed(client)
    assert code == 1000
    assert [kind for kind in kinds(messages) if kind != "gateway.state"] == [
        "gateway.session",
        "RUN_STARTED",
        "gateway.audio.start",
        "sound",
        "gateway.latency",
        "sound",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "gateway.audio.stop",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
        "gateway.end",
    ]
    check_order(without_gateway([m for m in messages if isinstance(m, dict)]))


async def test_the_voice_is_ahead_of_its_listener_by_at_most_400_milliseconds() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START)
        site.conversations.live.push(TurnStarted("t"), AudioDelta("m", TENTH * 100))
        sound = 0
        while sound < len(TENTH) * 3:
            message = await told(client)
            sound += len(message) if isinstance(message, bytes) else 0
        # Up to a second was sent without a report; now it is 400 ms more than was heard.
        await tell(client, {"type": "playback", "messageId": "m", "playedMs": 1000})
        while sound < len(TENTH) * 14:
            message = await told(client)
            sound += len(message) if isinstance(message, bytes) else 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.recv()
    assert sound == len(TENTH) * 14


async def test_frames_of_sound_are_below_32_kilobytes() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START | {"outputSampleRate": 48000})
        site.conversations.live.push(TurnStarted("t"), AudioDelta("m", TENTH * 20), TurnEnded())
        messages = await told_until(client, "RUN_FINISHED")
    sound = [m for m in messages if isinstance(m, bytes)]
    assert max(len(frame) for frame in sound) <= 32 * 1024
    assert abs(len(b"".join(sound)) // 2 - 48000 * 2) <= 1


async def test_nothing_of_a_message_follows_its_flush() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START)
        live = site.conversations.live
        live.push(TurnStarted("t"), AudioDelta("m", TENTH * 50), TurnEnded())
        await told_until(client, "gateway.audio.start")
        live.push(BargeIn(), AudioDelta("m", TENTH), None)
        messages, _, _ = await closed(client)
    flush = kinds(messages).index("gateway.audio.flush")
    assert messages[flush]["messageId"] == "m"
    assert messages[flush]["reason"] == "barge_in"
    assert "sound" not in kinds(messages[flush:])
    finished = next(m for m in messages[flush:] if m["type"] == "RUN_FINISHED")
    assert finished["outcome"] == {"type": "cancelled"}


async def test_a_cancel_stops_the_voice() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START)
        site.conversations.live.push(TurnStarted("t"), AudioDelta("m", TENTH * 50))
        await told_until(client, "gateway.audio.start")
        await tell(client, {"type": "response.cancel"})
        flush = (await told_until(client, "gateway.audio.flush"))[-1]
        assert flush["reason"] == "cancelled"
        async with asyncio.timeout(WAIT_SECONDS):
            await site.conversations.live.cancelled.wait()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "VALIDATION_ERROR"),
        ("7", "VALIDATION_ERROR"),
        ('{"type":"hello"}', "VALIDATION_ERROR"),
        ('{"type":"input.audio","data":"%%%"}', "VALIDATION_ERROR"),
        (b"odd", "VALIDATION_ERROR"),
        ('{"type":"session.start"}', "VALIDATION_ERROR"),
        ('{"type":"tool.result","toolCallId":"c"}', "NOT_FOUND"),
    ],
)
async def test_a_wrong_message_is_told_and_the_session_goes_on(
    frame: str | bytes, code: str
) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START)
        await told_until(client, "gateway.state")
        await client.send(frame)
        assert (await told(client))["code"] == code
        await tell(client, {"type": "input.text", "text": "still there"})
        await until_said(site.conversations.live)
    assert site.conversations.live.said == [Text("still there")]


async def test_what_the_model_cannot_take_is_told() -> None:
    async with serving() as site, site.connect() as client:
        site.conversations.live.refuses = InvalidInput("No images. Describe it in words.")
        await tell(client, START)
        await told_until(client, "gateway.state")
        await tell(client, {"type": "input.image", "mimeType": "image/png", "data": "aGk="})
        assert (await told(client))["error"] == "No images. Describe it in words."


@pytest.mark.parametrize(
    "member",
    [
        {"audio": False, "resumeToken": "r"},
        {"resumeToken": "r"},
        {"lastSeq": 3},
        {"sessionId": "x" * 300},
    ],
)
async def test_what_is_not_served_is_refused_and_never_ignored(member: dict[str, Any]) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START | member)
        assert (await told(client))["type"] == "gateway.error"
        if "sessionId" not in member:
            await tell(client, START)
            assert (await told_until(client, "gateway.session"))[-1]["seq"] == 2


async def test_a_start_with_a_wrong_member_can_be_tried_again() -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START | {"inputSampleRate": 1})
        assert (await told(client))["details"][0]["path"] == "$.inputSampleRate"
        await tell(client, START)
        await told_until(client, "gateway.session")


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (ModelFailed("The model failed. Try again."), 1011, "AGENT_ERROR"),
        (RuntimeError("/secret/path"), 1011, "INTERNAL_ERROR"),
    ],
)
async def test_a_conversation_that_fails_is_told_and_closed(
    error: Exception, code: int, reason: str
) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, START)
        site.conversations.live.push(TurnStarted("t"), error)
        messages, close_code, close_reason = await closed(client)
        await until_freed(site.conversations)
    assert (close_code, close_reason) == (code, reason)
    assert [k for k in kinds(messages) if k != "gateway.state"][-3:] == [
        "RUN_ERROR",
        "gateway.error",
        "gateway.end",
    ]
    assert "secret" not in str(messages)


async def test_a_start_that_never_comes_closes() -> None:
    setting = Setting(idle_seconds=0.05, options=WebSocketOptions())
    async with serving(setting=setting) as site, site.connect() as client:
        await tell(client, {"type": "playback", "playedMs": 0})
        messages, code, reason = await closed(client)
    assert (code, reason) == (1008, "TIMED_OUT")
    assert kinds(messages) == ["gateway.error", "gateway.state", "gateway.end"]


async def test_a_server_about_to_stop_lets_the_turn_end() -> None:
    connections = Connections()
    async with serving(setting=Setting(connections=connections)) as site, site.connect() as client:
        await tell(client, START)
        site.conversations.live.push(TurnStarted("t"), TextDelta("m", "one"))
        await told_until(client, "TEXT_MESSAGE_CONTENT")
        connections.draining.set()
        await told_until(client, "gateway.draining")
        site.conversations.live.push(TextDelta("m", "two"), TurnEnded())
        messages, code, _ = await closed(client)
    assert code == 1001
    assert "RUN_FINISHED" in kinds(messages)
    assert messages[-1]["reason"] == "draining"


async def test_a_turn_that_does_not_end_before_the_server_stops_is_cut_in_order() -> None:
    connections = Connections()
    async with serving(setting=Setting(connections=connections)) as site, site.connect() as client:
        await tell(client, START)
        site.conversations.live.push(TurnStarted("t"), AudioDelta("m", 20 * TENTH))
        await told_until(client, "gateway.audio.start")
        async with asyncio.timeout(WAIT_SECONDS):
            await connections.drain(0.01)
        messages, code, reason = await closed(client)
    assert kinds(messages)[-3:] == ["gateway.audio.flush", "RUN_FINISHED", "gateway.end"]
    assert messages[-2]["outcome"] == {"type": "cancelled"}
    assert (messages[-1]["reason"], code, reason) == ("draining", 1001, "UNAVAILABLE")


async def test_conversations_end_without_leaving_tasks() -> None:
    conversations = ScriptedConversations()
    async with serving(conversations) as site:
        before = asyncio.all_tasks()
        async with site.connect() as client:
            await tell(client, START)
            await told_until(client, "gateway.state")
        await until_freed(conversations)
        left = asyncio.all_tasks() - before
        if left:
            _, running = await asyncio.wait(left, timeout=WAIT_SECONDS)
            assert not running
