"""A conversation goes on over lost and renewed connections; strands' agent, real sockets."""

import asyncio
from typing import Any

import pytest

from gateway.models.nova_sonic.history import GO_ON
from protocols.contract.errors import (
    GatewayError,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    TimedOut,
    Unavailable,
)
from tests.emulators.emulator import AwsEmulator
from tests.emulators.scripting import (
    DENIED,
    MODEL_TIMEOUT,
    SILENT_USER,
    THROTTLED,
    UNAVAILABLE,
    Break,
    Fault,
    Refusal,
    StreamException,
)
from tests.emulators.signatures import Credentials
from tests.emulators.sonic.scripts import Session, SonicScript, ToolCall, Turn
from tests.emulators.sonic.service import SessionRecord
from tests.gateway.models.nova_sonic.talking import SPEECH, Talk, nova, silence, talking

SPOKEN = SPEECH + silence(1)
ANSWER = Turn(heard="And now?", say=("It is noon.",))
GREETING = Turn(heard="Hi", say=("Hello.",))
REST = Turn(say=("That was all.",))
SILENT = Session(turns=(Turn(is_silent=True),))
EXPIRED = Refusal(403, "ExpiredTokenException", "The security token included is expired")
WRONG_VOICE = Refusal(400, "ValidationException", "Invalid voice")

FAULTS = [
    Break.TCP_CUT,
    Break.RST_STREAM,
    Break.END_STREAM,
    Break.TRUNCATED_MESSAGE,
    Break.BAD_CHECKSUM,
    MODEL_TIMEOUT,
    SILENT_USER,
    *(
        StreamException(kind)
        for kind in (
            "modelStreamErrorException",
            "internalServerException",
            "serviceUnavailableException",
            "throttlingException",
            "validationException",
        )
    ),
]


def named(fault: Fault) -> str:
    return fault.kind if isinstance(fault, StreamException) else fault.name


async def ended(aws: AwsEmulator, count: int) -> list[SessionRecord]:
    return await asyncio.to_thread(aws.sonic.ended, count)


def texts(record: SessionRecord) -> list[tuple[str, bool, str]]:
    """Role, whether it wants an answer, and words of all texts after the instructions."""
    starts = {body["contentName"]: body for body in record.bodies("contentStart")}
    inputs = [(starts[body["contentName"]], body["content"]) for body in record.bodies("textInput")]
    return [(start["role"], start["interactive"], words) for start, words in inputs][1:]


@pytest.mark.parametrize("fault", FAULTS, ids=named)
async def test_an_answer_that_is_cut_off_is_said_to_its_end(
    sonic: AwsEmulator, fault: Fault
) -> None:
    cut = Turn(heard="Hi", say=("Hello, I am",), fault=fault, fault_after_seconds=0.2)
    sonic.sonic.scripts.add(Session(turns=(cut,)), Session(turns=(REST,)))
    async with talking(nova()) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
    _, second = await ended(sonic, 2)
    assert texts(second) == [
        ("USER", False, "Hi"),
        ("ASSISTANT", False, "Hello, I am"),
        ("USER", True, GO_ON),
    ]
    assert (talk.words("user"), talk.words("assistant")) == (
        ["Hi"],
        ["Hello, I am", "That was all."],
    )


@pytest.mark.parametrize("fault", [Break.TCP_CUT, Break.SILENCE], ids=named)
async def test_a_question_without_an_answer_is_asked_again(
    sonic: AwsEmulator, fault: Fault
) -> None:
    lost = Turn(heard="Who are you?", say=(), fault=fault)
    sonic.sonic.scripts.add(Session(turns=(GREETING, lost)), Session(turns=(ANSWER,)))
    async with talking(nova(voice_answer_seconds=1.0)) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
        talk.say(SPOKEN)
        await talk.answers(2)
    _, second = await ended(sonic, 2)
    assert texts(second) == [
        ("USER", False, "Hi"),
        ("ASSISTANT", False, "Hello."),
        ("USER", True, "Who are you?"),
    ]
    assert talk.words("user") == ["Hi", "Who are you?"]


async def test_what_is_asked_again_is_not_shown_twice(sonic: AwsEmulator) -> None:
    lost = Turn(heard="Who are you?", say=(), fault=Break.TCP_CUT)
    again = Session(turns=(ANSWER,), repeats_typed_text=True)
    sonic.sonic.scripts.add(Session(turns=(lost,)), again)
    async with talking(nova()) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
    assert (talk.words("user"), talk.words("assistant")) == (["Who are you?"], ["It is noon."])


