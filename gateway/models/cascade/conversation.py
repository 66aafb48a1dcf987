"""One connection of a cascade: hears, has the text model answer, speaks, lets itself be cut off.

Everything here runs on the event loop and is decided in plain code between two awaits; what takes
time is a task of this conversation, and its failure is raised where the events are read.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any
from uuid import uuid4

from strands.bidi.types.events import (
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
)
from strands.types.content import ContentBlock
from strands.types.events import TypedEvent
from strands.types.tools import ToolResultBlock

from gateway.models.cascade.events import (
    CascadeBargeInEvent,
    CascadeSpeechStartEvent,
    CascadeSpeechStopEvent,
)
from gateway.models.cascade.history import INTERRUPTED, History, shorten
from gateway.models.cascade.microphone import Microphone
from gateway.models.cascade.outbox import Outbox
from gateway.models.cascade.playback import Answer, Playback
from gateway.models.cascade.reply import Brain, Reply, Stage
from gateway.models.offline.endpointing import (
    PauseBegan,
    PauseEnded,
    Signal,
    SpeechBegan,
    SpeechConfirmed,
    SpeechDropped,
    SpeechEnded,
    SpeechPiece,
)
from gateway.models.offline.speech import SpeechEngines

logger = logging.getLogger(__name__)


class Conversation:
    """From start to stop of one connection.

    Args:
        brain: Who answers.
        speech: The shared engines.
        voice: Name of the synthesizer's voice.
        history: What was said before.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        brain: Brain,
        speech: SpeechEngines,
        voice: str,
        history: History,
        clock: Callable[[], float],
    ) -> None:
        self._brain = brain
        self._speech = speech
        self._history = history
        self._clock = clock
        self._microphone = Microphone()
        self._playback = Playback()
        self._outbox = Outbox(lambda size: self._playback.taken(size, clock()))
        self._stage = Stage(
            self._outbox, self._playback, lambda sentence: speech.say(sentence, voice)
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._in_order = asyncio.Lock()
        self._ahead: asyncio.Task[str] | None = None
        self._user_speaks = False
        self._not_understood = 0
        self._answer_owed = False
        self._reply: Reply | None = None
        self._reply_task: asyncio.Task[None] | None = None
        self._waiting_for_tools: Reply | None = None
        self._results: dict[str, ToolResultBlock] = {}
        # Answers of which something may not have been heard yet.
        self._answers: list[Answer] = []

    def start(self, first: TypedEvent) -> None:
        """Begin to listen as soon as the engines are loaded; what is said meanwhile is kept."""
        self._outbox.put(first)
        self._task(self._listen())

    async def hear(self, pcm: bytes) -> None:
        """Take the user's sound."""
        await self._microphone.put(pcm)

    def read(self, text: str) -> None:
        """Take what the user typed, and answer it aloud."""
        self.interrupt()
        self._history.user(text)
        self._answer()

    def take_results(self, results: Sequence[ToolResultBlock]) -> None:
        """Go on with the results of tools; those of an answer that was cut off are nobody's."""
        reply = self._waiting_for_tools
        if reply is None or reply.message is None:
            logger.debug("results of tools whose answer was cut off are dropped")
            return
        known = {call["toolUseId"] for call in reply.calls}
        self._results |= {r.tool_use_id: r for r in results if r.tool_use_id in known}
        if self._results.keys() != known:
            return
        blocks: list[ContentBlock] = [
            {"toolResult": self._results[call["toolUseId"]].to_dict()["toolResult"]}
            for call in reply.calls
        ]
        reply.answer.recorded = reply.message
        self._history.tool_exchange(reply.message, blocks)
        self._forget_tools()
        self._answer()

    def interrupt(self) -> bool:
        """Cut off the answer that is being made, run for or heard; False if there is none."""
        now = self._clock()
        busy = self._reply is not None or self._waiting_for_tools is not None
        if not busy and not self._playback.is_playing(now):
            return False
        heard = self._keep_heard(self._playback.position(now))
        self._outbox.drop_unheard()
        self._playback.cut()
        self._forget_tools()
        self._outbox.put(CascadeBargeInEvent(heard))
        if self._reply is not None:
            self._reply.close()
            self._reply = None
        if self._reply_task is not None:
            self._reply_task.cancel()
        return True

    async def events(self) -> AsyncIterator[Any]:
        """Yield the events until the conversation is closed; raises what it failed with."""
        async for event in self._outbox:
            yield event

    async def aclose(self) -> None:
        """End everything; idempotent."""
        self._microphone.close()
        self._outbox.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _listen(self) -> None:
        await self._speech.ready()
        ear = await self._speech.new_ear()
        while True:
            frames = await self._microphone.frames()
            for signal in await self._speech.hear(ear, frames):
                self._on_signal(signal)

    def _on_signal(self, signal: Signal) -> None:
        match signal:
            case SpeechBegan():
                self._outbox.put(CascadeSpeechStartEvent())
            case SpeechConfirmed():
                self._user_speaks = True
                self.interrupt()
            case SpeechDropped(silence_seconds):
                self._outbox.put(CascadeSpeechStopEvent(silence_seconds))
            case SpeechEnded(audio, silence_seconds):
                self._user_speaks = False
                self._outbox.put(CascadeSpeechStopEvent(silence_seconds))
                self._understand(audio)
            case PauseBegan() | PauseEnded() | SpeechPiece():
                self._recognise(signal)

    def _recognise(self, signal: PauseBegan | PauseEnded | SpeechPiece) -> None:
        match signal:
            case PauseBegan(audio):
                self._ahead = self._task(self._speech.recognise(audio))
            case PauseEnded():
                self._drop_ahead()
            case SpeechPiece(audio):
                self._drop_ahead()
                self._understand(audio)

    def _understand(self, audio: bytes) -> None:
        """Take what is being recognised ahead, which is the same audio, or recognise it now."""
        words, self._ahead = self._ahead, None
        if words is None and audio:
            words = self._task(self._speech.recognise(audio))
        self._not_understood += 1
        self._task(self._read_words(words))

    def _drop_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None

    async def _read_words(self, words: asyncio.Task[str] | None) -> None:
        """Note what was said; answer it unless the user goes on, or more of it is to be read."""
        async with self._in_order:
            if words is not None and (text := await words):
                self._note_speech(text)
            self._not_understood -= 1
            if self._answer_owed and not self._user_speaks and not self._not_understood:
                self._answer()

    def _note_speech(self, text: str) -> None:
        self.interrupt()  # an answer to something typed in the meantime
        content_id = str(uuid4())
        self._outbox.put(BidiTranscriptStartEvent("user", content_id))
        self._outbox.put(BidiTranscriptDeltaEvent(text, "user", content_id))
        self._outbox.put(BidiTranscriptStopEvent("user", content_id))
        self._history.user(text)
        self._answer_owed = True

    def _answer(self) -> None:
        self._answer_owed = False
        position = self._playback.position(self._clock())
        self._answers = [answer for answer in self._answers if not answer.is_heard(position)]
        reply = self._reply = Reply(self._stage)
        self._answers.append(reply.answer)
        self._reply_task = self._task(self._make(reply))

    async def _make(self, reply: Reply) -> None:
        await reply.run(self._brain, self._history.shown())
        if self._reply is not reply:
            return
        self._reply = None
        if reply.calls:
            self._waiting_for_tools = reply
        elif text := "".join(piece.text for piece in reply.answer.pieces).strip():
            reply.answer.recorded = self._history.assistant([{"text": text}])
        else:
            self._answers.remove(reply.answer)

    def _keep_heard(self, position_seconds: float) -> str:
        """Leave in the history only what was heard; return what was heard of the last answer."""
        heard = ""
        for answer in self._answers:
            heard = answer.heard(position_seconds)
            kept = f"{heard} {INTERRUPTED}".strip()
            if answer.recorded is None:
                self._history.assistant([{"text": kept}])
            elif not answer.is_heard(position_seconds):
                shorten(answer.recorded, kept)
        self._answers = []
        return heard

    def _forget_tools(self) -> None:
        self._waiting_for_tools = None
        self._results = {}

    def _task[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._outbox.fail(error)
