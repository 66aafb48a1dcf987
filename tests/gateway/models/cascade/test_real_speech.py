"""Real engines under a real ``BidiAgent``: recordings in, spoken answers out, faster than life."""

import asyncio
import base64
import os
import re
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from strands.bidi import BidiAgent
from strands.bidi.types.media import AudioDelta
from strands.models import Model

from gateway.models.cascade import CascadeModel
from gateway.models.offline.recogniser import Recogniser
from gateway.models.offline.speech import SpeechEngines
from gateway.models.offline.text import OfflineTextModel
from tests.gateway.models.speech_fakes import ScriptedModel
from tools.calculator import calculator
from tools.clock import current_time

pytestmark = pytest.mark.slow

AUDIO = Path(__file__).parents[3] / "audio"
LIMIT_SECONDS = 30
CHUNK_BYTES = 640  # 20 ms, as a telephone brings it
SECOND = bytes(32_000)


class Recording(msgspec.Struct):
    file: str
    text: str
    expected_tool: str | None
    expected_answer_words: list[str]
    answer_alternatives: list[str]


_MANIFEST = msgspec.json.decode((AUDIO / "manifest.json").read_bytes(), type=list[Recording])
RECORDINGS = {recording.file: recording for recording in _MANIFEST}
SPOKEN = sorted(recording.file for recording in RECORDINGS.values() if recording.text)


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

    async def listen(self) -> None:
        """Take events until an answer is complete: one that leaves no tool running."""
        runs_tool = False
        async with asyncio.timeout(LIMIT_SECONDS):
            async for event in self.agent.receive():
                self.events.append(event)
                match event.get("type"):
                    case "bidi_audio_delta":
                        self.answer += base64.b64decode(event["audio"])
                    case "bidi_tool_use_blocks":
                        runs_tool = True
                    case "bidi_response_stop" if not runs_tool:
                        return
                    case "bidi_response_stop":
                        runs_tool = False

    def transcript(self, role: str) -> str:
        blocks = [e for e in self.events if e.get("type") == "bidi_transcript_block"]
        return " ".join(block["transcript"] for block in blocks if block["role"] == role)

    def tools(self) -> list[str]:
        groups = [e for e in self.events if e.get("type") == "bidi_tool_use_blocks"]
        return [call["name"] for group in groups for call in group["tool_uses"]]


def phone(engines: SpeechEngines, brain: Model | None = None, **options: Any) -> Phone:
    model = CascadeModel(brain or OfflineTextModel(words_per_second=0), engines, **options)
    return Phone(BidiAgent(model=model, tools=[calculator, current_time]))


def is_said(recording: Recording, text: str) -> bool:
    wanted = [*recording.expected_answer_words, *recording.answer_alternatives]
    return not wanted or any(plain(words) in plain(text) for words in wanted)


@pytest.mark.parametrize("file", SPOKEN)
async def test_a_recorded_question_is_heard_and_answered_aloud(
    file: str, engines: SpeechEngines
) -> None:
    recording = RECORDINGS[file]
    line = phone(engines)
    async with line.agent:
        await line.say(sound(file) + SECOND)
        await line.listen()
    assert plain(line.transcript("user")) in {plain(recording.text), *SAME_SPEECH.get(file, ())}
    assert line.tools() == ([recording.expected_tool] if recording.expected_tool else [])
    assert is_said(recording, line.transcript("assistant"))
    spoken_back = await engines.transcribe(line.answer)
    assert is_said(recording, spoken_back), spoken_back
    assert "bidi_barge_in" not in [event.get("type") for event in line.events]


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
    line = phone(engines)
    async with line.agent:
        await line.say(sound(file) + sound("name.wav") + SECOND)
        await line.listen()
    assert [event["type"] for event in line.events][:3] == [
        "bidi_connection_start", "cascade_speech_start", "cascade_speech_stop",
    ]  # fmt: skip
    assert plain(line.transcript("user")) == "my name is david"
    assert await engines.transcribe(sound(file)) == ""


async def test_what_was_said_and_typed_before_is_remembered(engines: SpeechEngines) -> None:
    seconds = 0.0
    line = phone(engines, clock=lambda: seconds)
    line.agent.messages = [
        {"role": "user", "content": [{"text": "My name is Maria."}]},
        {"role": "assistant", "content": [{"text": "Hello."}]},
    ]
    async with line.agent:
        await line.say(sound("who_am_i.wav") + SECOND)
        await line.listen()
        seconds += 60  # the answer is played
        await line.say(sound("name.wav") + SECOND)
        await line.listen()
        seconds += 60
        await line.agent.send("What is my name?")
        await line.listen()
    assert re.findall(r"Maria|David", line.transcript("assistant")) == ["Maria", "David", "David"]
    assert "bidi_barge_in" not in [event.get("type") for event in line.events]


async def test_the_answer_is_spoken_so_that_it_can_be_understood(engines: SpeechEngines) -> None:
    answer = await engines.speak("42 × 17 = 714. Is there anything else?")
    heard = plain(await engines.transcribe(answer))
    assert "714" in heard or "seven hundred fourteen" in heard
    assert "anything else" in heard


async def test_speaking_over_a_long_answer_stops_it(engines: SpeechEngines) -> None:
    brain = ScriptedModel([", ".join(str(n) for n in range(1, 101))], ["You are David."])
    line = phone(engines, brain)
    async with line.agent:
        await line.say(sound("count.wav") + SECOND)
        await line.listen()
        assert len(line.answer) > 40 * len(SECOND)  # most of it is still to be played
        await line.say(sound("who_am_i.wav") + SECOND)
        await line.listen()
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
    lines = [phone(engines) for _ in SPOKEN]

    async def call(line: Phone, file: str) -> str:
        async with line.agent:
            await line.say(sound(file) + SECOND)
            await line.listen()
        return line.transcript("assistant")

    answers = await asyncio.gather(*(call(*pair) for pair in zip(lines, SPOKEN, strict=True)))
    understood = [is_said(RECORDINGS[f], a) for f, a in zip(SPOKEN, answers, strict=True)]
    assert understood == [True] * len(SPOKEN), answers
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
