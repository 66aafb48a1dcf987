"""One live conversation on one wire: the shell around ``Pacer`` and ``Dialogue``.

Above: a wire that decodes what its client sends and implements ``Outlet``. Below: a
``LiveConversation``. What the user says goes straight to the conversation, which never waits and
bounds it; what the model makes waits in the pacer, which slows the model when full. Everything
that leaves passes one lock, so that it leaves in the order of its numbers.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from protocols.audio import Resampler
from protocols.contract.conversations import LiveConversation
from protocols.contract.errors import InvalidInput, NotFound, Unavailable
from protocols.contract.events import Event
from protocols.contract.inputs import AudioChunk, Media, Text
from protocols.live.dialogue import (
    Dialogue,
    Drop,
    EndReason,
    Finish,
    Output,
    Play,
    Say,
)
from protocols.live.messages import (
    ClientMessage,
    InputAudio,
    InputImage,
    InputText,
    Playback,
    ResponseCancel,
    SessionStart,
    SessionStop,
    ToolOutcome,
)
from protocols.live.pacing import Pace, Pacer
from protocols.live.racing import first_of

_BYTES_PER_SAMPLE = 2
_SHORTEST_WAIT_SECONDS = 0.001


class Outlet(Protocol):
    """The way out of a wire. Never called by two tasks at once."""

    async def say(self, document: dict[str, Any]) -> None:
        """Send one JSON object."""
        ...

    async def play(self, pcm: bytes) -> None:
        """Send audio at the wire's output rate, at most 100 ms."""
        ...

    async def drop(self) -> None:
        """Throw away the audio that is not played yet; ``gateway.audio.flush`` follows."""
        ...


class SampleRates(Struct, frozen=True):
    """Hertz of the audio on the wire, both ways."""

    input: int
    output: int


