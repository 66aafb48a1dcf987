"""Spoken questions on all three voice paths, heard and answered by the embedded speech engines."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from gateway.cli.answer import Answer
from gateway.cli.failures import CommandFailed
from gateway.models.offline.speech import SpeechEngines
from protocols.audio import resample
from tests.journeys.wires import manifest, talk

VIA = ("http", "ws", "webrtc")
SILENT = ("silence", "noise")


@pytest.fixture
async def ears() -> AsyncIterator[SpeechEngines]:
    """A recogniser of our own: what a listener would understand."""
    speech = SpeechEngines()
    yield speech
    await speech.aclose()


async def understood(speech: SpeechEngines, answer: Answer, phrase: str) -> str:
    """Write down what is said; an answer that was not understood is heard again, a bit slower.

    What time it is when a test runs is anybody's guess, and some times are hard to understand.
    """
    heard = ""
    for pace in (1.0, 0.95):
        pcm = resample(answer.pcm, round(pace * answer.sample_rate), speech.sample_rate)
        heard = (await speech.transcribe(pcm)).lower()
        if heard and is_said(phrase, heard):
            break
    return heard


def is_said(phrase: str, heard: str) -> bool:
    """Tell whether the words that are expected were heard; true where none are."""
    expected = manifest()[phrase]
    words = [*expected["expected_answer_words"], *expected["answer_alternatives"]]
    return not words or any(_plain(word) in _plain(heard) for word in words)


def _plain(text: str) -> str:
    return text.lower().replace("-", " ").replace(" and ", " ")


async def ask(gateway: str, via: str, phrase: str) -> Answer:
    return await talk(via, gateway, str(uuid4()), phrase)


@pytest.mark.parametrize("via", VIA)
async def test_forty_two_times_seventeen_is_714_in_speech_and_text(
    gateway: str, ears: SpeechEngines, via: str
) -> None:
    answer = await ask(gateway, via, "multiply")
    assert "714" in answer.reply
    assert [(use.name, use.answer) for use in answer.tool_uses] == [("calculator", "-> 714")]
    heard = await understood(ears, answer, "multiply")
    assert is_said("multiply", heard), heard


@pytest.mark.parametrize("via", VIA)
async def test_every_recording_gets_its_answer_in_speech_and_text(
    gateway: str, ears: SpeechEngines, via: str
) -> None:
    phrases = [phrase for phrase in manifest() if phrase not in SILENT]
    answers = await asyncio.gather(*(ask(gateway, via, phrase) for phrase in phrases))
    wrong = {}
    for phrase, answer in zip(phrases, answers, strict=True):
        heard = await understood(ears, answer, phrase)
        right_words = is_said(phrase, answer.reply) and is_said(phrase, heard)
        tools = [use.name for use in answer.tool_uses]
        tool = manifest()[phrase]["expected_tool"]
        right_tool = tools == ([tool] if tool else [])
        if not (right_words and right_tool and heard):
            wrong[phrase] = (answer.question, answer.reply, tools, heard)
    assert wrong == {}


async def test_silence_and_noise_get_no_answer_on_any_path(gateway: str) -> None:
    calls = [ask(gateway, via, phrase) for via in VIA for phrase in SILENT]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [CommandFailed] * len(calls)
