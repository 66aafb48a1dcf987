"""The BedrockNovaSonicModel of strands against the emulated Nova Sonic, over HTTP/2 and TLS."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from strands import tool
from strands.bidi import BidiAgent
from strands.bidi.models.bedrock import BedrockNovaSonicModel

from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    MODEL_TIMEOUT,
    SILENT_USER,
    StreamException,
)
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, ToolCall, Turn
from tests.emulators.sonic.strands_session import (
    LIMIT_SECONDS,
    MODEL,
    SILENCE,
    SPEECH,
    kinds,
    say,
    sound,
    started,
    until,
    words,
    write,
)


async def test_a_spoken_turn_is_answered_with_sound(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(heard="Hi", say=("Hello.",), seconds=0.5),)))
    async with started(sonic_model, system_prompt="Be short."):
        await say(sonic_model, SPEECH, SILENCE)
        events = await until(sonic_model, "bidi_response_stop")
    assert kinds(events) == [
        "connection_start",
        "response_start",
        "transcript_start",
        "transcript_delta",
        "usage",
        "transcript_stop",
        "transcript_start",
        "transcript_delta",
        "audio_start",
        "audio_delta",
        "audio_stop",
        "transcript_stop",
        "response_stop",
    ]
    assert (words(events, "user"), words(events, "assistant")) == ("Hi", "Hello.")
    assert sound(events) == tone(440, 0.5, 24000)


async def test_a_session_is_recorded_from_its_start_to_its_end(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    async with started(sonic_model, system_prompt="Be short."):
        await say(sonic_model, SPEECH, SILENCE)
        events = await until(sonic_model, "bidi_response_stop")
    [session] = await asyncio.to_thread(aws.sonic.ended, 1)
    assert (session.model_id, session.outcome, session.violations) == (MODEL, "ended", [])
    assert session.names() == [
        "sessionStart",
        "promptStart",
        "contentStart",
        "textInput",
        "contentEnd",
        "contentStart",
        "contentEnd",
        "promptEnd",
        "connectionEnd",
    ]
    assert bytes(session.pcm_in) == SPEECH + SILENCE
    assert bytes(session.pcm_out) == sound(events)
    assert (session.signed_events, session.is_signed_to_the_end) == (11, True)


async def test_typed_text_is_answered(aws: AwsEmulator, sonic_model: BedrockNovaSonicModel) -> None:
    async with started(sonic_model):
        await write(sonic_model, "Hi there")
        events = await until(sonic_model, "bidi_response_stop")
    assert words(events, "assistant") == "You wrote: Hi there"
    assert aws.sonic.violations == []


async def test_cutting_in_stops_the_monologue(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    monologue = Turn(say=("Once upon a time.",), seconds=300, pause_seconds=0.02)
    aws.sonic.scripts.add(Session(turns=(monologue, Turn(say=("Yes?",)))))
    async with started(sonic_model):
        await say(sonic_model, SPEECH, SILENCE)
        async with aclosing(sonic_model.receive()) as coming:
            events = [await _next(coming, "bidi_audio_delta"), *await _after(sonic_model, coming)]
    assert kinds(events)[:5] == [
        "audio_delta",
        "barge_in",
        "audio_stop",
        "transcript_stop",
        "response_stop",
    ]
    assert words(events, "assistant") == "Yes?"
    assert len(aws.sonic.sessions.all()[0].pcm_out) < 24000 * 2 * 10


async def _next(coming: AsyncIterator[Any], kind: str) -> Any:
    async for event in coming:
        if event["type"] == kind:
            return event
    raise AssertionError(f"no {kind} came")


async def _after(sonic_model: BedrockNovaSonicModel, coming: AsyncIterator[Any]) -> list[Any]:
    """Cut in; the events of that and of the next answer."""
    await say(sonic_model, SPEECH)
    events = []
    async for event in coming:
        events.append(event)
        if event["type"] == "bidi_barge_in":
            await say(sonic_model, SILENCE)
        if kinds(events).count("response_stop") == 2:
            break
    return events


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a * b


@asynccontextmanager
async def talking(agent: BidiAgent) -> AsyncIterator[None]:
    async with asyncio.timeout(LIMIT_SECONDS):
        await agent.start()
        try:
            yield
        finally:
            await agent.stop()


async def until_enough(agent: BidiAgent, done: Callable[[list[Any]], bool]) -> None:
    """Take what an agent gives until there is enough."""
    events: list[Any] = []
    async with aclosing(agent.receive()) as coming:
        async for event in coming:
            events.append(event)
            if done(events):
                return


def has_said(text: str) -> Callable[[list[Any]], bool]:
    return lambda events: text in words(events, "assistant")


async def test_a_tool_is_called_and_its_result_told(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    agent = BidiAgent(sonic_model, tools=[multiply], system_prompt="Use tools.")
    async with talking(agent):
        await agent.send('call multiply {"a": 6, "b": 7}')
        await until_enough(agent, has_said("42"))
    [session] = await asyncio.to_thread(aws.sonic.ended, 1)
    assert session.violations == []
    [result] = session.bodies("toolResult")
    assert result["content"] == '{"text": "42"}'


async def test_two_tools_of_one_turn_are_answered_each(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    calls = (ToolCall("multiply", {"a": 2, "b": 3}), ToolCall("multiply", {"a": 4, "b": 5}))
    turn = Turn(tools=calls, say=lambda results: (f"Results: {len(results)}.",))
    aws.sonic.scripts.add(Session(turns=(turn,)))
    agent = BidiAgent(sonic_model, tools=[multiply])
    async with talking(agent):
        await agent.send("Go")
        await until_enough(agent, has_said("Results: 2."))
    assert aws.sonic.violations == []


@pytest.mark.parametrize("style", [MODEL_TIMEOUT, SILENT_USER], ids=lambda each: each.kind)
async def test_after_a_time_out_the_next_session_gets_the_history(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, style: StreamException
) -> None:
    met = Turn(say=("Nice to meet you.",), fault=style, fault_after_seconds=9)
    aws.sonic.scripts.add(Session(turns=(met,)), Session(turns=(Turn(say=("You are Ada.",)),)))
    agent = BidiAgent(sonic_model)

    def is_back(events: list[Any]) -> bool:
        return kinds(events)[-1] == "connection_restart"

    async with talking(agent):
        await agent.send("My name is Ada")
        await until_enough(agent, is_back)
        await agent.send("Who am I?")
        await until_enough(agent, lambda events: kinds(events)[-1] == "response_stop")
    first, second = await asyncio.to_thread(aws.sonic.ended, 2)
    assert (first.outcome, second.outcome) == ("failed", "ended")
    roles = [body.get("role") for body in second.bodies("contentStart")]
    texts = [body["content"] for body in second.bodies("textInput")]
    assert roles == ["SYSTEM", "USER", "ASSISTANT", "USER"]
    assert texts == ["", "My name is Ada", "Nice to meet you.", "Who am I?"]
    assert aws.sonic.violations == []
