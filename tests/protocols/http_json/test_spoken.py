"""A recording at the door, said to a live conversation that a test wrote down."""

import asyncio
import base64
import io
import wave
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import override

import httpx
import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import GatewayError, InvalidInput, ModelFailed, SessionBusy
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import AudioChunk, LiveInput, LiveOptions
from protocols.http_json import spoken
from protocols.http_json.spoken import SpokenTurn
from protocols.streaming import SESSION_HEADER
from tests.fakes import FakeConversations, FakeLive
from tests.protocols.doors import WAIT_SECONDS, Setting, events_of, kinds, knocking

WAV = {"Content-Type": "audio/wav"}
SOUND = Path(__file__).parents[2] / "audio"
PIECE_BYTES = 3200  # a tenth of a second at 16 kHz
TRAILING_BYTES = 64_000  # two seconds
ANSWER: tuple[Event, ...] = (
    SpeechStarted(),
    SpeechStopped(0.5),
    TurnStarted("1"),
    Transcript("u", "user", "What is 6*7?", final=True),
    Transcript("a", "assistant", "It is 42.", final=True),
    AudioDelta("a", b"\1\0\2\0"),
    TurnEnded(),
)


class Listener(FakeLive):
    """Gives its events once it has heard the whole recording; then says nothing more."""

    def __init__(
        self, events: Iterable[Event | Exception | asyncio.Event], *, hangs_up: bool = False
    ) -> None:
        super().__init__(events)
        self.heard_all = asyncio.Event()
        self.hangs_up = hangs_up
        self.breaks_on_send: Exception | None = None
        self.takes: asyncio.Event | None = None

    @override
    async def __aiter__(self) -> AsyncIterator[Event]:
        await self.heard_all.wait()
        async for event in super().__aiter__():
            yield event
        if not self.hangs_up:
            await asyncio.Event().wait()

    @override
    async def send(self, item: LiveInput) -> None:
        if self.breaks_on_send is not None:
            raise self.breaks_on_send
        await super().send(item)
        if isinstance(item, AudioChunk) and self.sound.endswith(bytes(TRAILING_BYTES)):
            self.heard_all.set()

    @override
    async def taken(self) -> None:
        await super().taken()
        if self.takes is not None:
            await self.takes.wait()

    @property
    def sound(self) -> bytes:
        return b"".join(item.pcm for item in self.said if isinstance(item, AudioChunk))


def recording(pcm: bytes, sample_rate: int = 16_000) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm)
    return written.getvalue()


QUESTION = recording(b"\1\1" * 4000)


async def said(
    live: Listener,
    body: bytes = QUESTION,
    accept: str = "*/*",
    content_type: str = "audio/wav",
    setting: Setting | None = None,
) -> httpx.Response:
    headers = {"Content-Type": content_type, "Accept": accept, SESSION_HEADER: "s"}
    async with knocking(FakeConversations(live=[live]), setting) as client:
        return await client.post(body, headers)


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert left == set()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "_UNDERSTANDING_SECONDS", 0.02)
    monkeypatch.setattr(spoken, "_ANSWER_SECONDS", 0.1)


# The answer


