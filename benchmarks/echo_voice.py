"""A voice model that says what it hears, at once: what is measured is what is around it."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from typing import Any, override

from strands.bidi.models import BidiModel
from strands.bidi.models.configs import AudioConfig, AudioStreamConfig
from strands.bidi.types.events import BidiAudioDeltaEvent, BidiResponseStartEvent
from strands.bidi.types.media import AudioDelta

RATE = 24_000


class EchoVoice(BidiModel):
    """One endless answer. With ``BOT=silent`` it hears and never says anything."""

    def __init__(self) -> None:
        self._is_silent = os.environ.get("BOT") == "silent"
        self._said: asyncio.Queue[Any] = asyncio.Queue(500)
        self._said.put_nowait(BidiResponseStartEvent("echo"))

    def get_audio_config(self) -> AudioConfig:
        """Both ways alike."""
        form = AudioStreamConfig(sample_rate=RATE, channels=1, format="pcm")
        return AudioConfig(input=form, output=form)

    @override
    def update_config(self, **model_config: Any) -> None:
        """There is nothing to set."""

    @override
    def get_config(self) -> Any:
        """Name the model."""
        return {"model_id": "echo"}

    @override
    async def start(self, *arguments: Any, **options: Any) -> None:
        """There is nothing to connect to."""

    @override
    async def stop(self) -> None:
        """There is nothing to free."""

    @override
    async def receive(self) -> AsyncIterator[Any]:
        """Say what was heard."""
        while True:
            yield await self._said.get()

    @override
    async def send(self, content: Any) -> None:
        """Hear."""
        if self._is_silent or not isinstance(content, AudioDelta):
            return
        audio = base64.b64encode(content.source["bytes"]).decode()
        self._said.put_nowait(BidiAudioDeltaEvent(audio, "pcm", RATE, 1, "echo"))


def voice_model(_: object = None) -> EchoVoice:
    """Make the model; the gateway's providers are called with what was chosen."""
    return EchoVoice()
