"""Gemini Live through strands' class, against its wire on the loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from strands.bidi import BidiAgent
from strands.bidi.types.events import (
    BidiAudioStopEvent,
    BidiBargeInEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
    BidiToolUseBlocksEvent,
)
from strands.bidi.types.media import AudioDelta
from strands.types.tools import ToolUse

from gateway.models.choice import ModelChoice
from gateway.models.gemini_live import GeminiLiveVoice, voice_model
from protocols.contract.errors import (
    GatewayError,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    Unavailable,
)
from tests.emulators.gemini_live import HANDLE, RATE_IN, GeminiLiveService, Live
from tests.emulators.sonic.hearing import tone

SPOKEN = tone(440, 0.6, RATE_IN) + bytes(RATE_IN * 2)
LIMIT_SECONDS = 20


@pytest.fixture
async def service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[GeminiLiveService]:
    """The wire, and the environment that leads to it."""
    made = GeminiLiveService()
    async with made.serving(tmp_path) as authority:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
        monkeypatch.setenv("GEMINI_API_KEY", "key")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", made.url)
        yield made
    assert made.violations == []
    assert made.scripts.left == 0


def voice(setting: str = "gemini", name: str = "") -> GeminiLiveVoice:
    model = voice_model(ModelChoice(setting=setting, voice=name))
    assert isinstance(model, GeminiLiveVoice)
    return model


@asynccontextmanager
async def talking(model: GeminiLiveVoice) -> AsyncIterator[BidiAgent]:
    agent = BidiAgent(model, system_prompt="Be short.")
    async with asyncio.timeout(LIMIT_SECONDS):
        await agent.start()
        try:
            yield agent
        finally:
            await agent.stop()


async def say(agent: BidiAgent, pcm: bytes) -> None:
    for start in range(0, len(pcm), 3200):
        await agent.send(AudioDelta(format="pcm", source={"bytes": pcm[start : start + 3200]}))


async def until(agent: BidiAgent, last: str) -> list[Any]:
    events: list[Any] = []
    async with aclosing(agent.receive()) as coming:
        async for event in coming:
            events.append(event)
            if event.get("type") == last:
                break
    return events


def words(events: list[Any], role: str) -> list[str]:
    blocks = [each for each in events if each.get("type") == "bidi_transcript_block"]
    return [each["transcript"] for each in blocks if each["role"] == role]


async def test_a_spoken_turn_is_answered(service: GeminiLiveService) -> None:
    async with talking(voice("gemini/gemini-live-9", "Puck")) as agent:
        await say(agent, SPOKEN)
        events = await until(agent, "bidi_response_stop")
    assert (words(events, "user"), words(events, "assistant")) == (["hello there"], ["Hello."])
    [record] = service.records
    assert record.setup["model"] == "models/gemini-live-9"
    assert "Puck" in str(record.setup)


async def test_a_lost_connection_goes_on_where_it_was(service: GeminiLiveService) -> None:
    service.scripts.add(Live(cut=True), Live(say="Back."))
    async with talking(voice()) as agent:
        await say(agent, SPOKEN)
        await until(agent, "bidi_connection_restart")
        events = await until(agent, "bidi_response_stop")
    assert words(events, "assistant") == ["Back."]
    assert service.records[1].setup["sessionResumption"] == {"handle": HANDLE}


async def test_a_question_that_was_answered_is_not_said_again(
    service: GeminiLiveService,
) -> None:
    model = voice()
    async with talking(model) as agent:
        await say(agent, SPOKEN)
        await until(agent, "bidi_response_stop")
        await model._live_session._ws.close()
        await until(agent, "bidi_connection_restart")
        await say(agent, SPOKEN)
        await until(agent, "bidi_response_stop")
    assert service.records[1].heard() == SPOKEN


@pytest.mark.parametrize(
    ("events", "is_kept"),
    [
        ([], True),
        ([BidiResponseStartEvent("1")], True),
        ([BidiResponseStartEvent("1"), BidiAudioStopEvent("1")], False),
        ([BidiToolUseBlocksEvent([ToolUse(toolUseId="1", name="add", input={})])], False),
        ([BidiBargeInEvent(), BidiAudioStopEvent("1"), BidiResponseStopEvent("1")], True),
    ],
)
async def test_a_question_is_kept_until_it_is_answered(
    service: GeminiLiveService, events: list[Any], is_kept: bool
) -> None:
    model = voice()
    async with talking(model):
        await model.send(AudioDelta(format="pcm", source={"bytes": SPOKEN}))
        for event in events:
            model._note(event)
        assert model._unanswered.has_speech is is_kept


async def test_a_connection_that_is_lost_again_and_again_is_given_up(
    service: GeminiLiveService,
) -> None:
    service.scripts.add(*[Live(cut=True)] * 3)
    async with talking(voice()) as agent:

        async def speak() -> None:
            while True:
                await say(agent, SPOKEN)
                await asyncio.sleep(0.01)

        speaking = asyncio.create_task(speak())
        with pytest.raises(ModelFailed, match="was lost"):
            await until(agent, "never")
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Live(status=401), NotConfigured),
        (Live(status=429), ModelThrottled),
        (Live(refusal=1008), NotConfigured),
        (Live(refusal=1007), NotConfigured),
        (Live(refusal=1011), Unavailable),
    ],
    ids=["key", "limit", "model", "argument", "fault"],
)
async def test_a_refused_connection_says_what_to_do(
    service: GeminiLiveService, script: Live, error: type[GatewayError]
) -> None:
    service.scripts.add(script)
    with pytest.raises(error):
        async with talking(voice()):
            pass


async def test_a_service_that_is_not_there_is_told(
    service: GeminiLiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "https://127.0.0.1:1")
    with pytest.raises(ModelFailed, match="cannot be reached"):
        async with talking(voice()):
            pass


def test_without_a_key_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NotConfigured, match="GEMINI_API_KEY"):
        voice()
