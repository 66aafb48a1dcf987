"""A voice model that says what a test tells it, when it tells it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, override

from strands.bidi.models import BidiModel
from strands.bidi.models.configs import AudioConfig, AudioStreamConfig
from strands.bidi.types.content import BidiMessage
from strands.bidi.types.events import (
    BidiAudioDeltaEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
    BidiToolUseBlocksEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
)


class ScriptedVoice(BidiModel):
    """Remembers what it is sent; gives the events that ``says`` is called with."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.history: list[Any] = []
        self.started = 0
        self.stopped = 0
        self.start_error: Exception | None = None
        self.stop_waits = False
        self._events: asyncio.Queue[Any] = asyncio.Queue()

    def says(self, *events: Any) -> None:
        """Give these events; an exception is raised."""
        for event in events:
            self._events.put_nowait(event)

    def get_audio_config(self) -> AudioConfig:
        form = AudioStreamConfig(sample_rate=16000, channels=1, format="pcm")
        return AudioConfig(
            input=form, output=AudioStreamConfig(sample_rate=24000, channels=1, format="pcm")
        )

    @override
    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    @override
    def get_config(self) -> Any:
        return {"model_id": "scripted-voice"}

    @override
    async def start(
        self, system_prompt: Any = None, tools: Any = None, messages: Any = None, **options: Any
    ) -> None:
        if self.start_error is not None:
            raise self.start_error
        self.started += 1
        self.history = list(messages or [])

    @override
    async def stop(self) -> None:
        self.stopped += 1
        if self.stop_waits:
            await asyncio.Event().wait()

    @override
    async def receive(self) -> AsyncIterator[Any]:
        while True:
            event = await self._events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    @override
    async def send(self, content: Any) -> None:
        self.sent.append(content)


def user_says(text: str, content_id: str = "u") -> list[Any]:
    return [
        BidiTranscriptStartEvent("user", content_id),
        BidiTranscriptDeltaEvent(text, "user", content_id),
        BidiTranscriptStopEvent("user", content_id),
    ]


def assistant_says(text: str, content_id: str = "a", audio: str = "AQI=") -> list[Any]:
    return [
        BidiResponseStartEvent(f"r-{content_id}"),
        BidiTranscriptStartEvent("assistant", content_id),
        BidiTranscriptDeltaEvent(text, "assistant", content_id),
        BidiAudioDeltaEvent(audio, "pcm", 24000, 1, content_id),
        BidiTranscriptStopEvent("assistant", content_id),
        BidiResponseStopEvent(f"r-{content_id}"),
    ]


def calls_tool(call: str, name: str, **arguments: Any) -> list[Any]:
    use: Any = {"toolUseId": call, "name": name, "input": arguments}
    return [
        BidiResponseStartEvent(f"r-{call}"),
        BidiToolUseBlocksEvent([use]),
        BidiResponseStopEvent(f"r-{call}"),
    ]


def texts_sent(voice: ScriptedVoice) -> list[str]:
    """The texts of the messages the model was sent."""
    return [
        getattr(block, "text", "")
        for message in voice.sent
        if isinstance(message, BidiMessage)
        for block in message.content
    ]
