"""A gateway whose models are Bedrock's, over HTTP and the WebSocket, with the emulated service."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.emulators.bedrock_gateway import Gateway, gateway_on
from tests.emulators.converse.scripts import Reasoning, Reply, Text, says
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    DENIED,
    THROTTLED,
    TOO_LONG,
    Break,
    Refusal,
    StreamException,
)
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, ToolCall, Turn

pytestmark = pytest.mark.slow

_SECONDS = 20
SPEECH = tone(440, 0.5, 16000)
SILENCE = bytes(16000 * 2)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One process for all tests: its imports take seconds."""
    log = tmp_path_factory.mktemp("gateway") / "log"
    with AwsEmulator() as aws, gateway_on(aws, log) as gateway:
        yield gateway


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    """The gateway, with an emulator that has seen nothing yet."""
    running.aws.converse.calls.take()
    running.aws.sonic.sessions.take()
    yield running
    assert (running.aws.converse.violations, running.aws.sonic.violations) == ([], [])
    assert (running.aws.converse.scripts.left, running.aws.sonic.scripts.left) == (0, 0)


def ask(gateway: Gateway, prompt: str, **headers: str) -> httpx.Response:
    body = {"prompt": prompt, "session_id": str(uuid4())}
    return httpx.post(f"{gateway.url}/invocations", json=body, headers=headers, timeout=_SECONDS)


def test_a_prompt_is_answered_with_the_help_of_a_tool(gateway: Gateway) -> None:
    reply = ask(gateway, 'call calculator {"expression": "6*7"}').json()
    [call] = reply["tool_calls"]
    assert (reply["response"], reply["stop_reason"]) == ("The tools answered: 42", "end_turn")
    assert (call["name"], call["input"], call["result"], call["status"]) == (
        "calculator",
        {"expression": "6*7"},
        "42",
        "success",
    )
    assert reply["usage"] == {"input_tokens": 40, "output_tokens": 20, "total_tokens": 60}
    assert [call.streaming for call in gateway.aws.converse.calls.all()] == [True, True]


