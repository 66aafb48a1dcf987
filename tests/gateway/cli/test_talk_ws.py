import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from gateway.cli import listening
from gateway.cli.address import Address, parse_address
from gateway.cli.answer import Question
from gateway.cli.call import Call
from gateway.cli.client import SESSION_HEADER
from gateway.cli.failures import CommandFailed
from gateway.cli.listening import ToolUse
from gateway.cli.talk_ws import ask
from tests.gateway.cli.scripted_gateway import BOUND_SECONDS, nobody

FRAME = 640
QUESTION = Question(b"\1\0" * 960, 16_000, 0.04, b"")  # 60 ms, of which 40 ms are speech
LOUD = b"\x00\x20" * 480  # 20 ms at 24 kHz

type Talk = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MORE_SPEECH_SECONDS", 0.05)
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 0.2)


@asynccontextmanager
async def gateway(talk: Talk, refuse: Response | None = None) -> AsyncIterator[Address]:
    def process(_: ServerConnection, __: Request) -> Response | None:
        return refuse

    async with serve(talk, "127.0.0.1", 0, process_request=process) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with asyncio.timeout(BOUND_SECONDS):
            yield parse_address(f"http://127.0.0.1:{port}")


async def say(socket: ServerConnection, *events: dict[str, Any]) -> None:
    for event in events:
        await socket.send(json.dumps(event))


SESSION = {"type": "gateway.session", "sessionId": "s", "model": "offline", "seq": 1}
RUN = {"type": "RUN_STARTED", "threadId": "s", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "s", "runId": "r"}


def words(message_id: str, role: str, text: str) -> list[dict[str, Any]]:
    return [
        {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": role},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": text},
        {"type": "TEXT_MESSAGE_END", "messageId": message_id},
    ]


