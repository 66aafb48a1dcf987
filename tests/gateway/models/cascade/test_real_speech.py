"""Real engines under a real ``BidiAgent``: recordings in, spoken answers out, faster than life."""

import asyncio
import base64
import json
import os
import re
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from strands import tool
from strands.bidi import BidiAgent
from strands.bidi.types.media import AudioDelta
from strands.models import Model
from strands.types.streaming import StreamEvent

from gateway.models.cascade import CascadeModel
from gateway.models.offline.recogniser import Recogniser
from gateway.models.offline.speech import SpeechEngines
from tests.gateway.models.speech_fakes import ScriptedModel, Step

pytestmark = pytest.mark.slow

AUDIO = Path(__file__).parents[3] / "audio"
LIMIT_SECONDS = 30
CHUNK_BYTES = 640  # 20 ms, as a telephone brings it
SECOND = bytes(32_000)


class Recording(msgspec.Struct):
    file: str
    text: str
    expected_answer_words: list[str]
    answer_alternatives: list[str]


RECORDINGS = {
    recording.file: recording
    for recording in msgspec.json.decode(
        (AUDIO / "manifest.json").read_bytes(), type=list[Recording]
    )
}
SPOKEN = sorted(recording.file for recording in RECORDINGS.values() if recording.text)

# What is answered, with the expression that the tool is given.
ANSWERS: dict[str, tuple[str | None, str]] = {
    "multiply.wav": ("42 * 17", "42 times 17 is {}."),
    "subtract.wav": ("90 - 35", "The answer is {}."),
    "divide_noisy.wav": ("100 / 4", "One hundred divided by four is {}."),
    "time_paris.wav": (None, "It is 4:45 PM in Paris, Saturday, November 21, 2026."),
    "time_sydney.wav": (None, "It is 03:05 in Sydney (UTC+11:00)."),
    "name.wav": (None, "Nice to meet you, David."),
    "who_am_i.wav": (None, "I do not know your name yet."),
    "count.wav": (None, ", ".join(str(number) for number in range(1, 31)) + "."),
}


@tool
def calculator(expression: str) -> str:
    """Calculate.

    Args:
        expression: Two whole numbers and a sign.
    """
    left, sign, right = expression.split()
    result = {"*": int.__mul__, "-": int.__sub__, "/": int.__floordiv__}[sign](
        int(left), int(right)
    )
    return str(result)


class Clerk(Model):
    """Answers one question, with the tool's result if it has one."""

    def __init__(self, expression: str | None, answer: str) -> None:
        call: list[Step] = [("1", "calculator", json.dumps({"expression": expression}))]
        self._script = ScriptedModel(*([call] if expression else []), [answer])

    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    def get_config(self) -> dict[str, str]:
        return self._script.get_config()

    def structured_output(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError

    async def stream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[StreamEvent]:
        for block in messages[-1]["content"]:
            if "toolResult" in block:
                (answer,) = self._script.answers
                (text,) = answer
                self._script.answers = [
                    [str(text).format(block["toolResult"]["content"][0]["text"])]
                ]
        async for event in self._script.stream(messages, *args, **kwargs):
            yield event


class SharedRecogniser(Recogniser):
    """Outlives the engines of one test."""

    def close(self) -> None:
        """Not now."""


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Recogniser]:
    shared = SharedRecogniser()
    yield shared
    Recogniser.close(shared)


@pytest.fixture
async def engines(recogniser: Recogniser) -> AsyncIterator[SpeechEngines]:
    speech = SpeechEngines(recogniser=recogniser)
    await speech.ready()
    yield speech
    await speech.aclose()


def sound(file: str) -> bytes:
    with wave.open(str(AUDIO / file)) as recording:
        pcm: bytes = recording.readframes(recording.getnframes())
    return pcm


def plain(text: str) -> str:
    """Words without signs, as two ways of writing the same speech share them."""
    words = re.sub(r"[^a-z0-9 ]", " ", text.lower()).split()
    return " ".join(word for word in words if word != "and")


class Phone:
    """Speaks to an agent, and keeps what comes back."""

    def __init__(self, agent: BidiAgent) -> None:
        self.agent = agent
        self.events: list[Any] = []
        self.answer = b""

    async def say(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), CHUNK_BYTES):
            chunk = pcm[start : start + CHUNK_BYTES]
            await self.agent.send(AudioDelta(format="pcm", source={"bytes": chunk}))

    async def listen(self, last: str, count: int = 1) -> None:
        """Take events until so many of a type have come."""
        kinds: list[str] = []
        async with asyncio.timeout(LIMIT_SECONDS):
            async for event in self.agent.receive():
                kinds.append(event.get("type", ""))
                self.events.append(event)
                if kinds[-1] == "bidi_audio_delta":
                    self.answer += base64.b64decode(event["audio"])
                if kinds.count(last) == count:
                    break

    def transcript(self, role: str) -> str:
        blocks = [e for e in self.events if e.get("type") == "bidi_transcript_block"]
        return " ".join(block["transcript"] for block in blocks if block["role"] == role)


