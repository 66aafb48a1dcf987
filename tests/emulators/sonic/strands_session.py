"""A session of strands' model with the emulator, as tests hold it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.bidi.types.content import BidiMessage
from strands.bidi.types.media import AudioDelta
from strands.types.content import TextBlock

from tests.emulators.sonic.hearing import tone

MODEL = "amazon.nova-2-sonic-v1:0"
SPEECH = tone(440, 0.5, 16000)
SILENCE = bytes(16000 * 2)
LIMIT_SECONDS = 10


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