def test_reasoning_and_words_are_told_apart(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(Reply((Reasoning("Let me see."), Text("Yes, indeed."))))
    stream = ask(gateway, "Is it so?", Accept="text/event-stream").text
    lines = [line for line in stream.splitlines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]

    def told(kind: str) -> str:
        return "".join(event["delta"] for event in events if event["type"] == kind)

    assert told("REASONING_MESSAGE_CONTENT") == "Let me see."
    assert told("TEXT_MESSAGE_CONTENT") == "Yes, indeed."


def test_one_refusal_for_too_many_requests_is_waited_out(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(THROTTLED)
    assert ask(gateway, "Hi").json()["response"] == "You said: Hi"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [(DENIED, 503, "NOT_CONFIGURED"), (TOO_LONG, 400, "VALIDATION_ERROR")],
    ids=lambda each: str(getattr(each, "code", each)),
)
def test_a_refusal_is_an_error_that_says_what_to_do(
    gateway: Gateway, refusal: Refusal, status: int, code: str
) -> None:
    gateway.aws.converse.scripts.add(refusal)
    reply = ask(gateway, "Hi")
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert refusal.message not in reply.text


def test_a_cut_in_the_answer_is_an_error(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(says("One two", fault=Break.TCP_CUT, fault_after=2))
    reply = ask(gateway, "Hi")
    assert (reply.status_code, reply.json()["retryable"]) == (502, True)


@asynccontextmanager
async def live(gateway: Gateway) -> AsyncIterator[ClientConnection]:
    """A conversation in the native dialect, with sound."""
    async with asyncio.timeout(_SECONDS), connect(f"{gateway.url}/ws".replace("http", "ws")) as ws:
        await ws.send(json.dumps({"type": "session.start", "sessionId": str(uuid4())}))
        yield ws


async def until(ws: ClientConnection, last: str) -> tuple[list[Mapping[str, Any]], bytes]:
    """The messages up to the first of a type, and the sound between them."""
    messages: list[Mapping[str, Any]] = []
    sound = b""
    async for frame in ws:
        if isinstance(frame, bytes):
            sound += frame
            continue
        messages.append(json.loads(frame))
        if messages[-1]["type"] == last:
            break
    return messages, sound


async def speak(ws: ClientConnection, pcm: bytes) -> None:
    for start in range(0, len(pcm), 3200):
        await ws.send(pcm[start : start + 3200])


def words(messages: list[Mapping[str, Any]]) -> str:
    pieces = [each["delta"] for each in messages if each["type"] == "TEXT_MESSAGE_CONTENT"]
    return "".join(pieces)


async def test_speech_is_answered_with_the_sound_of_nova_sonic(gateway: Gateway) -> None:
    turn = Turn(heard="Hello", say=("Good day.",), seconds=0.4)
    gateway.aws.sonic.scripts.add(Session(turns=(turn,)))
    async with live(gateway) as ws:
        await speak(ws, SPEECH + SILENCE)
        messages, sound = await until(ws, "RUN_FINISHED")
    assert (words(messages), sound) == ("HelloGood day.", tone(440, 0.4, 24000))
    [session] = await asyncio.to_thread(gateway.aws.sonic.ended, 1)
    assert (session.outcome, bytes(session.pcm_in)) == ("ended", SPEECH + SILENCE)


async def test_a_tool_is_called_in_a_spoken_turn(gateway: Gateway) -> None:
    turn = Turn(
        heard="Six times seven?",
        tools=(ToolCall("calculator", {"expression": "6*7"}),),
        say=lambda results: (f"It is {results[0]['text']}.",),
    )
    gateway.aws.sonic.scripts.add(Session(turns=(turn,)))
    async with live(gateway) as ws:
        await speak(ws, SPEECH + SILENCE)
        messages, _ = await until(ws, "RUN_FINISHED")
    assert words(messages).endswith("It is 42.")
    assert [each["content"] for each in messages if each["type"] == "TOOL_CALL_RESULT"] == ["42"]


async def test_typed_text_is_answered_by_the_voice(gateway: Gateway) -> None:
    async with live(gateway) as ws:
        await ws.send(json.dumps({"type": "input.text", "text": "Hi there"}))
        messages, sound = await until(ws, "RUN_FINISHED")
    assert words(messages).endswith("You wrote: Hi there")
    assert len(sound) == 24000


async def test_cutting_in_drops_the_rest_of_the_answer(gateway: Gateway) -> None:
    monologue = Turn(say=("Once upon a time.",), seconds=60, pause_seconds=0.02)
    gateway.aws.sonic.scripts.add(Session(turns=(monologue,)))
    async with live(gateway) as ws:
        await speak(ws, SPEECH + SILENCE)
        await until(ws, "gateway.audio.start")
        await speak(ws, SPEECH)
        messages, _ = await until(ws, "RUN_FINISHED")
    kinds = [each["type"] for each in messages]
    assert "gateway.audio.flush" in kinds
    assert messages[-1]["outcome"]["type"] == "cancelled"


async def closed(ws: ClientConnection) -> tuple[list[Any], int, str]:
    """The JSON messages up to the close, and how it was closed."""
    messages: list[Any] = []
    try:
        while True:
            messages.append(json.loads(await ws.recv()))
    except ConnectionClosed as ended:
        assert ended.rcvd is not None, "closed without a close frame"
        return messages, ended.rcvd.code, ended.rcvd.reason


@pytest.mark.promise("A14")
async def test_an_agent_that_fails_sends_run_error_and_closes(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(says("One two", fault=Break.TCP_CUT, fault_after=2))
    question = {"id": "q", "role": "user", "content": "Hi"}
    run = {"threadId": str(uuid4()), "runId": "r", "messages": [question]}
    async with asyncio.timeout(_SECONDS), connect(f"{gateway.url}/ws".replace("http", "ws")) as ws:
        await ws.send(json.dumps(run))
        messages, code, reason = await closed(ws)
    kinds = [message["type"] for message in messages]
    assert (kinds[0], kinds[-1]) == ("RUN_STARTED", "RUN_ERROR")
    assert "RUN_FINISHED" not in kinds
    assert (code, reason) == (1011, messages[-1]["code"])


FAILS = Session(turns=(Turn(fault=StreamException("modelStreamErrorException")),))
STRANDS: list[Any] = [{"type": "config", "voice": "amy"}, {"type": "text_input", "text": "Hi"}]
_TYPED = {"contentName": "c", "type": "TEXT", "role": "USER", "interactive": True}
SONIC: list[Any] = [
    {"event": {"sessionStart": {}}},
    {"event": {"promptStart": {"audioOutputConfiguration": {"voiceId": "amy"}}}},
    {"event": {"contentStart": _TYPED}},
    {"event": {"textInput": {"contentName": "c", "content": "Hi"}}},
    {"event": {"contentEnd": {"contentName": "c"}}},
]


@pytest.mark.promise("W08")
@pytest.mark.parametrize("asks", [STRANDS, SONIC], ids=["strands", "sonic"])
async def test_a_sample_is_told_that_the_model_failed(gateway: Gateway, asks: list[Any]) -> None:
    gateway.aws.sonic.scripts.add(*[FAILS] * 3)  # once or twice would be mended
    async with asyncio.timeout(_SECONDS), connect(f"{gateway.url}/ws".replace("http", "ws")) as ws:
        for ask in asks:
            await ws.send(json.dumps(ask))
        messages, code, reason = await closed(ws)
    told = [message for message in messages if message.get("type") == "error"]
    assert [message["code"] for message in told] == [reason]
    assert code == 1011
    sessions = await asyncio.to_thread(gateway.aws.sonic.ended, 3)
    prompts = [session.bodies("promptStart")[0] for session in sessions]
    assert {prompt["audioOutputConfiguration"]["voiceId"] for prompt in prompts} == {"amy"}
