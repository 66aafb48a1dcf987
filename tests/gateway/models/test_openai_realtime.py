"""OpenAI Realtime through strands' class, against its wire on the loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from strands import tool
from strands.bidi import BidiAgent
from strands.bidi.models.openai import realtime
from strands.bidi.types.events import (
    BidiBargeInEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
    BidiToolUseBlocksEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
)
from strands.bidi.types.media import AudioDelta
from strands.types.tools import ToolUse

from gateway.models.choice import ModelChoice
from gateway.models.openai_realtime import OpenAIRealtimeVoice, voice_model
from protocols.contract.errors import (
    GatewayError,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    Unavailable,
)
from tests.emulators.realtime.service import RATE, Answer, RealtimeService, Refused, Session
from tests.emulators.sonic.hearing import tone

SPOKEN = tone(440, 0.6, RATE) + bytes(RATE * 2)
LIMIT_SECONDS = 20


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RealtimeService]:
    """The wire, and the environment that leads to it; strands is as it was afterwards."""
    monkeypatch.setattr(realtime, "OPENAI_REALTIME_URL", realtime.OPENAI_REALTIME_URL)
    made = RealtimeService()
    async with made.serving():
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", made.url)
        yield made
    assert made.violations == []
    assert made.scripts.left == 0


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a * b


def voice(setting: str = "openai", name: str = "") -> OpenAIRealtimeVoice:
    model = voice_model(ModelChoice(setting=setting, voice=name))
    assert isinstance(model, OpenAIRealtimeVoice)
    return model


@asynccontextmanager
async def talking(model: OpenAIRealtimeVoice) -> AsyncIterator[BidiAgent]:
    agent = BidiAgent(model, tools=[multiply], system_prompt="Be short.")
    async with asyncio.timeout(LIMIT_SECONDS):
        await agent.start()
        try:
            yield agent
        finally:
            await agent.stop()


async def say(agent: BidiAgent, pcm: bytes) -> None:
    for start in range(0, len(pcm), 4800):
        sound = AudioDelta(format="pcm", source={"bytes": pcm[start : start + 4800]})
        await agent.send(sound)


async def until(agent: BidiAgent, last: str, count: int = 1) -> list[Any]:
    events: list[Any] = []
    async with aclosing(agent.receive()) as coming:
        async for event in coming:
            events.append(event)
            if [each.get("type") for each in events].count(last) == count:
                break
    return events


def words(events: list[Any], role: str) -> list[str]:
    blocks = [each for each in events if each.get("type") == "bidi_transcript_block"]
    return [each["transcript"] for each in blocks if each["role"] == role]


async def test_a_spoken_turn_is_answered(service: RealtimeService) -> None:
    async with talking(voice("openai/gpt-realtime-9", "marin")) as agent:
        await say(agent, SPOKEN)
        events = await until(agent, "bidi_response_stop")
    assert (words(events, "user"), words(events, "assistant")) == (
        ["hello there"],
        ["You said hello."],
    )
    kinds = [each.get("type") for each in events]
    assert kinds.index("cascade_speech_start") < kinds.index("cascade_speech_stop")
    [record] = service.records
    assert record.path == "/v1/realtime?model=gpt-realtime-9"
    assert record.authorization == "Bearer sk-test"
    assert record.events[0]["session"]["audio"]["output"]["voice"] == "marin"
    assert bytes(record.pcm_in) == SPOKEN


async def test_a_tool_is_called(service: RealtimeService) -> None:
    call = Answer(heard="Six times seven?", call=("multiply", '{"a": 6, "b": 7}'))
    service.scripts.add(Session((call, Answer(say="It is 42."))))
    async with talking(voice()) as agent:
        await say(agent, SPOKEN)
        events = await until(agent, "bidi_response_stop", 2)
    assert words(events, "assistant") == ["It is 42."]
    [result] = service.records[0].items()
    assert result["output"] == '[{"text": "42"}]'


async def test_typed_text_is_answered(service: RealtimeService) -> None:
    async with talking(voice()) as agent:
        await agent.send("Hi")
        events = await until(agent, "bidi_response_stop")
    assert words(events, "assistant") == ["You said hello."]


async def test_a_lost_connection_is_made_again_and_the_answer_asked_for(
    service: RealtimeService,
) -> None:
    service.scripts.add(Session((Answer(cut=True),)), Session((Answer(say="Again."),)))
    async with talking(voice()) as agent:
        await say(agent, SPOKEN)
        events = await until(agent, "bidi_response_stop")
    assert words(events, "user") == ["hello there"]
    assert words(events, "assistant")[-1] == "Again."
    second = service.records[1]
    assert second.items()[0]["content"] == [{"type": "input_text", "text": "hello there"}]
    assert second.names()[-1] == "response.create"


@pytest.mark.parametrize("deaf_after_seconds", [0.0, 0.4, 1.0])
async def test_what_a_lost_connection_did_not_hear_is_said_again(
    service: RealtimeService, deaf_after_seconds: float
) -> None:
    service.scripts.add(Session(deaf_after_seconds=deaf_after_seconds))
    async with talking(voice()) as agent:
        await say(agent, SPOKEN)
        events = await until(agent, "bidi_response_stop")
    assert (words(events, "user")[-1], words(events, "assistant")) == (
        "hello there",
        ["You said hello."],
    )
    again = service.records[1]
    assert "response.create" not in again.names()
    assert bytes(again.pcm_in).startswith(SPOKEN[: RATE * 2])


async def test_a_question_that_was_answered_is_not_said_again(service: RealtimeService) -> None:
    model = voice()
    async with talking(model) as agent:
        await say(agent, SPOKEN)
        await until(agent, "bidi_response_stop")
        model._websocket.transport.abort()
        await until(agent, "bidi_connection_restart")
        await say(agent, SPOKEN)
        await until(agent, "bidi_response_stop")
    assert bytes(service.records[1].pcm_in) == SPOKEN


async def test_an_answer_is_asked_for_or_the_rest_of_what_is_said_given_not_both(
    service: RealtimeService,
) -> None:
    service.scripts.add(Session((Answer(cut=True),)))
    model = voice()
    async with talking(model) as agent:
        await say(agent, SPOKEN)
        await until(agent, "bidi_transcript_stop")
        model._unheard.feed(SPOKEN)  # what a dead connection was told
        events = await until(agent, "bidi_response_stop")
    assert words(events, "assistant")[-1] == "You said hello."
    again = service.records[1]
    assert SPOKEN in bytes(again.pcm_in)
    assert "response.create" not in again.names()


ASKED: list[Any] = [
    BidiTranscriptStartEvent("user", "1"),
    BidiTranscriptDeltaEvent("Hi", "user", "1"),
]
ANSWERED: list[Any] = [BidiResponseStartEvent("1"), BidiResponseStopEvent("1")]
TALKED_OVER: list[Any] = [
    BidiTranscriptStartEvent("user", "2"),
    BidiBargeInEvent(),
    BidiResponseStopEvent("1"),
]
TOOL = BidiToolUseBlocksEvent([ToolUse(toolUseId="1", name="multiply", input={})])
NOISE = tone(440, 0.12, RATE) + bytes(RATE * 2)


@pytest.mark.parametrize(
    ("events", "said", "is_owed", "is_to_be_said_again"),
    [
        ([], b"", False, False),
        ([], SPOKEN, False, True),
        (ASKED, b"", True, False),
        (ASKED[:1], SPOKEN, True, True),  # not transcribed yet
        (ASKED[:1], b"", True, False),  # said too softly for our own ear
        (ASKED, NOISE, True, False),
        (ASKED, SPOKEN, True, True),
        ([*ASKED, TOOL], b"", False, False),
        ([*ASKED, *ANSWERED], b"", False, False),
        ([*ASKED, ANSWERED[0], *TALKED_OVER], b"", True, False),
        ([*ASKED, ANSWERED[0], *TALKED_OVER], SPOKEN, True, True),
        ([*ASKED, ANSWERED[0], *TALKED_OVER, *ANSWERED], b"", False, False),
    ],
)
async def test_what_is_owed_is_known_from_the_events(
    service: RealtimeService,
    events: list[Any],
    said: bytes,
    is_owed: bool,
    is_to_be_said_again: bool,
) -> None:
    model = voice()
    for event in events:
        model._note(event)
    model._unheard.feed(said)
    assert (model._is_owed, model._is_to_be_said_again) == (is_owed, is_to_be_said_again)


async def test_the_transcript_of_an_earlier_question_is_not_that_of_this_one(
    service: RealtimeService,
) -> None:
    model = voice()
    for event in (ASKED[0], ANSWERED[0], *TALKED_OVER):
        model._note(event)
    model._unheard.feed(SPOKEN)
    model._note(ASKED[1])
    assert model._unheard.has_speech
    model._note(BidiTranscriptDeltaEvent("Stop", "user", "2"))
    assert not model._unheard.has_speech


async def test_a_connection_that_is_lost_again_and_again_is_given_up(
    service: RealtimeService,
) -> None:
    service.scripts.add(*[Session((Answer(cut=True),))] * 3)
    async with talking(voice()) as agent:
        await say(agent, SPOKEN)
        with pytest.raises(ModelFailed, match="was lost"):
            await until(agent, "never")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, NotConfigured),
        (404, NotConfigured),
        (429, ModelThrottled),
        (503, Unavailable),
        (400, ModelFailed),
    ],
)
async def test_a_refused_connection_says_what_to_do(
    service: RealtimeService, status: int, error: type[GatewayError]
) -> None:
    service.scripts.add(Refused(status))
    with pytest.raises(error):
        async with talking(voice()):
            pass


async def test_a_service_that_is_not_there_is_told(
    service: RealtimeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    with pytest.raises(ModelFailed, match="cannot be reached"):
        async with talking(voice()):
            pass


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("rate_limit_exceeded", ModelThrottled),
        ("insufficient_quota", NotConfigured),
        ("server_error", ModelFailed),
    ],
)
async def test_an_answer_that_failed_is_told(
    service: RealtimeService, code: str, error: type[GatewayError]
) -> None:
    service.scripts.add(Session((Answer(failed=code),)))
    async with talking(voice()) as agent:
        await say(agent, SPOKEN)
        with pytest.raises(error):
            await until(agent, "never")


async def test_a_voice_that_does_not_exist_is_told(service: RealtimeService) -> None:
    service.scripts.add(Session(update_error="invalid_value"))
    async with talking(voice(name="nobody")) as agent:
        with pytest.raises(NotConfigured, match="GATEWAY_VOICE"):
            await until(agent, "never")


async def test_an_expired_session_is_opened_again(service: RealtimeService) -> None:
    service.scripts.add(Session(update_error="session_expired"), Session())
    async with talking(voice()) as agent:
        await until(agent, "bidi_connection_restart")
        await agent.send("Hi")
        events = await until(agent, "bidi_response_stop")
    assert words(events, "assistant") == ["You said hello."]


async def test_a_service_that_stalls_is_left_in_time(service: RealtimeService) -> None:
    service.scripts.add(Session(stalls=True))
    model = voice()
    async with talking(model) as agent:
        await say(agent, SPOKEN)
        started_at = asyncio.get_running_loop().time()
        await model.stop()
        assert asyncio.get_running_loop().time() - started_at < 5


async def test_what_a_lost_connection_does_not_take_is_left_to_the_next(
    service: RealtimeService,
) -> None:
    model = voice()
    async with talking(model) as agent:
        await say(agent, SPOKEN)
        await until(agent, "bidi_response_stop")
        model._websocket.transport.abort()
        await model._websocket.wait_closed()
        await agent.send("Hi")
        await model.truncate(0.1)
        await until(agent, "bidi_connection_restart")
        events = await until(agent, "bidi_response_stop")
    assert words(events, "assistant") == ["You said hello."]


async def test_the_service_is_told_how_much_was_heard(service: RealtimeService) -> None:
    model = voice()
    async with talking(model) as agent:
        await model.truncate(0.1)  # nothing was said yet
        await say(agent, SPOKEN)
        await until(agent, "bidi_response_stop")
        await model.truncate(0.25)
        await agent.send("Hi")
        await until(agent, "bidi_response_stop")
    cuts = [each for each in service.records[0].events if "truncate" in each["type"]]
    assert [(cut["item_id"], cut["audio_end_ms"]) for cut in cuts] == [("item2", 250)]


def test_without_a_key_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NotConfigured, match="OPENAI_API_KEY"):
        voice()


def test_sound_is_at_24_khz_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    audio = voice().get_audio_config()
    assert {audio["input"]["sample_rate"], audio["output"]["sample_rate"]} == {24000}
