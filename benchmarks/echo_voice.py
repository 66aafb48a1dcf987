"""Voice models that take no time: what is measured is what is around them."""

import array
import asyncio
import base64
import os
import random
from collections.abc import AsyncIterator
from typing import Any, override

from strands.bidi.models import BidiModel
from strands.bidi.models.configs import AudioConfig, AudioStreamConfig
from strands.bidi.types.events import (
    BidiAudioDeltaEvent,
    BidiBargeInEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
)
from strands.bidi.types.media import AudioDelta

RATE = 24_000
ANSWER_SECONDS = 2
PIECE_BYTES = RATE // 10 * 2
LOUD = 1_000
BREATH_SECONDS = 0.3


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


class InterruptedVoice(EchoVoice):
    """Gives noise faster than real time; is interrupted by each word, and then begins anew."""

    def __init__(self) -> None:
        super().__init__()
        dice = random.Random(1)  # noqa: S311 - noise, the same each time
        noise = array.array("h", (dice.randint(-4_000, 4_000) for _ in range(RATE)))
        self._noise = noise.tobytes()
        self._answers = 0
        self._is_answering = False
        self._said = asyncio.Queue()
        self._begin()

    @override
    async def send(self, content: Any) -> None:
        """Hear."""
        if not self._is_answering or not isinstance(content, AudioDelta):
            return
        heard = array.array("h", content.source["bytes"])
        if max(map(abs, heard), default=0) > LOUD:
            self._is_answering = False
            for event in (BidiBargeInEvent(), BidiResponseStopEvent(str(self._answers))):
                self._said.put_nowait(event)
            asyncio.get_running_loop().call_later(BREATH_SECONDS, self._begin)

    def _begin(self) -> None:
        """Give a whole answer at once, as models do."""
        self._answers += 1
        self._is_answering = True
        self._said.put_nowait(BidiResponseStartEvent(str(self._answers)))
        for at in [*range(0, len(self._noise), PIECE_BYTES)] * ANSWER_SECONDS:
            audio = base64.b64encode(self._noise[at : at + PIECE_BYTES]).decode()
            name = str(self._answers)
            self._said.put_nowait(BidiAudioDeltaEvent(audio, "pcm", RATE, 1, name))


def voice_model(_: object = None) -> EchoVoice:
    """Make the model; the gateway's providers are called with what was chosen."""
    return InterruptedVoice() if os.environ.get("BOT") == "interrupted" else EchoVoice()
