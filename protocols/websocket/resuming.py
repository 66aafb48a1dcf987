"""Conversations that outlive their connection: a client that was cut off may come back.

A connection that is lost leaves its conversation waiting, for as long as the options say. Who comes
back with its token goes on with it on another connection, even if the old one still seems to be
open. A client that closes its connection properly is not waited for.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import GatewayError, NotFound, TimedOut
from protocols.live.dialogue import EndReason
from protocols.live.line import LineLost
from protocols.live.racing import first_of
from protocols.live.session import LiveSession
from protocols.websocket.connection import Gone, Line
from protocols.websocket.connections import Connections

_TOKEN_BYTES = 24
_READ_ON_SECONDS = 1.0
_CLOSE_SECONDS = 10.0
_SILENCE_SECONDS = 0.1

_log = logging.getLogger(__name__)


def new_token() -> str:
    """Make a token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class TakenOver(Exception):
    """The conversation goes on on another connection."""


class Wire:
    """One connection as the outlet of a conversation that may outlive it."""

    def __init__(self, connection: Line) -> None:
        self._connection = connection
        self._error: Exception | None = None
        self._ended = asyncio.Event()

    @property
    def is_lost(self) -> bool:
        """Whether sending has failed."""
        return self._error is not None

    async def say(self, document: dict[str, Any]) -> None:
        """Send one JSON object."""
        await self._send(self._connection.say(document))

    async def play(self, pcm: bytes) -> None:
        """Send audio."""
        await self._send(self._connection.play(pcm))

    async def drop(self) -> None:
        """Throw away what was not sent yet."""
        await self._send(self._connection.drop())

    def abandon(self) -> None:
        """Give the connection up: another one has taken its place."""
        self._end(TakenOver())
        self._connection.give_up()

    async def lost(self) -> None:
        """Wait for the end of the connection as far as sending shows it, and raise it."""
        await self._ended.wait()
        if isinstance(self._error, Gone):
            # What is still to be read tells how the client went.
            await asyncio.sleep(_READ_ON_SECONDS)
        if self._error is not None:
            raise self._error

    async def _send(self, sending: Coroutine[Any, Any, None]) -> None:
        if self._error is not None:
            sending.close()
            raise LineLost
        try:
            await sending
        except (Gone, TimedOut) as error:
            self._end(error)
            raise LineLost from error

    def _end(self, error: Exception) -> None:
        self._error = self._error or error
        self._ended.set()


class Resumable:
    """A spoken conversation, whichever connection it is on.

    Args:
        key: whose conversation it is.
        session: made for ``wire``; this closes it.
        wire: the first connection.
        wait_seconds: how long a client that was cut off is waited for.
    """

    def __init__(
        self, key: SessionKey, session: LiveSession, wire: Wire, wait_seconds: float
    ) -> None:
        self.key = key
        self.session = session
        self._wire = wire
        self._wait_seconds = wait_seconds
        self._task: asyncio.Task[EndReason] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._then: Callable[[], None] = lambda: None

    def start(self, connections: Connections, then: Callable[[], None]) -> None:
        """Begin to converse; ``then``, which may be called twice, when everything is freed."""
        self._then = then
        self._task = asyncio.create_task(self._run(connections))
        # An end that nobody waits for is not looked at.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def ended(self) -> EndReason:
        """Wait for the end of the conversation; raises what it failed with."""
        task = self._started()
        await asyncio.wait({task})
        return task.result()

    async def take_over(self, wire: Wire, last_seq: int | None) -> None:
        """Go on, on another connection.

        Raises:
            InvalidInput: nothing of this number was ever sent.
        """
        self.session.check_seen(last_seq)
        before, self._wire = self._wire, wire
        before.abandon()
        await self._stop_waiting()
        if wire is self._wire:  # otherwise another one has taken over meanwhile
            await self.session.resume(wire, last_seq)

    def wait(self, wire: Wire, connections: Connections) -> None:
        """The connection is lost: wait for the client."""
        if wire is self._wire and not self._started().done() and self._waiting is None:
            self.session.park()
            self._waiting = asyncio.create_task(self._wait(connections))

    async def leave(self, wire: Wire) -> None:
        """The client has gone for good, or is to be told that it failed."""
        if wire is self._wire:
            await self.aclose()

    async def aclose(self) -> None:
        """End it at once; idempotent."""
        task = self._started()
        task.cancel()
        await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
        # A task that is cancelled before its first step runs no finally.
        await self.session.aclose()
        self._then()

    async def _run(self, connections: Connections) -> EndReason:
        try:
            with connections.one():  # a server that stops waits for it
                return await self._converse()
        finally:
            self._then()

    async def _converse(self) -> EndReason:
        try:
            return await self.session.run()
        except GatewayError:
            raise
        except Exception:
            if self.session.is_parked:
                _log.exception("a conversation that waited for its client failed")
            raise
        finally:
            await self.session.aclose()
            await self._stop_waiting()

    async def _wait(self, connections: Connections) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await first_of(connections.draining.wait(), self._be_silent())
        except TimeoutError:
            _log.info("a client that was cut off has not come back")
        self.session.stop("draining" if connections.draining.is_set() else "stopped")

    async def _be_silent(self) -> None:
        """Let the model hear silence: it ends what the user was saying, and keeps its stream."""
        while True:
            await asyncio.sleep(_SILENCE_SECONDS)
            await self.session.hear_silence(_SILENCE_SECONDS)

    async def _stop_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting is not asyncio.current_task():
            waiting.cancel()
            await asyncio.wait({waiting})

    def _started(self) -> asyncio.Task[EndReason]:
        if self._task is None:
            raise RuntimeError("the conversation was not started")
        return self._task


class Resumptions:
    """The conversations that may be gone on with, by their tokens."""

    def __init__(self) -> None:
        self._by_token: dict[str, Resumable] = {}

    def add(self, token: str, resumable: Resumable) -> Callable[[], None]:
        """Let it be found; gives what ends that."""
        self._by_token[token] = resumable

        def discard() -> None:
            self._by_token.pop(token, None)

        return discard

    def find(self, token: str, caller: str, session_id: str | None) -> Resumable:
        """Find a conversation of this caller.

        Raises:
            NotFound: there is none, or the session is another one.
        """
        found = self._by_token.get(token)
        is_theirs = found is not None and found.key.caller == caller
        if found is None or not is_theirs or session_id not in (None, found.key.id):
            raise NotFound(
                "There is no conversation to go on with: it is over, or was waited for too long. "
                "Send session.start without resumeToken; the same sessionId remembers it."
            )
        return found