TURN: list[dict[str, Any]] = [
    {"type": "gateway.speech", "state": "started"},
    {"type": "gateway.speech", "state": "stopped"},
    RUN,
    *words("u", "user", "What is 42 times 17?"),
    {"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "calculator"},
    {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": '{"expression":"42*17"}'},
    {"type": "TOOL_CALL_END", "toolCallId": "c"},
    {"type": "TOOL_CALL_RESULT", "messageId": "m", "toolCallId": "c", "content": "714"},
    {"type": "gateway.audio.start", "messageId": "a"},
    *words("a", "assistant", "It is 714."),
]


class Answering:
    """Answers one question, once it was said; ends the run when 100 ms were heard."""

    def __init__(self) -> None:
        self.session = ""
        self.messages: list[dict[str, Any]] = []
        self.frames: list[bytes] = []

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.session = socket.request.headers[SESSION_HEADER]
        self.messages.append(json.loads(await socket.recv()))
        await say(socket, SESSION)
        while not self.frames or any(self.frames[-1]):
            self.frames.append(await socket.recv(decode=False))
        await say(socket, *TURN)
        await socket.send(LOUD * 5)
        is_heard = False
        async for message in socket:
            if isinstance(message, str):
                self.messages.append(json.loads(message))
            if self.messages[-1].get("playedMs") == 100 and not is_heard:
                is_heard = True
                latency = {"type": "gateway.latency", "runId": "r", "userStopToAudioMs": 12}
                await say(socket, {"type": "gateway.audio.stop", "messageId": "a"}, latency)
                await say(socket, FINISHED)


async def test_a_question_is_said_in_the_native_dialect() -> None:
    answering = Answering()
    async with gateway(answering) as address:
        await ask(QUESTION, address, "s")
    opening, *reports, farewell = answering.messages
    assert answering.session == "s"
    assert opening == {
        "type": "session.start",
        "sessionId": "s",
        "inputSampleRate": 16_000,
        "outputSampleRate": 24_000,
    }
    assert answering.frames == [b"\1\0" * 320] * 3 + [bytes(FRAME)]
    assert {(report["type"], report["messageId"]) for report in reports} == {("playback", "a")}
    assert farewell == {"type": "session.stop"}


async def test_the_answer_is_heard_with_its_transcripts_tools_and_latencies() -> None:
    async with gateway(Answering()) as address:
        answer = await ask(QUESTION, address, "s")
    assert (answer.session_id, answer.model) == ("s", "offline")
    assert (answer.question, answer.reply) == ("What is 42 times 17?", "It is 714.")
    assert answer.tool_uses == (ToolUse("calculator", '{"expression":"42*17"}', "-> 714"),)
    assert (answer.pcm, answer.sample_rate) == (LOUD * 5, 24_000)
    assert answer.figures == (("userStopToAudioMs", 12.0),)
    assert [name for name, _ in answer.latencies] == [
        "connected",
        "session open",
        "first audio",
        "user stop to first audio",
        "end to end",
    ]


async def test_what_is_flushed_is_not_recorded() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await say(socket, SESSION, RUN, {"type": "gateway.audio.start", "messageId": "a"})
        await socket.send(LOUD * 500)
        await say(
            socket,
            *words("a", "assistant", "One two"),
            {"type": "gateway.audio.flush", "messageId": "a", "reason": "barge-in"},
            FINISHED,
        )
        async for _ in socket:
            pass

    async with gateway(talk) as address:
        answer = await ask(QUESTION, address, "s")
    assert len(answer.pcm) < len(LOUD) * 100


async def test_when_nothing_is_understood_there_is_no_answer() -> None:
    async def talk(socket: ServerConnection) -> None:
        await say(socket, SESSION)
        async for _ in socket:
            pass

    async with gateway(talk) as address:
        with pytest.raises(CommandFailed, match=r"^no answer \(nothing was understood\)$"):
            await ask(QUESTION, address, "s")


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        (
            [{"type": "gateway.error", "error": "Busy.", "code": "SESSION_BUSY"}],
            r"^Busy\. \(SESSION_BUSY\)$",
        ),
        (
            [SESSION, RUN, {"type": "RUN_ERROR", "message": "Broken.", "code": "AGENT_ERROR"}],
            r"^Broken\. \(AGENT_ERROR\)$",
        ),
        ([SESSION, {"type": "gateway.end", "reason": "idle"}], "ended the call: idle"),
        ([], "closed the connection: 1008 SESSION_BUSY"),
        ([SESSION], "closed the connection: 1008 SESSION_BUSY"),
        ([SESSION, {"type": "RUN_ERROR"}], r"not AG-UI 1\.0"),
    ],
)
async def test_a_failure_of_the_gateway_is_one_line(
    events: list[dict[str, Any]], complaint: str
) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await say(socket, *events)
        await socket.close(1008, "SESSION_BUSY")

    async with gateway(talk) as address:
        with pytest.raises(CommandFailed, match=complaint):
            await ask(QUESTION, address, "s")


async def test_a_lost_connection_is_said() -> None:
    async def talk(socket: ServerConnection) -> None:
        await say(socket, SESSION)
        socket.transport.abort()

    async with gateway(talk) as address:
        with pytest.raises(CommandFailed, match="closed the connection: without a word"):
            await ask(QUESTION, address, "s")


async def test_a_session_that_never_opens_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(socket: ServerConnection) -> None:
        async for _ in socket:
            pass

    monkeypatch.setattr(Call, "open_seconds", 0.05)
    async with gateway(talk) as address:
        with pytest.raises(CommandFailed, match="did not open a live conversation in time"):
            await ask(QUESTION, address, "s")


async def test_a_refused_handshake_is_explained() -> None:
    async def talk(_: ServerConnection) -> None:
        raise AssertionError

    body = b'{"error":"Who are you?","code":"UNAUTHORIZED"}'
    refused = Response(401, "Unauthorized", Headers(), body)
    async with gateway(talk, refused) as address:
        with pytest.raises(CommandFailed, match=r"Who are you\? \(UNAUTHORIZED, HTTP 401\)"):
            await ask(QUESTION, address, "s")


async def test_nobody_listening_is_said() -> None:
    with pytest.raises(CommandFailed, match="is the gateway running"):
        await ask(QUESTION, nobody(), "s")


async def test_a_server_that_speaks_no_http_is_said() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(CommandFailed, match="the connection to http"):
            await ask(QUESTION, parse_address(f"http://127.0.0.1:{port}"), "s")
