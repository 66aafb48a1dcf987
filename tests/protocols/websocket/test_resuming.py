"""Clients that are cut off and come back, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar.connection import ASGIConnection
from websockets.asyncio.client import ClientConnection

from protocols.contract.errors import ModelFailed, NotFound, TimedOut
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    TextDelta,
    ToolRequested,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import AudioChunk
from protocols.live.line import LineLost
from protocols.websocket.connection import Gone
from protocols.websocket.connections import Connections
from protocols.websocket.options import WebSocketOptions
from protocols.websocket.resuming import Resumptions, TakenOver, Wire, new_token
from tests.protocols.scripted import ScriptedLive
from tests.protocols.websocket.serving import (
    WAIT_SECONDS,
    Setting,
    Site,
    closed,
    kinds,
    serving,
    tell,
    told,
    told_until,
    until_freed,
)

START = {"type": "session.start", "sessionId": "mine"}
TENTH = b"\1\0" * 2400


@asynccontextmanager
async def talking(site: Site) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    """A client that has started its session; gives what it needs to come back."""
    async with site.connect() as client:
        await tell(client, START)
        greeting = (await told_until(client, "gateway.state"))[0]
        yield client, START | {"resumeToken": greeting["resumeToken"]}


def cut(client: ClientConnection) -> None:
    """Lose the connection without a word."""
    client.transport.abort()


async def until_parked(live: ScriptedLive) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        await live.parking.wait()


def seqs(messages: list[Any]) -> list[int]:
    found = [m for m in messages if isinstance(m, dict)]
    return [m["seq"] if "seq" in m else m["metadata"]["gateway"]["seq"] for m in found]


def texts(messages: list[Any]) -> str:
    return "".join(m["delta"] for m in messages if isinstance(m, dict) and "delta" in m)


async def test_what_was_said_meanwhile_is_said_once_when_the_client_comes_back() -> None:
    async with serving() as site:
        live = site.conversations.live
        async with talking(site) as (client, back):
            live.push(TurnStarted("t"), TextDelta("m", "one "), TextDelta("m", "two "))
            seen = await told_until(client, "TEXT_MESSAGE_CONTENT")
            last_seq = seqs(seen)[-1]
            cut(client)
        await until_parked(live)
        live.push(TextDelta("m", "three"), TurnEnded())
        async with site.connect() as client:
            await tell(client, back | {"lastSeq": last_seq})
            messages = await told_until(client, "RUN_FINISHED")
            greeting = messages[0]
            assert (greeting["type"], greeting["resumed"]) == ("gateway.session", True)
            assert greeting["seq"] == last_seq
            assert texts(seen) + texts(messages) == "one two three"
            assert seqs(messages)[1:] == list(range(last_seq + 1, last_seq + len(messages)))
            await tell(client, {"type": "session.stop"})
            assert (await closed(client))[1] == 1000
        await until_freed(site.conversations)
    assert len(site.conversations.opened) == 1


async def test_the_voice_goes_on_where_it_was_heard_to() -> None:
    async with serving() as site:
        live = site.conversations.live
        async with talking(site) as (client, back):
            live.push(TurnStarted("t"), AudioDelta("m", TENTH * 20), TurnEnded())
            await told_until(client, "gateway.audio.start")
            while not isinstance(message := await told(client), bytes):
                last_seq = seqs([message])[0]
            await tell(client, {"type": "playback", "messageId": "m", "playedMs": 100})
            heard = await told(client)
            while not isinstance(heard, bytes):
                last_seq = seqs([heard])[0]
                heard = await told(client)
            cut(client)
        await until_parked(live)
        async with site.connect() as client:
            await tell(client, back | {"lastSeq": last_seq})
            messages = await told_until(client, "RUN_FINISHED")
    again = next(m for m in messages if kinds([m]) == ["gateway.audio.start"])
    assert 0 < again["fromMs"] <= 1100  # never more than was sent, and never from the start
    sound = b"".join(m for m in messages if isinstance(m, bytes))
    assert again["fromMs"] / 1000 + len(sound) / 48_000 == pytest.approx(2.0, abs=0.002)
    assert messages[-1]["outcome"] == {"type": "success"}


async def test_a_new_connection_takes_over_from_one_that_is_still_open() -> None:
    async with serving() as site, talking(site) as (old, back), site.connect() as new:
        await tell(new, back | {"lastSeq": 2})
        assert (await told(new))["resumed"] is True
        assert (await closed(old))[1:] == (1000, "TAKEN_OVER")
        site.conversations.live.push(TurnStarted("t"), TextDelta("m", "here"))
        assert texts(await told_until(new, "TEXT_MESSAGE_CONTENT")) == "here"


async def test_a_tool_call_outlives_the_connection_it_was_shown_on() -> None:
    async with serving() as site:
        live = site.conversations.live
        live.calls.add("c")
        async with talking(site) as (client, back):
            live.push(TurnStarted("t"), ToolStarted("m", "c", "paint", client=True))
            live.push(ToolRequested("c"))
            last_seq = seqs(await told_until(client, "TOOL_CALL_START"))[-1]
            cut(client)
        await until_parked(live)
        async with site.connect() as client:
            await tell(client, back | {"lastSeq": last_seq})
            await told_until(client, "TOOL_CALL_END")
            await tell(client, {"type": "tool.result", "toolCallId": "c", "content": {"ok": True}})
            async with asyncio.timeout(WAIT_SECONDS):
                await live.heard.wait()
    assert [result.tool_call_id for result in live.results] == ["c"]


async def test_a_barge_in_while_nobody_is_there_is_told_to_who_comes_back() -> None:
    async with serving() as site:
        live = site.conversations.live
        async with talking(site) as (client, back):
            live.push(TurnStarted("t"), AudioDelta("m", TENTH * 20))
            last_seq = seqs(await told_until(client, "gateway.audio.start"))[-1]
            cut(client)
        await until_parked(live)
        live.push(BargeIn(), TurnEnded("cancelled"))
        async with site.connect() as client:
            await tell(client, back | {"lastSeq": last_seq})
            messages = await told_until(client, "RUN_FINISHED")
    assert "gateway.audio.flush" in kinds(messages)
    assert "sound" not in kinds(messages[kinds(messages).index("gateway.audio.flush") :])
    [[heard]] = live.cuts
    assert heard.message_id == "m"


async def test_what_is_not_kept_any_more_is_told_and_the_run_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("protocols.live.journal.MOST_DOCUMENTS", 3)
    async with serving() as site:
        live = site.conversations.live
        async with talking(site) as (client, back):
            live.push(TurnStarted("t"), *(TextDelta("m", f"{n} ") for n in range(9)))
            last_seq = seqs(await told_until(client, "RUN_STARTED"))[-1]
            while "8" not in texts([await told(client)]):
                pass
            cut(client)
        await until_parked(live)
        async with site.connect() as client:
            await tell(client, back | {"lastSeq": last_seq})
            greeting, error, run = [await told(client) for _ in range(3)]
            async with asyncio.timeout(WAIT_SECONDS):
                await live.cancelled.wait()
            live.push(TurnEnded("cancelled"))
            ended = (await told_until(client, "RUN_FINISHED"))[-1]
    assert greeting["resumed"] is False
    assert (error["type"], error["code"]) == ("gateway.error", "NOT_FOUND")
    assert (run["type"], run["runId"]) == ("RUN_STARTED", "t")
    assert ended["outcome"] == {"type": "cancelled"}


async def test_the_model_hears_silence_while_the_client_is_away() -> None:
    async with serving() as site:
        live = site.conversations.live
        async with talking(site) as (client, _):
            await client.send(b"\5\0" * 1600)
            async with asyncio.timeout(WAIT_SECONDS):
                await live.heard.wait()
            live.heard.clear()
            cut(client)
        await until_parked(live)
        async with asyncio.timeout(WAIT_SECONDS):
            await live.heard.wait()
    assert live.said[-1] == AudioChunk(bytes(3200))


@pytest.mark.parametrize(
    "member",
    [
        {"resumeToken": "guessed"},
        {"sessionId": "another"},
        {"lastSeq": 1000},
        {"lastSeq": -1},
    ],
)
async def test_who_does_not_know_token_session_and_number_is_refused(
    member: dict[str, Any],
) -> None:
    async with serving() as site:
        async with talking(site) as (client, back):
            cut(client)
        await until_parked(site.conversations.live)
        async with site.connect() as client:
            await tell(client, back | member)
            assert (await told(client))["type"] == "gateway.error"
            await tell(client, back | {"lastSeq": 1})
            assert (await told(client))["resumed"] is True


async def test_a_token_is_good_for_its_caller_only() -> None:
    def caller_of(connection: ASGIConnection) -> str:
        return connection.query_params.get("who", "ada")

    async with serving(setting=Setting(caller_of=caller_of)) as site:
        async with talking(site) as (client, back):
            cut(client)
        async with site.connect("?who=eve") as client:
            await tell(client, back)
            assert (await told(client))["code"] == "NOT_FOUND"


async def test_who_does_not_come_back_in_time_finds_nothing() -> None:
    setting = Setting(options=WebSocketOptions(resume_seconds=0.05))
    async with serving(setting=setting) as site:
        async with talking(site) as (client, back):
            cut(client)
        await until_freed(site.conversations)
        async with site.connect() as client:
            await tell(client, back | {"lastSeq": 1})
            assert (await told(client))["code"] == "NOT_FOUND"


async def test_a_client_that_hangs_up_is_not_waited_for() -> None:
    async with serving() as site:
        async with talking(site) as (client, _):
            await client.close(1001)
        await until_freed(site.conversations)
    assert not site.conversations.live.parked


async def test_without_a_time_to_wait_there_is_no_token() -> None:
    setting = Setting(options=WebSocketOptions(resume_seconds=0))
    async with serving(setting=setting) as site, site.connect() as client:
        await tell(client, START)
        assert "resumeToken" not in await told(client)
        cut(client)
        await until_freed(site.conversations)


async def test_a_conversation_that_fails_while_its_client_is_away_is_over() -> None:
    async with serving() as site:
        async with talking(site) as (client, back):
            cut(client)
        await until_parked(site.conversations.live)
        site.conversations.live.push(ModelFailed("The model failed. Try again."))
        await until_freed(site.conversations)
        async with site.connect() as client:
            await tell(client, back)
            assert (await told(client))["code"] == "NOT_FOUND"


async def test_a_server_that_stops_does_not_wait_for_clients_that_are_away() -> None:
    connections = Connections()
    async with serving(setting=Setting(connections=connections)) as site:
        async with talking(site) as (client, _):
            cut(client)
        await until_parked(site.conversations.live)
        async with asyncio.timeout(WAIT_SECONDS):
            await connections.drain(WAIT_SECONDS)
        assert site.conversations.busy == {}


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 32


def test_an_unknown_token_finds_nothing() -> None:
    with pytest.raises(NotFound, match=r"Send session\.start without resumeToken"):
        Resumptions().find("t", "caller", None)


class Stuck:
    """A connection that takes nothing, until it is told how to end."""

    def __init__(self) -> None:
        self.taking = asyncio.Event()
        self.end: Exception | None = None
        self.sent: list[Any] = []

    async def receive(self) -> str:
        raise NotImplementedError

    async def say(self, document: dict[str, Any]) -> None:
        await self._send(document)

    async def play(self, pcm: bytes) -> None:
        await self._send(pcm)

    async def drop(self) -> None:
        await self._send("drop")

    def give_up(self) -> None:
        self.end = Gone()
        self.taking.set()

    async def _send(self, item: Any) -> None:
        await self.taking.wait()
        if self.end is not None:
            raise self.end
        self.sent.append(item)


async def test_a_connection_that_is_taken_over_is_given_up_in_the_middle_of_a_send() -> None:
    wire = Wire(Stuck())
    sending = asyncio.create_task(wire.say({"type": "gateway.state"}))
    await asyncio.sleep(0)
    async with asyncio.timeout(WAIT_SECONDS):
        wire.abandon()
        with pytest.raises(LineLost):
            await sending
        with pytest.raises(TakenOver):
            await wire.lost()
        with pytest.raises(LineLost):
            await wire.play(b"")
    assert wire.is_lost


@pytest.mark.parametrize("end", [Gone(), TimedOut("It takes nothing.")])
async def test_a_connection_that_ends_is_lost_with_its_reason(
    end: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocols.websocket.resuming._READ_ON_SECONDS", 0.0)
    connection = Stuck()
    connection.end = end
    connection.taking.set()
    wire = Wire(connection)
    with pytest.raises(LineLost):
        await wire.say({})
    with pytest.raises(type(end)):
        await wire.lost()


async def test_what_a_connection_takes_is_sent_in_order() -> None:
    connection = Stuck()
    connection.taking.set()
    wire = Wire(connection)
    await wire.say({"type": "a"})
    await wire.play(b"\1\0")
    await wire.drop()
    assert (connection.sent, wire.is_lost) == ([{"type": "a"}, b"\1\0", "drop"], False)


async def test_a_fault_of_ours_while_nobody_is_there_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[str] = []
    monkeypatch.setattr("protocols.websocket.resuming._log.exception", logged.append)
    async with serving() as site:
        async with talking(site) as (client, _):
            cut(client)
        await until_parked(site.conversations.live)
        site.conversations.live.push(RuntimeError("ours"))
        await until_freed(site.conversations)
    assert logged == ["a conversation that waited for its client failed"]
