"""One answer of the text model, spoken while it is made.

The text is cut into sentences; each is passed on as transcript and then as sound. Every stream that
was opened is closed, and ``BidiResponseStopEvent`` is the end, unless the model fails: then the
failure is.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from strands.bidi.types.events import (
    BidiAudioStartEvent,
    BidiAudioStopEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
    BidiToolUseBlocksEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
    BidiUsageEvent,
)
from strands.event_loop.streaming import process_stream
from strands.models import Model
from strands.types._events import ModelStopReason, TextStreamEvent
from strands.types.content import Message, Messages
from strands.types.event_loop import Usage
from strands.types.events import TypedEvent
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec, ToolUse

from gateway.models.cascade.outbox import Outbox
from gateway.models.cascade.playback import Answer, Playback
from gateway.models.offline.sentences import SentenceCutter
from gateway.models.offline.synthesizer import SynthesisFailed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Brain:
    """The text model with what it was told about its role and its tools."""

    model: Model
    system_prompt: str | None
    tools: list[ToolSpec] | None

    async def think(self, messages: Messages) -> AsyncGenerator[TypedEvent]:
        """Ask the model."""
        # Every provider of strands streams by an async generator, but only promises an iterable.
        chunks = cast(
            AsyncGenerator[StreamEvent],
            self.model.stream(messages, self.tools, self.system_prompt),
        )
        async with aclosing(chunks), aclosing(process_stream(chunks)) as events:
            async for event in events:
                yield event


@dataclass(frozen=True)
class Stage:
    """Where an answer is spoken."""

    outbox: Outbox
    playback: Playback
    say: Callable[[str], Awaitable[bytes]]


class Reply:
    """One answer being made."""

    def __init__(self, stage: Stage) -> None:
        self.answer = Answer()
        self.message: Message | None = None
        self.calls: list[ToolUse] = []
        self._stage = stage
        self._id = str(uuid4())
        self._transcript_id: str | None = None
        self._audio_id: str | None = None
        self._closed = False
        stage.outbox.put(BidiResponseStartEvent(self._id))

    async def run(self, brain: Brain, messages: Messages) -> None:
        """Let the model answer, and speak it; raises what the model failed with."""
        try:
            await self._think_aloud(brain, messages)
        except Exception:
            # No stop of the response: it would tell of an answer that came to its end.
            self._put_stops()
            self._closed = True
            raise
        finally:
            self.close()

    def close(self) -> None:
        """End the answer where it is; idempotent. Nothing of it follows."""
        if self._closed:
            return
        self._put_stops()
        self._put(BidiResponseStopEvent(self._id))
        self._closed = True

    async def _think_aloud(self, brain: Brain, messages: Messages) -> None:
        cutter = SentenceCutter()
        async with aclosing(brain.think(messages)) as thoughts:
            async for thought in thoughts:
                match thought:
                    case TextStreamEvent():
                        await self._speak(cutter.push(thought["data"]))
                    case ModelStopReason():
                        await self._speak(cutter.finish())
                        _, message, usage, _ = thought["stop"]
                        self._complete(message, usage)

    async def _speak(self, sentences: list[str]) -> None:
        for sentence in sentences:
            if self._transcript_id is None:
                self._transcript_id = str(uuid4())
                self._put(BidiTranscriptStartEvent("assistant", self._transcript_id))
            self._put(BidiTranscriptDeltaEvent(sentence, "assistant", self._transcript_id))
            pcm = await self._sound_of(sentence)
            if self._closed:
                return
            piece = self._stage.playback.queue(sentence, len(pcm))
            self.answer.pieces.append(piece)
            if not pcm:
                continue
            if self._audio_id is None:
                self._audio_id = str(uuid4())
                self._put(BidiAudioStartEvent(self._audio_id))
            await self._stage.outbox.put_audio(pcm, self._audio_id)

    async def _sound_of(self, sentence: str) -> bytes:
        try:
            return await self._stage.say(sentence)
        except SynthesisFailed as error:
            # The words are still worth having: they go out as a transcript without sound.
            logger.warning("a sentence of the answer could not be spoken: %s", error)
            return b""

    def _complete(self, message: Message, usage: Usage) -> None:
        if self._closed:
            return
        self.message = message
        self.calls = [block["toolUse"] for block in message["content"] if "toolUse" in block]
        self._put_stops()
        if usage["totalTokens"]:
            self._put(
                BidiUsageEvent(usage["inputTokens"], usage["outputTokens"], usage["totalTokens"])
            )
        if self.calls:
            self._put(BidiToolUseBlocksEvent(self.calls))

    def _put_stops(self) -> None:
        if self._transcript_id is not None:
            self._put(BidiTranscriptStopEvent("assistant", self._transcript_id))
            self._transcript_id = None
        if self._audio_id is not None:
            self._put(BidiAudioStopEvent(self._audio_id))
            self._audio_id = None

    def _put(self, event: TypedEvent) -> None:
        if not self._closed:
            self._stage.outbox.put(event)
