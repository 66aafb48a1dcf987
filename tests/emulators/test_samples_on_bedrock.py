"""Clients of AWS's samples on a gateway whose voice is Nova Sonic, with the emulated service."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect

from tests.conformance.samples import (
    CONFIG,
    SONIC_MICROPHONE,
    SONIC_START,
    bare,
    name_of,
    names_of,
    sonic_audio,
    sonic_words,
    strands_audio,
    strands_words,
)
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, ToolCall, Turn
from tests.server_process import ROOT, free_port, stop, wait_until_healthy

pytestmark = pytest.mark.slow

_SECONDS = 30
SPEECH = tone(440, 0.5, 16000)
SILENCE = bytes(16000 * 2)


class Gateway(Struct):
    """A gateway on the emulated service."""

    url: str
    aws: AwsEmulator


class Sample(Struct, frozen=True):
    """A client of one sample."""

    start: list[Any]
    wrap: Callable[[str], Any]
    sound: Callable[[Any], str | None]
    words: Callable[[list[Any], str], str]
    roles: tuple[str, str]
    ended: Callable[[Any], bool]
    interrupted: Callable[[Any], bool]


def _body(message: Any, name: str) -> Any:
    return message.get("event", {}).get(name, {})


SAMPLES = {
    "strands": Sample(
        start=[CONFIG | {"output_sample_rate": 24_000}],
        wrap=strands_audio,
        sound=lambda m: m.get("audio"),
        words=strands_words,
        roles=("user", "assistant"),
        ended=lambda m: m["type"] == "bidi_response_complete",
        interrupted=lambda m: m["type"] == "bidi_interruption",
    ),
    "sonic": Sample(
        start=[bare(event) for event in [*SONIC_START, SONIC_MICROPHONE]],
        wrap=sonic_audio,
        sound=lambda m: _body(m, "audioOutput").get("content"),
        words=sonic_words,
        roles=("USER", "ASSISTANT"),
        ended=lambda m: (
            _body(m, "contentEnd").get("stopReason") == "END_TURN"
            and _body(m, "contentEnd")["type"] == "TEXT"
        ),
        interrupted=lambda m: "interrupted" in str(_body(m, "textOutput").get("content")),
    ),
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    log = tmp_path_factory.mktemp("gateway") / "log"
    with AwsEmulator() as aws, log.open("wb") as output:
        port = free_port()
        settings = {"GATEWAY_PORT": str(port), "GATEWAY_VOICE_MODEL": "bedrock"}
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=ROOT,
            env=clean(os.environ) | aws.environment() | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
            yield Gateway(f"ws://127.0.0.1:{port}/ws", aws)
        finally:
            stop(process)
        assert aws.sonic.violations == []
    assert "Traceback" not in log.read_text(errors="replace")


@asynccontextmanager
async def talking(gateway: Gateway, sample: Sample) -> AsyncIterator[ClientConnection]:
    async with asyncio.timeout(_SECONDS), connect(gateway.url) as socket:
        for message in sample.start:
            await socket.send(json.dumps(message))
        yield socket


async def speak(socket: ClientConnection, sample: Sample, pcm: bytes) -> None:
    for start in range(0, len(pcm), 3200):
        piece = base64.b64encode(pcm[start : start + 3200]).decode()
        await socket.send(json.dumps(sample.wrap(piece)))


async def until(socket: ClientConnection, found: Callable[[Any], object]) -> list[Any]:
    messages = [json.loads(await socket.recv())]
    while not found(messages[-1]):
        messages.append(json.loads(await socket.recv()))
    return messages


def sound_of(sample: Sample, messages: list[Any]) -> bytes:
    pieces = [sample.sound(message) for message in messages]
    return b"".join(base64.b64decode(piece, validate=True) for piece in pieces if piece)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
async def test_speech_is_answered_with_the_sound_of_nova_sonic(
    gateway: Gateway, sample: Sample
) -> None:
    turn = Turn(
        heard="Six times seven?",
        tools=(ToolCall("calculator", {"expression": "6*7"}),),
        say=lambda results: (f"It is {results[0]['text']}.",),
        seconds=0.4,
    )
    gateway.aws.sonic.scripts.add(Session(turns=(turn,)))
    async with talking(gateway, sample) as socket:
        await speak(socket, sample, SPEECH + SILENCE)
        messages = await until(socket, sample.ended)
    user, assistant = sample.roles
    assert sample.words(messages, user) == "Six times seven?"
    assert sample.words(messages, assistant) == "It is 42."
    assert sound_of(sample, messages) == tone(440, 0.4, 24000)
    assert {"tool_use_stream", "toolUse"} & set(names_of(messages))
    [session] = await asyncio.to_thread(gateway.aws.sonic.ended, 1)
    gateway.aws.sonic.sessions.take()
    [prompt] = session.bodies("promptStart")
    assert prompt["audioOutputConfiguration"]["voiceId"] == "tiffany"
    # The tools and the persona are the gateway's, whatever the sample sends.
    assert "calculator" in str(prompt["toolConfiguration"])
    assert "Answer everything with: no." not in str(session.bodies("textInput"))
    assert bytes(session.pcm_in) == SPEECH + SILENCE


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
async def test_cutting_in_is_told_before_anything_else_is_heard(
    gateway: Gateway, sample: Sample
) -> None:
    monologue = Turn(say=("Once upon a time.",), seconds=60, pause_seconds=0.02)
    gateway.aws.sonic.scripts.add(Session(turns=(monologue, Turn(say=("Yes?",)))))
    async with talking(gateway, sample) as socket:
        await speak(socket, sample, SPEECH + SILENCE)
        await until(socket, sample.sound)
        await speak(socket, sample, SPEECH)
        await until(socket, sample.interrupted)
        await speak(socket, sample, SILENCE)
        rest = await until(socket, sample.sound)
    names = [name_of(message) for message in rest[:-1]]
    assert "bidi_response_complete" in names or "contentEnd" in names
    assert sample.words(rest, sample.roles[0]) == "hello there"
    gateway.aws.sonic.sessions.take()