def phone(brain: Model, engines: SpeechEngines) -> Phone:
    return Phone(BidiAgent(model=CascadeModel(brain, engines), tools=[calculator]))


@pytest.mark.parametrize("file", SPOKEN)
async def test_a_recorded_question_is_heard_and_answered_aloud(
    file: str, engines: SpeechEngines
) -> None:
    recording, (expression, answer) = RECORDINGS[file], ANSWERS[file]
    line = phone(Clerk(expression, answer), engines)
    async with line.agent:
        await line.say(sound(file) + SECOND)
        await line.listen("bidi_response_stop", 2 if expression else 1)
    heard = plain(line.transcript("user"))
    assert heard in {plain(recording.text), *SAME_SPEECH.get(file, ())}
    spoken_back = plain(await engines.transcribe(line.answer + SECOND))
    wanted = [*recording.expected_answer_words, *recording.answer_alternatives]
    assert not wanted or any(plain(words) in spoken_back for words in wanted), spoken_back
    assert [e["type"] for e in line.events if e.get("type") == "bidi_barge_in"] == []


# What a listener cannot tell apart, or may write in figures.
SAME_SPEECH = {
    "multiply.wav": {"what is 42 times 17"},
    "subtract.wav": {"what is 90 minus 35"},
    "divide_noisy.wav": {"what is 100 divided by 4"},
    "count.wav": {"please count from 1 to 30"},
    "time_sydney.wav": {"tell me the time sydney"},
}


@pytest.mark.parametrize("file", ["silence.wav", "noise.wav"])
async def test_silence_and_noise_are_not_answered(file: str, engines: SpeechEngines) -> None:
    line = phone(Clerk(None, "Hello."), engines)
    async with line.agent:
        await line.say(sound(file) + sound("name.wav") + SECOND)
        await line.listen("bidi_response_stop")
    assert [event["type"] for event in line.events][:3] == [
        "bidi_connection_start", "cascade_speech_start", "cascade_speech_stop",
    ]  # fmt: skip
    assert plain(line.transcript("user")) == "my name is david"
    assert await engines.transcribe(sound(file)) == ""


async def test_the_answer_is_spoken_so_that_it_can_be_understood(engines: SpeechEngines) -> None:
    answer = await engines.speak("42 × 17 = 714. Is there anything else?")
    heard = plain(await engines.transcribe(answer))
    assert "714" in heard or "seven hundred fourteen" in heard
    assert "anything else" in heard


async def test_speaking_over_a_long_answer_stops_it(engines: SpeechEngines) -> None:
    brain = ScriptedModel([", ".join(str(n) for n in range(1, 101))], ["You are David."])
    line = phone(brain, engines)
    async with line.agent:
        await line.say(sound("count.wav") + SECOND)
        await line.listen("bidi_response_stop")
        assert len(line.answer) > 40 * len(SECOND)  # most of it is still to be played
        await line.say(sound("who_am_i.wav") + SECOND)
        await line.listen("bidi_response_stop")
    kinds = [event.get("type") for event in line.events]
    cut = kinds.index("bidi_barge_in")
    assert kinds[cut - 1 : cut + 2] == [
        "cascade_speech_start", "bidi_barge_in", "cascade_speech_stop",
    ]  # fmt: skip
    kept = brain.asked[1][1]["content"][0]["text"]
    assert kept.endswith("[interrupted]")
    assert len(kept) < 60
    assert plain(line.transcript("assistant")).endswith("you are david")


async def test_eight_callers_at_once_get_their_own_answers(engines: SpeechEngines) -> None:
    lines = [phone(Clerk(*ANSWERS[file]), engines) for file in SPOKEN]

    async def call(line: Phone, file: str) -> str:
        async with line.agent:
            await line.say(sound(file) + SECOND)
            await line.listen("bidi_response_stop", 2 if ANSWERS[file][0] else 1)
        return line.transcript("assistant")

    answers = await asyncio.gather(*(call(*pair) for pair in zip(lines, SPOKEN, strict=True)))
    for file, answer in zip(SPOKEN, answers, strict=True):
        wanted = RECORDINGS[file].expected_answer_words or ["I do not know your name"]
        assert wanted[0] in answer or RECORDINGS[file].answer_alternatives[0] in answer
    assert engines.voices == 0


async def test_the_end_leaves_no_thread_and_no_process() -> None:
    before = set(_children())
    speech = SpeechEngines()
    assert await speech.transcribe(sound("name.wav")) == "My name is David."
    assert len(await speech.speak("Hello.")) > 16_000
    assert len(set(_children()) - before) == 1
    assert any(thread.name.startswith("speech-") for thread in threading.enumerate())
    await speech.aclose()
    assert set(_children()) <= before
    assert not any(thread.name.startswith("speech-") for thread in threading.enumerate())


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
