"""The way out of a conversation: a wire that may be lost, and what was said on it.

Everything said is kept for a while, so that a client that comes back can be told what it missed.
While no wire is there, documents are only kept; sound is not to be played then.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, runtime_checkable

from protocols.audio import Resampler
from protocols.live.dialogue import Drop, Finish, Output, Play, Say
from protocols.live.journal import Journal


class LineLost(Exception):
    """The wire is gone; the conversation waits for another one."""


class Outlet(Protocol):
    """The way out of a wire. Never called by two tasks at once.

    Raises:
        LineLost: the client is gone, and may come back. Any other error ends the conversation.
    """

    async def say(self, document: dict[str, Any]) -> None:
        """Send one JSON object."""
        ...

    async def play(self, pcm: bytes) -> None:
        """Send audio at the wire's output rate, at most 100 ms."""
        ...

    async def drop(self) -> None:
        """Throw away the audio that is not played yet; ``gateway.audio.flush`` follows."""
        ...


@runtime_checkable
class Counting(Protocol):
    """An outlet that knows how much of the voice it was given has not left yet."""

    @property
    def unsent_seconds(self) -> float:
        """That much."""
        ...


class Line:
    """Delivers outputs to the outlet there is.

    Args:
        outlet: of the first wire.
        voice: from the model's rate to the wire's.
        position: tells how much sound was sent so far.
        lost: called once when the outlet is lost.
    """

    def __init__(
        self,
        outlet: Outlet,
        voice: Resampler,
        position: Callable[[], float],
        lost: Callable[[], None],
    ) -> None:
        self.journal = Journal()
        self.is_open = True
        self._outlet = outlet
        self._voice = voice
        self._position = position
        self._lost = lost

    @property
    def unsent_seconds(self) -> float:
        """How much of the voice is known not to have left yet."""
        return self._outlet.unsent_seconds if isinstance(self._outlet, Counting) else 0.0

    def attach(self, outlet: Outlet) -> None:
        """Use another wire from now on."""
        self._outlet = outlet
        self._voice.reset()
        self.is_open = True

    def close(self) -> None:
        """Send nothing until another wire is attached."""
        self.is_open = False

    async def deliver(self, outputs: list[Output]) -> None:
        """Send, in order."""
        for output in outputs:
            match output:
                case Say(document, is_kept):
                    if is_kept:
                        self.journal.add(document, self._position())
                    await self._send(self._outlet.say(document))
                case Play(pcm):
                    await self._play(self._voice.feed(pcm))
                case Finish():
                    await self._play(self._voice.flush())
                case Drop():
                    self._voice.reset()
                    await self._send(self._outlet.drop())

    async def _play(self, pcm: bytes) -> None:
        if pcm:
            await self._send(self._outlet.play(pcm))

    async def _send(self, sending: Coroutine[Any, Any, None]) -> None:
        if not self.is_open:
            sending.close()
            return
        try:
            await sending
        except LineLost:
            self._lost()