async def test_a_recording_is_answered_with_both_transcripts_and_a_wav() -> None:
    live = Listener(ANSWER)
    response = await said(live)
    shown = response.json()
    audio = base64.b64decode(shown.pop("audio"))
    assert (response.status_code, response.headers[SESSION_HEADER]) == (200, "s")
    assert shown == {
        "transcript": "What is 6*7?",
        "response": "It is 42.",
        "session_id": "s",
        "stop_reason": "end_turn",
        "tool_calls": [],
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    }
    with wave.open(io.BytesIO(audio)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(10) == b"\1\0\2\0"
    assert live.closed == 1


@pytest.mark.parametrize("accept", ["audio/wav", "audio/x-wav, */*;q=0.1", "audio/*"])
async def test_an_accepted_wav_is_the_spoken_answer(accept: str) -> None:
    live = Listener(ANSWER)
    response = await said(live, accept=accept)
    assert response.headers["Content-Type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as file:
        assert (file.getframerate(), file.readframes(10)) == (24_000, b"\1\0\2\0")
    assert live.closed == 1


async def test_an_accepted_event_stream_gets_the_run() -> None:
    live = Listener(ANSWER)
    response = await said(live, accept="text/event-stream")
    assert kinds(events_of(response)) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert live.closed > 0


async def test_the_conversation_hears_the_recording_in_pieces_and_then_silence() -> None:
    live = Listener(ANSWER)
    conversations = FakeConversations(live=[live])
    async with knocking(conversations) as client:
        await client.post(QUESTION, WAV | {SESSION_HEADER: "s"})
    assert live.sound == b"\1\1" * 4000 + bytes(TRAILING_BYTES)
    assert {len(item.pcm) for item in live.said[:-1] if isinstance(item, AudioChunk)} == {
        PIECE_BYTES
    }
    assert conversations.opened == [(SessionKey("caller", "s"), LiveOptions(), "http")]


@pytest.mark.parametrize(
    "content_type", ["audio/wave", "audio/x-wav", "audio/vnd.wave", "Audio/WAV; codecs=1"]
)
async def test_wav_has_many_names(content_type: str) -> None:
    assert (await said(Listener(ANSWER), content_type=content_type)).status_code == 200


async def test_raw_samples_are_big_endian_at_the_rate_they_tell() -> None:
    live = Listener(ANSWER)
    await said(live, b"\0\1" * 1600, content_type="audio/l16;rate=16000")
    assert live.sound[:4] == b"\1\0\1\0"


async def test_a_real_recording_at_another_rate_is_resampled() -> None:
    live = Listener(ANSWER)
    with wave.open(str(SOUND / "multiply.wav")) as file:
        pcm, rate = file.readframes(file.getnframes()), file.getframerate()
    seconds = len(pcm) / 2 / rate
    response = await said(live, recording(pcm, rate // 2))
    assert response.status_code == 200
    assert (len(live.sound) - TRAILING_BYTES) / 2 / 16_000 == pytest.approx(2 * seconds, abs=0.05)


async def test_an_answer_that_the_recording_cut_off_itself_gives_way_to_the_next() -> None:
    live = Listener(
        [
            *ANSWER[:3],
            Transcript("v", "user", "What is", final=True),
            Transcript("a", "assistant", "What is what"),
            AudioDelta("a", b"\7\7"),
            SpeechStarted(),
            BargeIn(),
            TurnEnded("cancelled", "cancelled"),
            *ANSWER[1:],
        ]
    )
    shown = (await said(live)).json()
    assert (shown["transcript"], shown["response"], shown["stop_reason"]) == (
        "What is What is 6*7?",
        "It is 42.",
        "end_turn",
    )
    assert base64.b64decode(shown["audio"]).endswith(b"data\4\0\0\0\1\0\2\0")


async def test_an_answer_that_somebody_cancelled_is_told_as_far_as_it_came() -> None:
    live = Listener(
        [*ANSWER[:4], TextDelta("a", "It"), BargeIn(), TurnEnded("cancelled", "cancelled")]
    )
    shown = (await said(live)).json()
    assert (shown["response"], shown["stop_reason"]) == ("It", "cancelled")


# What goes wrong


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("audio/wav", b"", 400),
        ("audio/wav", b"not a recording", 400),
        ("audio/wav", recording(b""), 400),
        ("audio/wav", b"RIFF\xff\xff\xff\xffWAVEfmt ", 400),
        ("audio/wav", (b"OggS" + bytes(100)), 400),
        ("audio/l16", b"\0\1", 400),
        ("audio/l16;rate=fast", b"\0\1", 400),
        ("audio/l16;rate=16000", b"\0", 400),
        ("audio/l16;rate=16000", b"", 400),
    ],
)
async def test_what_is_no_recording_opens_no_conversation(
    content_type: str, body: bytes, status: int
) -> None:
    conversations = FakeConversations()
    async with knocking(conversations) as client:
        response = await client.post(body, {"Content-Type": content_type})
    assert (response.status_code, response.json()["code"]) == (status, "VALIDATION_ERROR")
    assert conversations.opened == []


@pytest.mark.parametrize("accept", ["application/json", "audio/wav", "text/event-stream"])
@pytest.mark.usefixtures("hurried")
async def test_silence_is_a_clear_error_in_every_form(accept: str) -> None:
    live = Listener([])
    response = await said(live, recording(bytes(8000)), accept)
    if accept == "text/event-stream":
        assert kinds(events_of(response)) == ["RUN_STARTED", "RUN_ERROR"]
        shown = events_of(response)[-1]
        assert (shown["message"], shown["code"]) == (
            "No speech was understood in the recording.",
            "VALIDATION_ERROR",
        )
    else:
        assert (response.status_code, response.json()["error"]) == (
            400,
            "No speech was understood in the recording.",
        )
    assert live.closed > 0


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([SpeechStarted(), SpeechStopped()], "VALIDATION_ERROR"),
        ([SpeechStarted(), TurnStarted("1"), TextDelta("a", "It")], "TIMED_OUT"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.usefixtures("hurried")
async def test_an_answer_that_stops_coming_is_waited_for_only_so_long(
    events: list[Event], code: str, accept: str
) -> None:
    live = Listener(events)
    response = await said(live, accept=accept, setting=Setting(keep_alive_seconds=0.03))
    assert f'"code":"{code}"' in response.text
    assert live.closed > 0


@pytest.mark.usefixtures("hurried")
async def test_a_model_that_takes_no_sound_is_waited_for_only_so_long() -> None:
    live = Listener([])
    live.takes = asyncio.Event()
    response = await said(live)
    assert (response.status_code, response.json()["code"]) == (504, "TIMED_OUT")
    assert live.closed == 1


async def test_an_answer_may_come_before_all_is_said() -> None:
    live = Listener(ANSWER)
    live.heard_all.set()
    live.takes = asyncio.Event()
    assert (await said(live)).json()["response"] == "It is 42."
    assert live.closed == 1


@pytest.mark.parametrize("events", [[], ANSWER[:-1]])
async def test_a_model_that_hangs_up_early_failed(events: list[Event]) -> None:
    live = Listener(events, hangs_up=True)
    response = await said(live)
    assert (response.status_code, response.json()["code"]) == (502, "AGENT_ERROR")
    assert live.closed == 1


@pytest.mark.parametrize(
    ("error", "status"), [(ModelFailed("Gone."), 502), (KeyError("sk-secret"), 500)]
)
@pytest.mark.parametrize("where", ["send", "receive"])
async def test_a_failure_is_told_and_the_conversation_closed(
    error: Exception, status: int, where: str
) -> None:
    live = Listener([error] if where == "receive" else ())
    if where == "send":
        live.breaks_on_send = error
    response = await said(live)
    assert (response.status_code, live.closed) == (status, 1)
    assert "sk-secret" not in response.text


async def test_a_busy_session_is_told_by_status_and_in_band() -> None:
    class Busy(FakeConversations):
        @override
        async def open(self, session: SessionKey, options: LiveOptions, wire: object) -> FakeLive:
            raise SessionBusy("Busy.")

    for in_band, status in ((False, 409), (True, 200)):
        async with knocking(Busy(), Setting(in_band=in_band)) as client:
            response = await client.post(QUESTION, WAV | {SESSION_HEADER: "s"})
        assert (response.status_code, response.json()["code"]) == (status, "SESSION_BUSY")


async def test_closing_a_turn_that_never_began_hangs_up() -> None:
    live = Listener([])
    turn = SpokenTurn(live, b"\0\0", 16_000)
    await turn.aclose()
    await turn.aclose()
    assert live.closed == 2


async def test_closing_hangs_up_even_when_saying_had_failed() -> None:
    live = Listener(ANSWER)
    live.breaks_on_send = InvalidInput("Too much is waiting.")
    live.heard_all.set()
    turn = SpokenTurn(live, b"\0\0", 16_000)
    async with asyncio.timeout(WAIT_SECONDS):
        with pytest.raises(GatewayError, match="Too much"):
            async for _ in turn:
                pass
        await turn.aclose()
    assert live.closed == 1
