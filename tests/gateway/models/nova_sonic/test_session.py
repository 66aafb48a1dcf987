"""One connection ends in bounded time, whatever the service does; see the reference's table 1.2."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import boto3
import pytest
from strands.bidi.models.model import ConnectionTimeoutError

from gateway.models.nova_sonic.session import NovaSonicSession, StreamLost, decoded_twice
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import MODEL_TIMEOUT, SILENT_USER, Break, Fault
from tests.emulators.sonic.scripts import Session, ToolCall, Turn
from tests.emulators.sonic.strands_session import (
    MODEL,
    SILENCE,
    kinds,
    say,
    sound,
    until,
    words,
    write,
)

HISTORY: Any = [
    {"role": role, "content": [{"text": f"{role} {number}"}]}
    for number in range(4)
    for role in ("user", "assistant")
]


def session(**options: Any) -> NovaSonicSession:
    bounds = {"start_seconds": 5.0, "stop_seconds": 0.5} | options
    return NovaSonicSession(boto_session=boto3.Session(), model_id=MODEL, **bounds)


@asynccontextmanager
async def started(model: NovaSonicSession, **options: Any) -> AsyncIterator[None]:
    """Start; at the end stop, and see that no task and no connection is left."""
    before = asyncio.all_tasks()
    async with asyncio.timeout(15):
        await model.start(**options)
        try:
            yield
        finally:
            await model.stop()
    while left := asyncio.all_tasks() - before:
        async with asyncio.timeout(2):
            await asyncio.wait(left)
    assert not {"_client", "_stream"} & set(vars(model))


async def outcomes(aws: AwsEmulator) -> list[str]:
    return [each.outcome for each in await asyncio.to_thread(aws.sonic.ended, 1)]


@pytest.mark.parametrize("cut", [Break.TCP_CUT, Break.RST_STREAM, Break.END_STREAM])
async def test_a_stream_that_ends_by_itself_is_an_error(sonic: AwsEmulator, cut: Fault) -> None:
    sonic.sonic.scripts.add(Session(turns=(Turn(fault=cut, fault_after_seconds=0.2),)))
    model = session()
    async with started(model):
        await write(model, "Hi")
        with pytest.raises(StreamLost):
            await until(model, "never")


@pytest.mark.parametrize("style", [MODEL_TIMEOUT, SILENT_USER], ids=lambda each: each.kind)
async def test_time_outs_of_the_service_are_those_of_strands(
    sonic: AwsEmulator, style: Fault
) -> None:
    sonic.sonic.scripts.add(Session(turns=(Turn(fault=style),)))
    model = session()
    async with started(model):
        await write(model, "Hi")
        with pytest.raises(ConnectionTimeoutError):
            await until(model, "never")


async def test_a_connection_that_works_is_ended_politely(sonic: AwsEmulator) -> None:
    model = session()
    async with started(model, system_prompt="Be short."):
        await say(model, SILENCE)
        assert not model.is_answered
        await until(model, "bidi_connection_start")
    assert await outcomes(sonic) == ["ended"]
    await model.stop()  # once more does nothing


async def test_the_end_that_was_asked_for_is_no_error(sonic: AwsEmulator) -> None:
    model = session()
    async with started(model):
        reading = asyncio.create_task(until(model, "never"))
        await write(model, "Hi")
        await asyncio.to_thread(
            sonic.sonic.sessions.wait_for, lambda each: each and each[0].pcm_out
        )
        await model.stop()
        assert kinds(await reading)[0] == "connection_start"


@pytest.mark.parametrize(
    "script",
    [Session(headers="never"), Session(is_reading=False)],
    ids=["no headers", "nothing read"],
)
async def test_a_peer_that_stalls_is_left_in_time(sonic: AwsEmulator, script: Session) -> None:
    sonic.sonic.scripts.add(script)
    model = session()
    async with started(model):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await say(model, *[SILENCE] * 100)
        reading = asyncio.create_task(until(model, "never"))
        await asyncio.sleep(0)
        started_at = asyncio.get_running_loop().time()
        await model.stop()
        assert asyncio.get_running_loop().time() - started_at < 4
        await reading


async def test_hanging_up_before_the_first_headers_cancels_nobody(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(Session(headers="never"))
    model = session()
    async with started(model):
        await model.stop()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0


async def test_whoever_waits_to_speak_to_a_dead_peer_is_freed(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(Session(is_reading=False))
    model = session()
    async with started(model):
        speaking = asyncio.create_task(say(model, *[SILENCE] * 100))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.shield(speaking)
        await model.abandon()
        with pytest.raises((OSError, RuntimeError, AttributeError)):
            await speaking


async def test_a_service_that_is_not_there_is_told_by_the_reader(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://127.0.0.1:1")
    model = session()
    async with started(model, system_prompt="Be short."):
        with pytest.raises(Exception, match="REFUSED"):
            await until(model, "never")


async def test_a_history_for_a_service_that_is_not_there_ends_in_time(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More events than strands has room for: plain strands waits for ever.
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://127.0.0.1:1")
    model = session()
    async with started(model, system_prompt="Be short."):
        telling = asyncio.create_task(model.tell(HISTORY))
        with pytest.raises(Exception, match="REFUSED"):
            await until(model, "never")
        await model.abandon()
        with pytest.raises((OSError, RuntimeError, AttributeError)):
            await telling


async def test_history_is_told_before_anything_else(sonic: AwsEmulator) -> None:
    model = session()
    async with started(model, system_prompt="Be short.", messages=HISTORY[:2]):
        await write(model, "Hi")
        await until(model, "bidi_response_stop")
    [record] = await asyncio.to_thread(sonic.sonic.ended, 1)
    texts = [body["content"] for body in record.bodies("textInput")]
    assert texts == ["Be short.", "user 0", "assistant 0", "Hi"]


async def test_events_that_lack_a_field_are_left_out(
    sonic: AwsEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    odd: tuple[dict[str, Any], ...] = (
        {"usageEvent": {"totalTokens": 3}},
        {"contentStart": {"contentId": "c"}},
        {"contentEnd": {"contentId": "c"}},
        {"textOutput": {"role": "ASSISTANT"}},
        {"toolUse": {"toolUseId": "t", "toolName": "x", "content": "no JSON"}},
        {"news": {}},
    )
    sonic.sonic.scripts.add(Session(turns=(Turn(first=odd, say=("Hello.",)),)))
    model = session()
    async with started(model):
        await write(model, "Hi")
        events = await until(model, "bidi_response_stop")
    assert (words(events, "assistant"), len(sound(events)) > 0) == ("Hello.", True)
    logged = [each.getMessage() for each in caplog.records if each.name.startswith("gateway")]
    assert logged == [
        "Nova Sonic sent usageEvent in an unknown form: KeyError",
        "Nova Sonic sent contentStart in an unknown form: KeyError",
        "Nova Sonic sent textOutput in an unknown form: KeyError",
        "Nova Sonic sent toolUse in an unknown form: JSONDecodeError",
    ]


async def test_arguments_that_were_encoded_twice_are_decoded(sonic: AwsEmulator) -> None:
    call = ToolCall("clock", {"zone": "UTC"}, is_encoded_twice=True)
    sonic.sonic.scripts.add(Session(turns=(Turn(tools=(call,)),)))
    model = session()
    clock: Any = {"name": "clock", "description": "Time.", "inputSchema": {"json": {}}}
    async with started(model, tools=[clock]):
        await write(model, "Hi")
        events = await until(model, "bidi_tool_use_blocks")
    assert [use["input"] for use in events[-1]["tool_uses"]] == [{"zone": "UTC"}]


@pytest.mark.parametrize(
    ("arguments", "decoded"),
    [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("plain", "plain"), ("[1]", "[1]")],
)
def test_only_an_object_in_a_string_is_decoded_again(arguments: Any, decoded: Any) -> None:
    assert decoded_twice(arguments) == decoded
