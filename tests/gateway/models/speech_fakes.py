"""Engines and a text model whose answers are known, and sound that they understand.

A frame of speech is loud at a level that stands for its words; nothing here depends on time.
"""

import asyncio
import threading
from array import array
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from copy import deepcopy
from types import TracebackType
from typing import Any, NoReturn, Self, cast

from strands.bidi.models import BidiModel
from strands.bidi.types.events import BidiOutputEvent
from strands.bidi.types.media import AudioDelta
from strands.models import Model
from strands.types.content import Message
from strands.types.streaming import StreamEvent

from gateway.models.offline.endpointing import FRAME_BYTES
from gateway.models.offline.speech import SpeechEngines

NOISE = 500
LIMIT_SECONDS = 10

type Step = str | tuple[str, str, str] | asyncio.Event | Exception


def frame(level: int) -> bytes:
    return array("h", [level] * (FRAME_BYTES // 2)).tobytes()


def speech(level: int, frames: int = 20) -> bytes:
    return frame(level) * frames


def silence(frames: int = 20) -> bytes:
    return bytes(FRAME_BYTES * frames)


def detect(sound: bytes) -> float:
    level = array("h", sound)[-1]
    return 0.0 if level in {0, NOISE} else 1.0


class FakeRecogniser:
    """Understands levels."""

    def __init__(self, words: Mapping[int, str] | None = None) -> None:
        self.words = dict(words or {})
        self.loads = 0
        self.heard: list[int] = []
        self.load_error: Exception | None = None
        self.error: Exception | None = None
        self.may_load = threading.Event()
        self.may_load.set()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.closed = False

    def load(self) -> None:
        self.loads += 1
        assert self.may_load.wait(LIMIT_SECONDS)
        if self.load_error is not None:
            raise self.load_error

    def transcribe(self, pcm: bytes) -> str:
        assert self.may_answer.wait(LIMIT_SECONDS)
        if self.error is not None:
            raise self.error
        level = max(array("h", pcm))
        self.heard.append(level)
        return self.words.get(level, "")

    def close(self) -> None:
        self.closed = True


class FakeSynthesizer:
    """Says each word in 100 ms of sound."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.closed = False
        self._spoken = asyncio.Condition()

    async def speak(self, sentence: str, voice: str) -> bytes:
        self.said.append((sentence, voice))
        async with self._spoken:
            self._spoken.notify_all()
        if self.error is not None:
            raise self.error
        return frame(1)[:2] * 1600 * len(sentence.split())

    async def until_said(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_SECONDS), self._spoken:
            await self._spoken.wait_for(lambda: len(self.said) >= count)

    async def aclose(self) -> None:
        self.closed = True


class ScriptedModel(Model):
    """Answers by a script: texts, tool calls, errors, and events to wait for."""

    def __init__(self, *answers: Sequence[Step]) -> None:
        self.answers = list(answers)
        self.asked: list[list[Message]] = []
        self.prompts: list[tuple[object, object]] = []

    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    def get_config(self) -> dict[str, str]:
        return {"model_id": "scripted"}

    def structured_output(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError

    async def stream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[StreamEvent]:
        self.asked.append(deepcopy(messages))
        self.prompts.append(cast(tuple[object, object], args))
        calls = False
        yield {"messageStart": {"role": "assistant"}}
        for step in self.answers.pop(0):
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                calls |= not isinstance(step, str)
                for event in _block(step):
                    yield event
        yield {"messageStop": {"stopReason": "tool_use" if calls else "end_turn"}}
        usage: Any = {"inputTokens": 2, "outputTokens": 3, "totalTokens": 5}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}


def _block(step: str | tuple[str, str, str]) -> list[StreamEvent]:
    if isinstance(step, str):
        return [
            {"contentBlockStart": {"start": {}}},
            {"contentBlockDelta": {"delta": {"text": step}}},
            {"contentBlockStop": {}},
        ]
    call_id, name, arguments = step
    return [
        {"contentBlockStart": {"start": {"toolUse": {"toolUseId": call_id, "name": name}}}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": arguments}}}},
        {"contentBlockStop": {}},
    ]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def fake_engines(
    words: Mapping[int, str] | None = None, **options: Any
) -> tuple[SpeechEngines, FakeRecogniser, FakeSynthesizer]:
    recogniser, synthesizer = FakeRecogniser(words), FakeSynthesizer()
    engines = SpeechEngines(
        recogniser=recogniser, synthesizer=synthesizer, new_detector=lambda: detect, **options
    )
    return engines, recogniser, synthesizer


class Call:
    """A conversation with a model, and everything it has reported."""

    def __init__(self, model: BidiModel, **start: Any) -> None:
        self.model = model
        self.events: list[Any] = []
        self._start = start
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.model.start(**self._start)
        self._reading = asyncio.create_task(self._read())
        await self.until("connection_start")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.model.stop()
        assert self._reading is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            await self._reading

    async def say(self, pcm: bytes) -> None:
        await self.model.send(AudioDelta(format="pcm", source={"bytes": pcm}))

    async def until(self, kind: str, count: int = 1) -> None:
        """Wait until so many events of a kind are there."""
        await self.when(lambda: self.kinds().count(kind) >= count, f"{count} {kind}")

    async def when(self, is_met: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while not is_met():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"never came: {what}; only {self.kinds()}") from None

    def kinds(self) -> list[str]:
        """The types of all events, audio pieces in a row as one, without their prefix."""
        kinds: list[str] = []
        for event in self.events:
            kind = event["type"].removeprefix("bidi_")
            if kind != "audio_delta" or kinds[-1:] != ["audio_delta"]:
                kinds.append(kind)
        return kinds

    def words(self, role: str) -> list[str]:
        return [
            event["delta"]
            for event in self.events
            if event["type"] == "bidi_transcript_delta" and event["role"] == role
        ]

    async def _read(self) -> None:
        async for event in cast(AsyncIterator[BidiOutputEvent], self.model.receive()):
            self.events.append(event)
            self._changed.set()