class LiveSession:
    """Carries a conversation; made by the wire that opened it, and closed by it.

    Args:
        conversation: opened, not yet iterated. ``aclose`` closes it.
        outlet: where the answers go.
        dialogue: of the session.
        pace: how far ahead of the listener this wire runs.
        sample_rates: of the wire; None takes those of the conversation.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        conversation: LiveConversation,
        outlet: Outlet,
        dialogue: Dialogue,
        *,
        pace: Pace,
        sample_rates: SampleRates | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        native = SampleRates(conversation.input_sample_rate, conversation.output_sample_rate)
        self._sample_rates = sample_rates or native
        self._conversation = conversation
        self._outlet = outlet
        self._dialogue = dialogue
        self._pacer = Pacer(native.output, pace)
        self._clock = clock
        self._hearing = Resampler(self._sample_rates.input, native.input)
        self._voice = Resampler(native.output, self._sample_rates.output)
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._conversation_over = False
        self._stopped: EndReason | None = None
        self._announced = False
        self._draining = False
        self._lock = asyncio.Lock()

    async def run(self) -> EndReason:
        """Greet the client and serve until the conversation is over; says why it ended.

        Raises:
            GatewayError: the conversation failed. ``fail`` tells the client.
        """
        await self.announce()
        self._announced = True
        if self._draining:
            await self._emit(self._dialogue.draining)
        await first_of(self._listen(), self._speak())
        reason: EndReason = self._stopped or ("draining" if self._draining else "ended")
        await self._emit(lambda: self._dialogue.ended(reason))
        return reason

    async def announce(self) -> None:
        """Tell the client about the session."""
        await self._emit(
            lambda: self._dialogue.opened(
                model=self._conversation.model,
                input_sample_rate=self._sample_rates.input,
                output_sample_rate=self._sample_rates.output,
            )
        )

    async def hear(self, pcm: bytes) -> None:
        """Take sound of the user: PCM16 at the wire's input rate. Never waits for the model.

        Raises:
            InvalidInput: not a whole number of samples, or the model takes no sound.
        """
        if len(pcm) % _BYTES_PER_SAMPLE:
            raise InvalidInput(
                "Audio is PCM with 2 bytes a sample, but an odd number of bytes came. "
                "Send whole samples in each frame."
            )
        sound = self._hearing.feed(pcm)
        if sound:
            await self._conversation.send(AudioChunk(sound))

    async def receive(self, message: ClientMessage) -> None:  # noqa: C901 - one arm a message
        """Do what a message of the client asks for.

        Raises:
            InvalidInput: it cannot be done; ``refuse`` tells the client.
            Unavailable: the session is about to end; nothing new is asked in it.
        """
        match message:
            case InputText():
                await self._ask(message.text)
            case InputImage():
                await self._conversation.send(Media("image", message.mime_type, message.data))
            case InputAudio():
                await self.hear(message.data)
            case Playback():
                self._note_playback(message)
            case ResponseCancel():
                await self._cancel()
            case SessionStop():
                self.stop()
            case SessionStart():
                raise InvalidInput(
                    "The session has started already; session.start comes once, first. "
                    "Open another connection for another session."
                )
            case ToolOutcome():
                raise NotFound("No tool call waits for a result of the client.")

    async def refuse(self, error: Exception) -> None:
        """Tell the client that an input was not taken."""
        await self._emit(lambda: self._dialogue.refused(error))

    async def fail(self, error: Exception) -> None:
        """Tell the client that the conversation failed; nothing follows."""
        await self._emit(
            lambda: [*self._dialogue.failed(error), *self._dialogue.ended("failed")],
        )

    async def drain(self) -> None:
        """End as soon as what was asked is answered, and the answer was heard."""
        self._draining = True
        if self._announced:
            await self._emit(self._dialogue.draining)
        self._changed.set()

    def stop(self, reason: EndReason = "stopped") -> None:
        """End now; the first reason given counts."""
        self._stopped = self._stopped or reason
        self._changed.set()

    async def aclose(self) -> None:
        """Close the conversation. Idempotent."""
        self.stop()
        await self._conversation.aclose()

    async def _listen(self) -> None:
        """Conversation → pacer."""
        async for event in self._conversation:
            self._pacer.push(event, self._clock())
            self._changed.set()
            while self._pacer.is_full:
                self._has_room.clear()
                await self._has_room.wait()
        self._conversation_over = True
        self._changed.set()
        await asyncio.Event().wait()  # until _speak has said the rest

    async def _speak(self) -> None:
        """Pacer → wire."""
        while not self._is_over():
            if await self._speak_next():
                continue
            self._has_room.set()
            self._changed.clear()
            wait_seconds = self._pacer.wait_seconds(self._clock())
            if wait_seconds is not None:
                wait_seconds = max(wait_seconds, _SHORTEST_WAIT_SECONDS)
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _speak_next(self) -> bool:
        async with self._lock:
            now = self._clock()
            event: Event | None = None if self._is_over() else self._pacer.take(now)
            if event is None:
                return False
            await self._deliver(self._dialogue.translate(event, now))
        if not self._pacer.is_full:
            self._has_room.set()
        return True

    def _is_over(self) -> bool:
        if self._stopped:
            return True
        if self._draining and not self._dialogue.is_in_run and self._pacer.is_empty:
            return True
        return self._conversation_over and self._pacer.is_empty

    async def _ask(self, text: str) -> None:
        if self._draining:
            raise Unavailable("The gateway is shutting down. Ask again in another session.")
        self._dialogue.asked(self._clock())
        await self._conversation.send(Text(text))

    async def _cancel(self) -> None:
        self._pacer.cut(self._clock())
        self._changed.set()
        # The lock is fair: the flush leaves before anything that waits in the pacer.
        await self._emit(lambda: self._dialogue.cut("cancelled"))
        self._conversation.cancel()

    def _note_playback(self, message: Playback) -> None:
        self._pacer.played(message.message_id, message.played_ms / 1000, self._clock())
        self._changed.set()

    async def _emit(self, write: Callable[[], list[Output]]) -> None:
        async with self._lock:
            await self._deliver(write())

    async def _deliver(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Say(document):
                    await self._outlet.say(document)
                case Play(pcm):
                    await self._play(self._voice.feed(pcm))
                case Finish():
                    await self._play(self._voice.flush())
                case Drop():
                    self._voice.reset()
                    await self._outlet.drop()

    async def _play(self, pcm: bytes) -> None:
        if pcm:
            await self._outlet.play(pcm)
