"""The BedrockNovaSonicModel of strands against the emulated Nova Sonic, over HTTP/2 and TLS."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import boto3
import pytest
from aws_sdk_bedrock_runtime.models import (  # type: ignore[import-untyped]  # it has no types
    InternalServerException,
    ModelStreamErrorException,
    ServiceUnavailableException,
    ThrottlingException,
    ValidationException,
)
from smithy_aws_event_stream.exceptions import EventError
from strands import tool
from strands.bidi import BidiAgent
from strands.bidi.models import bedrock as nova
from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.bidi.models.model import ConnectionTimeoutError
from strands.bidi.types.content import BidiMessage
from strands.bidi.types.media import AudioDelta
from strands.types.content import TextBlock

from gateway.models.endpoints import follow_environment
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    DENIED,
    MODEL_TIMEOUT,
    SILENT_USER,
    THROTTLED,
    Break,
    Fault,
    Refusal,
    StreamException,
)
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, ToolCall, Turn

MODEL = "amazon.nova-2-sonic-v1:0"
SPEECH = tone(440, 0.5, 16000)
SILENCE = bytes(16000 * 2)
LIMIT_SECONDS = 10


@pytest.fixture
def model(aws: AwsEmulator, monkeypatch: pytest.MonkeyPatch) -> BedrockNovaSonicModel:
    for name in ("AsyncBedrockRuntimeConfig", "_BedrockAWSCRTHTTPClient"):
        monkeypatch.setattr(nova, name, getattr(nova, name))  # put back after the test
    follow_environment()
    audio: Any = {"input": {"sample_rate": 16000}, "output": {"sample_rate": 24000}}
    return BedrockNovaSonicModel(boto_session=boto3.Session(), model_id=MODEL, audio=audio)


@asynccontextmanager
async def started(model: BedrockNovaSonicModel, **options: Any) -> AsyncIterator[None]:
    """A session, bounded at both ends: a broken one cannot be stopped with strands 1.62."""
    async with asyncio.timeout(LIMIT_SECONDS):
        await model.start(**options)
        try:
            yield
        finally:
            with suppress(TimeoutError, RuntimeError, OSError):
                async with asyncio.timeout(0.5):
                    await model.stop()
            if hasattr(model, "_client"):
                await model._client.close()


async def say(model: BedrockNovaSonicModel, *pcm: bytes) -> None:
    for piece in pcm:
        await model.send(AudioDelta(format="pcm", source={"bytes": piece}))


async def write(model: BedrockNovaSonicModel, text: str) -> None:
    await model.send(BidiMessage(content=[TextBlock(text=text)]))


async def until(model: BedrockNovaSonicModel, last: str) -> list[Any]:
    """Events up to the first of a type, or the end."""
    events = []
    async with aclosing(model.receive()) as coming:
        async for event in coming:
            events.append(event)
            if event["type"] == last:
                break
    return events


def kinds(events: Iterable[Any]) -> list[str]:
    """Types without the common part, repetitions left out."""
    names = [event.get("type", "").removeprefix("bidi_") for event in events]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def sound(events: Iterable[Any]) -> bytes:
    pieces = [event["audio"] for event in events if event.get("type") == "bidi_audio_delta"]
    return b"".join(base64.b64decode(piece) for piece in pieces)


def words(events: Iterable[Any], role: str) -> str:
    return "".join(
        event["delta"]
        for event in events
        if event.get("type") == "bidi_transcript_delta" and event["role"] == role
    )


async def test_a_spoken_turn_is_answered_with_sound(
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(heard="Hi", say=("Hello.",), seconds=0.5),)))
    async with started(model, system_prompt="Be short."):
        await say(model, SPEECH, SILENCE)
        events = await until(model, "bidi_response_stop")
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
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    async with started(model, system_prompt="Be short."):
        await say(model, SPEECH, SILENCE)
        events = await until(model, "bidi_response_stop")
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


async def test_typed_text_is_answered(aws: AwsEmulator, model: BedrockNovaSonicModel) -> None:
    async with started(model):
        await write(model, "Hi there")
        events = await until(model, "bidi_response_stop")
    assert words(events, "assistant") == "You wrote: Hi there"
    assert aws.sonic.violations == []


async def test_cutting_in_stops_the_monologue(
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    monologue = Turn(say=("Once upon a time.",), seconds=300, pause_seconds=0.02)
    aws.sonic.scripts.add(Session(turns=(monologue, Turn(say=("Yes?",)))))
    async with started(model):
        await say(model, SPEECH, SILENCE)
        async with aclosing(model.receive()) as coming:
            events = [await _next(coming, "bidi_audio_delta"), *await _after(model, coming)]
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


async def _after(model: BedrockNovaSonicModel, coming: AsyncIterator[Any]) -> list[Any]:
    """Cut in; the events of that and of the next answer."""
    await say(model, SPEECH)
    events = []
    async for event in coming:
        events.append(event)
        if event["type"] == "bidi_barge_in":
            await say(model, SILENCE)
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
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    agent = BidiAgent(model, tools=[multiply], system_prompt="Use tools.")
    async with talking(agent):
        await agent.send('call multiply {"a": 6, "b": 7}')
        await until_enough(agent, has_said("42"))
    [session] = await asyncio.to_thread(aws.sonic.ended, 1)
    assert session.violations == []
    [result] = session.bodies("toolResult")
    assert result["content"] == '{"text": "42"}'


async def test_two_tools_of_one_turn_are_answered_each(
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    calls = (ToolCall("multiply", {"a": 2, "b": 3}), ToolCall("multiply", {"a": 4, "b": 5}))
    turn = Turn(tools=calls, say=lambda results: (f"Results: {len(results)}.",))
    aws.sonic.scripts.add(Session(turns=(turn,)))
    agent = BidiAgent(model, tools=[multiply])
    async with talking(agent):
        await agent.send("Go")
        await until_enough(agent, has_said("Results: 2."))
    assert aws.sonic.violations == []


@pytest.mark.parametrize("style", [MODEL_TIMEOUT, SILENT_USER], ids=lambda each: each.kind)
async def test_after_a_time_out_the_next_session_gets_the_history(
    aws: AwsEmulator, model: BedrockNovaSonicModel, style: StreamException
) -> None:
    met = Turn(say=("Nice to meet you.",), fault=style, fault_after_seconds=9)
    aws.sonic.scripts.add(Session(turns=(met,)), Session(turns=(Turn(say=("You are Ada.",)),)))
    agent = BidiAgent(model)

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


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("modelStreamErrorException", ModelStreamErrorException),
        ("internalServerException", InternalServerException),
        ("serviceUnavailableException", ServiceUnavailableException),
        ("throttlingException", ThrottlingException),
        ("validationException", ValidationException),
        ("modelTimeoutException", ConnectionTimeoutError),
    ],
)
async def test_exceptions_within_the_stream_are_raised(
    aws: AwsEmulator, model: BedrockNovaSonicModel, kind: str, error: type[Exception]
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(fault=StreamException(kind)),)))
    async with started(model):
        await write(model, "Hi")
        with pytest.raises(error):
            await until(model, "never")


@pytest.mark.parametrize("refusal", [THROTTLED, DENIED], ids=lambda each: each.code)
async def test_a_refusal_at_connect_is_raised_by_the_reader(
    aws: AwsEmulator, model: BedrockNovaSonicModel, refusal: Refusal
) -> None:
    aws.sonic.scripts.add(refusal)
    async with started(model):  # strands 1.62 takes it for a connection
        with pytest.raises(Exception, match=refusal.message[:20]):
            await until(model, "never")
    assert [each.outcome for each in await asyncio.to_thread(aws.sonic.ended, 1)] == ["refused"]


@pytest.mark.parametrize("cut", [Break.TCP_CUT, Break.RST_STREAM, Break.END_STREAM])
async def test_a_lost_connection_ends_the_reader_without_a_word(
    aws: AwsEmulator, model: BedrockNovaSonicModel, cut: Fault
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(fault=cut, fault_after_seconds=0.2),)))
    async with started(model):
        await write(model, "Hi")
        events = await until(model, "never")
    assert (kinds(events)[-1], len(sound(events))) == ("audio_delta", 24000 * 2 // 5)
    assert [each.outcome for each in await asyncio.to_thread(aws.sonic.ended, 1)] == ["failed"]


@pytest.mark.parametrize("damage", [Break.TRUNCATED_MESSAGE, Break.BAD_CHECKSUM])
async def test_a_damaged_message_is_an_error_of_the_framing(
    aws: AwsEmulator, model: BedrockNovaSonicModel, damage: Fault
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(fault=damage),)))
    async with started(model):
        await write(model, "Hi")
        with pytest.raises(EventError):
            await until(model, "never")


@pytest.mark.parametrize(
    "script",
    [
        Session(headers="never"),
        Session(is_reading=False),
        Session(turns=(Turn(is_silent=True),)),
        Session(turns=(Turn(fault=Break.SILENCE),)),
    ],
    ids=["no headers", "nothing read", "no answer", "an answer that stops"],
)
async def test_silence_lasts_for_ever(
    aws: AwsEmulator, model: BedrockNovaSonicModel, script: Session
) -> None:
    aws.sonic.scripts.add(script)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), started(model):
            await write(model, "Hi")
            await until(model, "bidi_response_stop")


async def test_a_closed_window_stops_the_microphone(
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    aws.sonic.scripts.add(Session(is_reading=False))
    async with started(model):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await say(model, *[SILENCE] * 100)


async def test_headers_may_wait_for_the_first_event(
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    aws.sonic.scripts.add(Session(headers="first event"))
    async with started(model):
        await write(model, "Hi")
        assert kinds(await until(model, "bidi_response_stop"))[-1] == "response_stop"


async def test_what_nova_would_refuse_is_refused_and_recorded(
    aws: AwsEmulator, model: BedrockNovaSonicModel
) -> None:
    async with started(model):
        await model._send_nova_events([model._get_text_input_event("nowhere", "Hi")])
        with pytest.raises(ValidationException, match="no content nowhere is open"):
            await until(model, "never")
    [session] = await asyncio.to_thread(aws.sonic.ended, 1)
    assert (session.outcome, session.violations) == (
        "violation",
        ["textInput: no content nowhere is open"],
    )


async def test_a_caller_with_wrong_keys_is_refused(
    aws: AwsEmulator, model: BedrockNovaSonicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    wrong = BedrockNovaSonicModel(boto_session=boto3.Session(), model_id=MODEL)
    async with started(wrong):
        with pytest.raises(Exception, match="InvalidSignatureException"):
            await until(wrong, "never")
    assert [each.code for each in aws.routes.refused.take()] == ["InvalidSignatureException"]
