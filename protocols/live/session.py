"""One live conversation on one wire: the shell around ``Pacer`` and ``Dialogue``.

Above: a wire that decodes what its client sends and implements ``Outlet``. Below: a
``LiveConversation``. What the user says goes straight to the conversation, which never waits and
bounds it; what the model makes waits in the pacer, which slows the model when full. Everything
that leaves passes one lock, so that it leaves in the order of its numbers.

A wire may be lost and another take its place: ``park`` stops the voice where it was heard to, and
``resume`` goes on from there, after what the client has missed. In between the conversation listens
to the model, as far as the pacer holds it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from msgspec import Struct

from observability.voice import barge_in_silenced
from protocols.audio import Resampler
from protocols.contract.conversations import LiveConversation
from protocols.contract.errors import InvalidInput, Unavailable
from protocols.contract.events import AudioDelta, BargeIn
from protocols.contract.inputs import AudioChunk, Media, Text
from protocols.live.dialogue import Dialogue, Drop, EndReason, Output
from protocols.live.line import Line, Outlet
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
from protocols.live.pacing import Pace, Pacer, SoundEnds
from protocols.live.racing import first_of

_BYTES_PER_SAMPLE = 2
_SHORTEST_WAIT_SECONDS = 0.001


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
        self._dialogue = dialogue
        self._parked = False
        self._seen = 0
        self._has_heard = False
        self._pacer = Pacer(native.output, pace)
        self._clock = clock
        self._hearing = Resampler(self._sample_rates.input, native.input)
        voice = Resampler(native.output, self._sample_rates.output)
        self._line = Line(outlet, voice, lambda: self._pacer.sent_seconds, self.park)
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
        self._cut_rest()
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

    @property
    def is_parked(self) -> bool:
        """Whether the session waits for a client to come back."""
        return self._parked

    def park(self, *, lost_seconds: float = 0.0) -> None:
        """Say nothing until ``resume``: the client is gone, and has been for so long."""
        if not self._parked:
            self._parked = True
            self._seen = self._line.journal.newest
            self._line.close()
            self._pacer.pause(self._clock(), lost_seconds=lost_seconds)
            self._conversation.park(parked=True)

    async def resume(self, outlet: Outlet, last_seq: int | None) -> None:
        """Go on, on this wire: first what the client missed, then from where it had heard.

        Args:
            outlet: the way to the client.
            last_seq: the last number it saw; None: the last one before the session was parked.

        Raises:
            InvalidInput: nothing of this number was ever sent.
        """
        self.check_seen(last_seq)
        async with self._lock:
            self.park()
            journal = self._line.journal
            seen = self._seen if last_seq is None else last_seq
            missed = journal.after(seen)
            received_until = journal.position_after(seen)
            self._line.attach(outlet)
            self._parked = False
            self._conversation.park(parked=False)
            again = self._pacer.resume(self._clock(), received_until=received_until)
            if missed is None:
                journal.clear()
            await self._line.deliver(self._dialogue.resumed(seen, missed))
            if missed is not None and again is not None:
                await self._line.deliver(
                    self._dialogue.sound_again(again.message_id, again.from_seconds)
                )
        if missed is None:
            await self._cancel()
        self._changed.set()

    async def repeat(self, last_seq: int) -> None:
        """Say again what was said after a number, on the wire there is."""
        self.check_seen(last_seq)
        async with self._lock:
            missed = self._line.journal.after(last_seq)
            await self._line.deliver(self._dialogue.resumed(last_seq, missed))

    def check_seen(self, last_seq: int | None) -> None:
        """Refuse a number that was never sent.

        Raises:
            InvalidInput: this is one.
        """
        if last_seq is not None and not 0 <= last_seq <= self._line.journal.newest:
            raise InvalidInput(
                "lastSeq is a number that was never sent. Give the seq of the last message seen."
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
        self._has_heard = True
        sound = self._hearing.feed(pcm)
        if sound:
            await self._conversation.send(AudioChunk(sound))

    async def hear_silence(self, seconds: float) -> None:
        """Let a model that has heard the user hear silence: nobody is connected."""
        if self._has_heard:
            await self.hear(bytes(round(seconds * self._sample_rates.input) * _BYTES_PER_SAMPLE))

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
                self._conversation.answer(message.result())

    async def ask_to_reoffer(self, seconds: float) -> None:
        """Ask the client to move over to another connection within so many seconds."""
        await self._emit(lambda: self._dialogue.reoffer(seconds))

    async def refuse(self, error: Exception) -> None:
        """Tell the client that an input was not taken."""
        await self._emit(lambda: self._dialogue.refused(error))

    @property
    def underruns(self) -> int:
        """How often the voice ran dry in the middle of a message."""
        return self._pacer.underruns

    async def tell(self, figures: Mapping[str, object]) -> None:
        """Tell the client how its connection does."""
        await self._emit(lambda: self._dialogue.measured(figures))

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
        self._cut_rest()
        await self._conversation.aclose()

    async def _listen(self) -> None:
        """Conversation → pacer."""
        async for event in self._conversation:
            if isinstance(event, AudioDelta):
                await self._take_sound(event)
            else:
                unsent_seconds = self._line.unsent_seconds if isinstance(event, BargeIn) else 0.0
                self._pacer.push(event, self._clock(), unsent_seconds=unsent_seconds)
                self._changed.set()
            while self._pacer.is_full:
                self._has_room.clear()
                await self._has_room.wait()
        self._conversation_over = True
        self._changed.set()
        await asyncio.Event().wait()  # until _speak has said the rest

    async def _take_sound(self, event: AudioDelta) -> None:
        is_next = self._pacer.is_empty and not self._lock.locked()
        self._pacer.push(event, self._clock())
        if is_next:
            await self._speak_next()  # in real time: whoever paces need not be woken for it
        if not self._pacer.is_empty:
            self._changed.set()

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
            event = None if self._is_over() else self._pacer.take(now)
            match event:
                case None:
                    return False
                case SoundEnds():
                    await self._line.deliver(self._dialogue.sound_ends())
                case BargeIn():
                    await self._interrupt(event, now)
                case _:
                    await self._line.deliver(self._dialogue.translate(event, now))
        if not self._pacer.is_full:
            self._has_room.set()
        return True

    def _is_over(self) -> bool:
        if self._stopped:
            return True
        if self._draining and not self._dialogue.is_in_run and self._pacer.is_empty:
            return True
        return self._conversation_over and self._pacer.is_empty

    async def _interrupt(self, event: BargeIn, now: float) -> None:
        """Cut the voice, then tell client and model what was heard (``voice``: order of steps)."""
        cut = self._pacer.pop_cut()
        self._dialogue.heard(cut.heard if cut else ())
        outputs = self._dialogue.translate(event, now)
        await self._line.deliver(outputs)
        if cut is None:
            return
        if any(isinstance(output, Drop) for output in outputs):
            silence_seconds = self._clock() - cut.at_seconds
            barge_in_silenced(silence_seconds)
            await self._line.deliver(self._dialogue.silenced(silence_seconds))
        self._conversation.cut_off(cut.heard)

    def _cut_rest(self) -> None:
        """Nothing more will be heard: the memory keeps what was."""
        self._pacer.cut(self._clock(), unsent_seconds=self._line.unsent_seconds)
        while cut := self._pacer.pop_cut():
            self._conversation.cut_off(cut.heard)

    async def _ask(self, text: str) -> None:
        if self._draining:
            raise Unavailable("The gateway is shutting down. Ask again in another session.")
        self._dialogue.asked(self._clock())
        await self._conversation.send(Text(text))

    async def _cancel(self) -> None:
        self._pacer.cut(self._clock(), unsent_seconds=self._line.unsent_seconds)
        cut = self._pacer.pop_cut()
        heard = cut.heard if cut else ()
        self._changed.set()

        def flush() -> list[Output]:
            self._dialogue.heard(heard)
            return self._dialogue.cut("cancelled")

        # The lock is fair: the flush leaves before anything that waits in the pacer.
        await self._emit(flush)
        self._conversation.cancel()
        if heard:
            self._conversation.cut_off(heard)

    def _note_playback(self, message: Playback) -> None:
        self._pacer.played(message.message_id, message.played_ms / 1000, self._clock())
        self._changed.set()

    async def _emit(self, write: Callable[[], list[Output]]) -> None:
        async with self._lock:
            await self._line.deliver(write())
