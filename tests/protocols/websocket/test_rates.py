"""Every vocabulary at every rate: the same pitch and length at both ends."""

import asyncio
import base64
import math
from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from msgspec import Struct
from websockets.asyncio.client import ClientConnection

from protocols.contract.events import AudioDelta, TurnEnded, TurnStarted
from protocols.contract.inputs import AudioChunk
from tests.protocols.websocket.serving import WAIT_SECONDS, Site, serving, tell, told

RATES = (8_000, 16_000, 24_000, 48_000)
MODEL_INPUT_RATE, MODEL_OUTPUT_RATE = 16_000, 24_000
USER_HERTZ, MODEL_HERTZ = 440, 600
PIECE_SECONDS = 0.1


def tone(hertz: int, rate: int) -> bytes:
    """One second of a tone."""
    samples = (round(8000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(rate))
    return array("h", samples).tobytes()


def hertz_of(pcm: bytes, rate: int) -> float:
    """How high a tone is."""
    samples = array("h", pcm)
    rising = sum(a < 0 <= b for a, b in pairwise(samples))
    return rising * rate / len(samples)


class Vocabulary(Struct, frozen=True):
    """How a client of one dialect starts, speaks, and takes sound out of a message."""

    start: Callable[[int], list[Any]]
    say: Callable[[str, int], Any]
    sound: Callable[[Any], str | None]
    ended: Callable[[Any], bool]


def sonic_start(rate: int) -> list[Any]:
    output = {"audioOutputConfiguration": {"sampleRateHertz": rate}}
    audio = {"audioInputConfiguration": {"sampleRateHertz": rate}}
    microphone = {"contentName": "c", "type": "AUDIO", "role": "USER"} | audio
    events: list[dict[str, Any]] = [
        {"sessionStart": {}},
        {"promptStart": output},
        {"contentStart": microphone},
    ]
    return [{"event": event} for event in events]


def native_start(rate: int) -> list[Any]:
    return [{"type": "session.start", "inputSampleRate": rate, "outputSampleRate": rate}]


VOCABULARIES = {
    "native": Vocabulary(
        start=native_start,
        say=lambda sound, _: {"type": "input.audio", "data": sound},
        sound=lambda _: None,
        ended=lambda m: m["type"] == "RUN_FINISHED",
    ),
    "binary": Vocabulary(
        start=native_start,
        say=lambda sound, _: base64.b64decode(sound),
        sound=lambda _: None,
        ended=lambda m: m["type"] == "RUN_FINISHED",
    ),
    "strands": Vocabulary(
        start=lambda rate: [
            {"type": "config", "input_sample_rate": rate, "output_sample_rate": rate}
        ],
        say=lambda sound, rate: {"type": "bidi_audio_input", "audio": sound, "sample_rate": rate},
        sound=lambda m: m.get("audio"),
        ended=lambda m: m["type"] == "bidi_response_complete",
    ),
    "sonic": Vocabulary(
        start=sonic_start,
        say=lambda sound, _: {"event": {"audioInput": {"contentName": "c", "content": sound}}},
        sound=lambda m: m["event"].get("audioOutput", {}).get("content"),
        ended=lambda m: m["event"].get("contentEnd", {}).get("type") == "AUDIO",
    ),
}


async def speak(client: ClientConnection, vocabulary: Vocabulary, rate: int) -> None:
    pcm = tone(USER_HERTZ, rate)
    step = round(rate * PIECE_SECONDS) * 2
    for start in range(0, len(pcm), step):
        message = vocabulary.say(base64.b64encode(pcm[start : start + step]).decode(), rate)
        if isinstance(message, bytes):
            await client.send(message)
        else:
            await tell(client, message)


async def heard(site: Site) -> bytes:
    """What the model hears; a filter keeps the last of it back."""
    live = site.conversations.live
    async with asyncio.timeout(WAIT_SECONDS):
        while len(pcm := _sound_of(live.said)) < MODEL_INPUT_RATE * 2 * 0.98:
            live.heard.clear()
            await live.heard.wait()
    return pcm


def _sound_of(said: list[Any]) -> bytes:
    return b"".join(item.pcm for item in said if isinstance(item, AudioChunk))


async def listen(client: ClientConnection, vocabulary: Vocabulary) -> bytes:
    pcm = b""
    while True:
        message = await told(client)
        if isinstance(message, bytes):
            pcm += message
        elif vocabulary.ended(message):
            return pcm
        elif (sound := vocabulary.sound(message)) is not None:
            pcm += base64.b64decode(sound, validate=True)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("vocabulary", VOCABULARIES.values(), ids=VOCABULARIES)
async def test_sound_keeps_its_pitch_and_length(vocabulary: Vocabulary, rate: int) -> None:
    async with serving() as site, site.connect() as client:
        await tell(client, *vocabulary.start(rate))
        await speak(client, vocabulary, rate)
        question = await heard(site)
        speech = AudioDelta("a", tone(MODEL_HERTZ, MODEL_OUTPUT_RATE))
        site.conversations.live.push(TurnStarted("r"), speech, TurnEnded())
        answer = await listen(client, vocabulary)
    assert len(question) == pytest.approx(MODEL_INPUT_RATE * 2, rel=0.02)
    assert hertz_of(question, MODEL_INPUT_RATE) == pytest.approx(USER_HERTZ, rel=0.02)
    assert len(answer) == pytest.approx(rate * 2, rel=0.005)
    assert hertz_of(answer, rate) == pytest.approx(MODEL_HERTZ, rel=0.02)
