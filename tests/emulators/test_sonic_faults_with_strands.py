"""The BedrockNovaSonicModel of strands when the emulated Nova Sonic fails in each of its ways."""

import asyncio

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
from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.bidi.models.model import ConnectionTimeoutError

from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    DENIED,
    THROTTLED,
    Break,
    Fault,
    Refusal,
    StreamException,
)
from tests.emulators.sonic.scripts import Session, Turn
from tests.emulators.sonic.strands_session import (
    MODEL,
    SILENCE,
    kinds,
    say,
    sound,
    started,
    until,
    write,
)


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
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, kind: str, error: type[Exception]
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(fault=StreamException(kind)),)))
    async with started(sonic_model):
        await write(sonic_model, "Hi")
        with pytest.raises(error):
            await until(sonic_model, "never")


@pytest.mark.parametrize("refusal", [THROTTLED, DENIED], ids=lambda each: each.code)
async def test_a_refusal_at_connect_is_raised_by_the_reader(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, refusal: Refusal
) -> None:
    aws.sonic.scripts.add(refusal)
    async with started(sonic_model):  # strands 1.62 takes it for a connection
        with pytest.raises(Exception, match=refusal.message[:20]):
            await until(sonic_model, "never")
    assert [each.outcome for each in await asyncio.to_thread(aws.sonic.ended, 1)] == ["refused"]


@pytest.mark.parametrize("cut", [Break.TCP_CUT, Break.RST_STREAM, Break.END_STREAM])
async def test_a_lost_connection_ends_the_reader_without_a_word(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, cut: Fault
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(fault=cut, fault_after_seconds=0.2),)))
    async with started(sonic_model):
        await write(sonic_model, "Hi")
        events = await until(sonic_model, "never")
    assert (kinds(events)[-1], len(sound(events))) == ("audio_delta", 24000 * 2 // 5)
    assert [each.outcome for each in await asyncio.to_thread(aws.sonic.ended, 1)] == ["failed"]


@pytest.mark.parametrize("damage", [Break.TRUNCATED_MESSAGE, Break.BAD_CHECKSUM])
async def test_a_damaged_message_is_an_error_of_the_framing(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, damage: Fault
) -> None:
    aws.sonic.scripts.add(Session(turns=(Turn(fault=damage),)))
    async with started(sonic_model):
        await write(sonic_model, "Hi")
        with pytest.raises(EventError):
            await until(sonic_model, "never")


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
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, script: Session
) -> None:
    aws.sonic.scripts.add(script)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), started(sonic_model):
            await write(sonic_model, "Hi")
            await until(sonic_model, "bidi_response_stop")


async def test_a_closed_window_stops_the_microphone(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    aws.sonic.scripts.add(Session(is_reading=False))
    async with started(sonic_model):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await say(sonic_model, *[SILENCE] * 100)


async def test_headers_may_wait_for_the_first_event(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    aws.sonic.scripts.add(Session(headers="first event"))
    async with started(sonic_model):
        await write(sonic_model, "Hi")
        assert kinds(await until(sonic_model, "bidi_response_stop"))[-1] == "response_stop"


async def test_what_nova_would_refuse_is_refused_and_recorded(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel
) -> None:
    async with started(sonic_model):
        await sonic_model._send_nova_events([sonic_model._get_text_input_event("nowhere", "Hi")])
        with pytest.raises(ValidationException, match="no content nowhere is open"):
            await until(sonic_model, "never")
    [session] = await asyncio.to_thread(aws.sonic.ended, 1)
    assert (session.outcome, session.violations) == (
        "violation",
        ["textInput: no content nowhere is open"],
    )


async def test_a_caller_with_wrong_keys_is_refused(
    aws: AwsEmulator, sonic_model: BedrockNovaSonicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    wrong = BedrockNovaSonicModel(boto_session=boto3.Session(), model_id=MODEL)
    async with started(wrong):
        with pytest.raises(Exception, match="InvalidSignatureException"):
            await until(wrong, "never")
    assert [each.code for each in aws.routes.refused.take()] == ["InvalidSignatureException"]
