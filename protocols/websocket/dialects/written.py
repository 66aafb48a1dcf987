"""A native session without audio: each ``input.text`` is a text turn."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET

from protocols.contract.conversations import Conversations, SessionKey, TextTurn
from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    NotFound,
    SessionBusy,
    TimedOut,
)
from protocols.contract.events import Event, TurnEnded, TurnStarted
from protocols.contract.inputs import Media, Text, UserTurn
from protocols.live.dialogue import Dialogue, EndReason, Output, Say
from protocols.live.line import Outlet
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
from protocols.live.racing import first_of

_MOST_IMAGES = 8


class WrittenSession:
    """Carries a written conversation; one turn at a time.

    Args:
        conversations: where turns are begun.
        key: of the session.
        outlet: where the answers go.
        dialogue: of the session.
        said: what every turn says besides its words; its state counts for the first one.
        idle_seconds: how long the next question is waited for.
    """

    def __init__(
        self,
        conversations: Conversations,
        key: SessionKey,
        outlet: Outlet,
        dialogue: Dialogue,
        said: UserTurn,
        *,
        idle_seconds: float,
    ) -> None:
        self._conversations = conversations
        self._key = key
        self._outlet = outlet
        self._dialogue = dialogue
        self._said = said
        self._idle_seconds = idle_seconds
        self._images: list[Media] = []
        self._begun: asyncio.Queue[TextTurn] = asyncio.Queue(1)
        self._turn: TextTurn | None = None
        self._stopping = asyncio.Event()
        self._unheard: TimedOut | None = None
        self._reason: EndReason = "stopped"
        self._lock = asyncio.Lock()

    async def run(self) -> EndReason:
        """Greet the client and answer until it stops the session; says why it ended.

        Raises:
            TimedOut: nothing was asked for too long, or the client takes nothing.
        """
        await self._emit(self._dialogue.opened)
        await first_of(self._answer_all(), self._stopping.wait())
        await self._emit(lambda: self._dialogue.ended(self._reason))
        return self._reason

    async def hear(self, pcm: bytes) -> None:
        """Refuse sound.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput(
            f"{len(pcm)} bytes of audio came to a session without audio. "
            "Open a session with audio: true."
        )

    async def receive(self, message: ClientMessage) -> None:  # noqa: C901 - one arm a message
        """Do what a message of the client asks for.

        Raises:
            GatewayError: it cannot be done; ``refuse`` tells the client.
        """
        match message:
            case InputText():
                await self._begin(message.text)
            case InputImage():
                self._add_image(message)
            case InputAudio():
                await self.hear(message.data)
            case ResponseCancel():
                self._conversations.cancel(self._key)
            case SessionStop():
                self._stopping.set()
            case Playback():
                pass
            case SessionStart():
                raise InvalidInput(
                    "The session has started already; session.start comes once, first. "
                    "Open another connection for another session."
                )
            case ToolOutcome():
                if self._turn is None:
                    raise NotFound("No tool call waits for a result of the client.")
                self._turn.answer(message.result())

    async def refuse(self, error: Exception) -> None:
        """Tell the client that an input was not taken."""
        await self._emit(lambda: self._dialogue.refused(error))

    async def fail(self, error: Exception) -> None:
        """Tell the client that the session failed; nothing follows."""
        await self._emit(lambda: [*self._dialogue.failed(error), *self._dialogue.ended("failed")])

    async def drain(self) -> None:
        """End as soon as no turn runs."""
        self._reason = "draining"
        await self._emit(self._dialogue.draining)
        if self._turn is None:
            self._stopping.set()

    def stop(self, reason: EndReason) -> None:
        """End now."""
        self._reason = reason
        self._stopping.set()

    async def aclose(self) -> None:
        """Close the turn that runs, if any. Idempotent."""
        self._stopping.set()
        if self._turn is not None:
            await self._turn.aclose()

    async def _begin(self, text: str) -> None:
        if self._begun.full():
            raise SessionBusy("A question waits already. Wait for its answer before asking more.")
        asked_at = time.monotonic()
        said = msgspec.structs.replace(self._said, content=(*self._images, Text(text)))
        turn = await self._conversations.begin(self._key, said, "ws")
        self._images.clear()
        self._said = msgspec.structs.replace(self._said, state=UNSET)  # it is the session's now
        self._turn = turn
        self._dialogue.asked(asked_at)
        self._begun.put_nowait(turn)

    def _add_image(self, message: InputImage) -> None:
        if len(self._images) >= _MOST_IMAGES:
            raise InvalidInput(
                f"{_MOST_IMAGES} images wait already. Send input.text to ask about them first."
            )
        self._images.append(Media("image", message.mime_type, message.data))

    async def _answer_all(self) -> None:
        while not self._stopping.is_set():
            turn = await self._asked()
            try:
                await self._emit_event(await self._relay(turn))
            except GatewayError as error:
                if error is self._unheard:
                    raise  # there is nobody to tell
                await self._emit_failure(error)
            if self._reason == "draining":
                self._stopping.set()

    async def _asked(self) -> TextTurn:
        """Wait for the next question."""
        try:
            async with asyncio.timeout(self._idle_seconds):
                return await self._begun.get()
        except TimeoutError as error:
            raise TimedOut(
                "Nothing was asked for as long as GATEWAY_IDLE_SECONDS allows."
            ) from error

    async def _relay(self, turn: TextTurn) -> TurnEnded:
        ended = TurnEnded()
        try:
            await self._emit_event(TurnStarted(str(uuid4())))
            async for event in turn:
                if isinstance(event, TurnEnded):
                    ended = event
                else:
                    await self._emit_event(event)
        finally:
            # Freed before the client knows: it may ask again at once.
            await turn.aclose()
            if self._turn is turn:  # the next one may have begun meanwhile
                self._turn = None
        return ended

    async def _emit_event(self, event: Event) -> None:
        await self._emit(lambda: self._dialogue.translate(event, time.monotonic()))

    async def _emit_failure(self, error: GatewayError) -> None:
        await self._emit(lambda: self._dialogue.failed(error))

    async def _emit(self, write: Callable[[], list[Output]]) -> None:
        async with self._lock:
            for output in write():
                if isinstance(output, Say):
                    await self._say(output.document)

    async def _say(self, document: dict[str, Any]) -> None:
        try:
            await self._outlet.say(document)
        except TimedOut as error:
            self._unheard = error
            raise