async def test_typed_text_that_a_lost_connection_took_is_asked_again(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(
        Session(turns=(Turn(say=(), fault=Break.RST_STREAM),)), Session(turns=(ANSWER,))
    )
    async with talking(nova()) as talk:
        await talk.agent.send("What time is it?")
        await talk.answers(1)
    _, second = await ended(sonic, 2)
    assert texts(second) == [("USER", True, "What time is it?")]


async def test_speech_that_was_not_heard_is_said_again(sonic: AwsEmulator) -> None:
    # The connection ends within the speech.
    sonic.sonic.scripts.add(
        Session(ends_with=Break.TCP_CUT, ends_after_audio_seconds=0.5),
        Session(turns=(Turn(seconds=None, heard="Hi"),)),
    )
    async with talking(nova()) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
    _, second = await ended(sonic, 2)
    assert SPEECH in bytes(second.pcm_in)
    assert talk.words("user") == ["Hi"]


async def test_what_was_found_by_a_tool_is_told_to_the_next_connection(sonic: AwsEmulator) -> None:
    call = Turn(
        heard="Six times seven?",
        tools=(ToolCall("multiply", {"a": 6, "b": 7}),),
        say=(),
        fault=Break.END_STREAM,
    )
    sonic.sonic.scripts.add(Session(turns=(call,)), Session(turns=(Turn(say=("It is 42.",)),)))
    async with talking(nova()) as talk:
        talk.say(SPOKEN)
        await talk.until(lambda talk: talk.words("assistant") == ["It is 42."])
    _, second = await ended(sonic, 2)
    [question, told] = texts(second)
    assert question == ("USER", False, "Six times seven?")
    assert "Tool: multiply\n" in told[2]
    assert "Result: 42" in told[2]


async def test_a_tool_is_called_with_arguments_that_came_twice_encoded(sonic: AwsEmulator) -> None:
    call = Turn(
        heard="Six times seven?",
        tools=(ToolCall("multiply", {"a": 6, "b": 7}, is_encoded_twice=True),),
        say=lambda results: (f"It is {results[0]['text']}.",),
    )
    sonic.sonic.scripts.add(Session(turns=(call,)))
    async with talking(nova()) as talk:
        talk.say(SPOKEN)
        await talk.until(lambda talk: talk.words("assistant") == ["It is 42."])


@pytest.mark.parametrize("refusal", [THROTTLED, UNAVAILABLE, EXPIRED], ids=lambda each: each.code)
async def test_a_refusal_that_passes_is_not_noticed(sonic: AwsEmulator, refusal: Refusal) -> None:
    sonic.sonic.scripts.add(refusal, Session(turns=(GREETING,)))
    async with talking(nova()) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
    assert talk.words("user") == ["Hi"]


@pytest.mark.parametrize(
    ("scripts", "error"),
    [
        ([THROTTLED] * 3, ModelThrottled),
        ([UNAVAILABLE] * 3, Unavailable),
        ([EXPIRED] * 3, NotConfigured),
        ([DENIED], NotConfigured),
        ([WRONG_VOICE], NotConfigured),
        ([SILENT] * 2, TimedOut),
        ([Session(headers="never")] * 2, TimedOut),
        ([Session(is_reading=False)] * 2, TimedOut),
        ([Session(turns=(Turn(fault=Break.TCP_CUT),))] * 3, ModelFailed),
    ],
    ids=[
        "throttled",
        "unavailable",
        "expired",
        "denied",
        "wrong voice",
        "silent",
        "no headers",
        "nothing read",
        "cut",
    ],
)
async def test_what_does_not_pass_is_told_in_time(
    sonic: AwsEmulator, scripts: list[SonicScript], error: type[GatewayError]
) -> None:
    sonic.sonic.scripts.add(*scripts)
    async with talking(nova(voice_answer_seconds=1.0)) as talk:
        talk.say(SPOKEN)
        with pytest.raises(error):
            await talk.answers(1)
    assert len(await ended(sonic, len(scripts))) == len(scripts)


async def test_a_service_that_is_not_there_is_told_in_time(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://127.0.0.1:1")
    history: Any = [{"role": "user", "content": [{"text": "x"}]}] * 20
    async with talking(nova(), history) as talk:
        with pytest.raises(ModelFailed, match="cannot be reached"):
            await talk.answers(1)


async def test_a_service_that_went_silent_answers_on_another_connection(
    sonic: AwsEmulator,
) -> None:
    sonic.sonic.scripts.add(SILENT, Session(turns=(GREETING,)))
    model = nova(voice_answer_seconds=1.0)
    async with talking(model) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
    assert (talk.words("user"), talk.kinds().count("connection_restart")) == (["Hi"], 1)
    assert not model.is_recovering


def restarted(talk: Talk) -> bool:
    return "connection_restart" in talk.kinds()


async def test_a_connection_is_renewed_in_a_pause_ahead_of_its_end(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(Session(turns=(GREETING,)), Session(turns=(ANSWER,)))
    async with talking(nova(voice_renew_seconds=30.0)) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
        talk.say(silence(30))
        await talk.until(restarted)
        talk.say(SPOKEN)
        await talk.answers(2)
    first, second = await ended(sonic, 2)
    assert (first.outcome, second.outcome) == ("ended", "ended")
    assert texts(second) == [("USER", False, "Hi"), ("ASSISTANT", False, "Hello.")]
    assert second.started_at < first.started_at + first.received[-1].at  # it was opened before
    assert talk.words("user") == ["Hi", "And now?"]


async def test_who_never_stops_speaking_is_renewed_all_the_same(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(Session(turns=(GREETING,)), Session(turns=(ANSWER,)))
    async with talking(nova(voice_renew_seconds=30.0)) as talk:
        talk.say(SPEECH * 130)  # 78 seconds
        await talk.until(restarted)
        talk.say(silence(1))
        await talk.answers(1)
    assert talk.words("user") == ["And now?"]


async def test_a_renewal_is_made_with_the_keys_of_then(
    sonic: AwsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sonic.sonic.scripts.add(Session(turns=(GREETING,)), Session(turns=(ANSWER,)))
    async with talking(nova(voice_renew_seconds=30.0)) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
        # What the environment held at first is not valid any more.
        sonic.credentials.clear()
        renewed = Credentials("AKIARENEWEDEXAMPLE00", "another/secret/key/of/no/account/0000000")
        sonic.credentials[renewed.access_key] = renewed
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", renewed.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", renewed.secret_key)
        talk.say(silence(30))
        await talk.until(restarted)
        talk.say(SPOKEN)
        await talk.answers(2)
    assert talk.words("user") == ["Hi", "And now?"]


async def test_a_refused_connection_ahead_is_made_again_at_the_renewal(sonic: AwsEmulator) -> None:
    sonic.sonic.scripts.add(Session(turns=(GREETING,)), THROTTLED, Session(turns=(ANSWER,)))
    async with talking(nova(voice_renew_seconds=30.0)) as talk:
        talk.say(SPOKEN)
        await talk.answers(1)
        talk.say(silence(30))
        await talk.until(restarted)
        talk.say(SPOKEN)
        await talk.answers(2)
    assert talk.words("user") == ["Hi", "And now?"]


async def test_an_answer_can_be_interrupted(sonic: AwsEmulator) -> None:
    monologue = Turn(say=("Once upon a time.",), seconds=60, pause_seconds=0.05)
    sonic.sonic.scripts.add(Session(turns=(monologue, ANSWER)))
    model = nova()
    async with talking(model) as talk:
        await model.interrupt()  # nothing is said yet
        talk.say(SPOKEN)
        await talk.until(lambda talk: "audio_delta" in talk.kinds())
        await model.interrupt()
        await talk.until(lambda talk: "barge_in" in talk.kinds())
        talk.say(SPOKEN)
        await talk.until(lambda talk: talk.words("assistant")[-1:] == ["It is noon."])
    kinds = talk.kinds()
    first = kinds.index("barge_in")
    assert "audio_delta" not in kinds[first : kinds.index("response_start", first)]


async def test_a_conversation_can_be_opened_again(sonic: AwsEmulator) -> None:
    model = nova()
    for _ in range(2):
        sonic.sonic.scripts.add(Session(turns=(GREETING,)))
        async with talking(model) as talk:
            with pytest.raises(RuntimeError, match="is open"):
                await model.start()
            talk.say(SPOKEN)
            await talk.answers(1)
    with pytest.raises(RuntimeError, match="not open"):
        await model.send(Any)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="not open"):
        await anext(model.receive())
    await model.stop()
