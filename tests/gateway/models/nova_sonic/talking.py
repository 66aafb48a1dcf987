"""A strands agent that talks with Nova Sonic, and a user who speaks to it, for tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from strands import tool
from strands.bidi import BidiAgent
from strands.bidi.types.media import AudioDelta

from gateway.models.choice import ModelChoice
from gateway.models.nova_sonic.factory import voice_model
from gateway.models.nova_sonic.model import NovaSonicModel
from gateway.settings import VoiceOptions
from tests.emulators.sonic.hearing import tone

RATE = 16000
SPEECH = tone(440, 0.6, RATE)
LIMIT_SECONDS = 25


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a * b


def nova(**options: Any) -> NovaSonicModel:
    choice = ModelChoice(setting="bedrock", speech=VoiceOptions(**options))
    model = voice_model(choice)
    assert isinstance(model, NovaSonicModel)
    return model


class Talk:
    """What an agent has given so far, and a microphone that never stops."""

    def __init__(self, agent: BidiAgent, step_bytes: int = 3200) -> None:
        self.agent = agent
        self._step_bytes = step_bytes
        self.events: list[Any] = []
        self.error: Exception | None = None
        self._changed = asyncio.Condition()
        self._said: asyncio.Queue[bytes] = asyncio.Queue()

    def say(self, pcm: bytes) -> None:
        """Speak; silence follows without end."""
        self._said.put_nowait(pcm)

    async def until(self, enough: Callable[["Talk"], bool]) -> None:
        """Wait until enough was given, or the conversation has failed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.error is not None or enough(self))
        if self.error is not None and not enough(self):
            raise self.error

    async def answers(self, count: int) -> None:
        """Wait for so many answers that are complete."""
        await self.until(lambda talk: talk.kinds().count("response_stop") >= count)

    def kinds(self) -> list[str]:
        """Types of the events, without the common part."""
        return [event.get("type", "").removeprefix("bidi_") for event in self.events]

    def words(self, role: str) -> list[str]:
        """What one side said, by finished transcripts."""
        return [
            event["transcript"]
            for event in self.events
            if event.get("type") == "bidi_transcript_block" and event["role"] == role
        ]

    async def listen(self) -> None:
        try:
            async for event in self.agent.receive():
                async with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            async with self._changed:
                self.error = error
                self._changed.notify_all()

    async def speak(self) -> None:
        while True:
            pcm = silence(0.1)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.03):
                    pcm = await self._said.get()
            step = self._step_bytes
            for start in range(0, len(pcm), step):
                sound = AudioDelta(format="pcm", source={"bytes": pcm[start : start + step]})
                await self.agent.send(sound)


@asynccontextmanager
async def talking(
    model: NovaSonicModel,
    messages: Sequence[Any] = (),
    *,
    step_bytes: int = 3200,
    limit_seconds: float = LIMIT_SECONDS,
) -> AsyncIterator[Talk]:
    """Talk, and see that nothing is left of it."""
    before = asyncio.all_tasks()
    agent = BidiAgent(model, tools=[multiply], system_prompt="Be short.", messages=list(messages))
    async with asyncio.timeout(limit_seconds):
        await agent.start()
        talk = Talk(agent, step_bytes)
        tasks = [asyncio.create_task(talk.listen()), asyncio.create_task(talk.speak())]
        try:
            yield talk
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await agent.stop()
    # What the event loop is about to end has its turn now.
    while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
        async with asyncio.timeout(2):
            await asyncio.wait(left)
