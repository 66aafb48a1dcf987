"""One connection to the service, read by a task of its own.

So that whoever waits for an event can look up from it: a connection can be replaced, or found to be
silent, at any moment.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from smithy_core.exceptions import SmithyError  # type: ignore[import-untyped,unused-ignore]
from strands.bidi.types.content import BidiContentDelta, BidiMessage
from strands.bidi.types.events import BidiOutputEvent
from strands.types.content import Messages
from strands.types.tools import ToolSpec

from gateway.models.nova_sonic.session import NovaSonicSession, StreamLost

_BUSY_SECONDS = 1.0
_WAITING_EVENTS = 64  # then the reader waits, and with it the service

type Incoming = BidiOutputEvent | None


class Connection:
    """A session of strands' model from its opening to its end.

    Args:
        session: not started yet.
        lasts_seconds: after so long, or so much sound if that is more, it should be replaced.
    """

    def __init__(self, session: NovaSonicSession, lasts_seconds: float) -> None:
        self.lasts_seconds = lasts_seconds
        self.is_working = False
        self.audio_seconds = 0.0
        self._session = session
        self._opened_at = time.monotonic()
        self._events: asyncio.Queue[Incoming] = asyncio.Queue(_WAITING_EVENTS)
        self._ours: deque[BidiOutputEvent] = deque(maxlen=_WAITING_EVENTS)
        self._reading: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self._sendings: dict[object, float] = {}  # when each began
        self._is_torn = False

    @property
    def age_seconds(self) -> float:
        """Time since it was opened, or the sound it was given, if that is more."""
        return max(time.monotonic() - self._opened_at, self.audio_seconds)

    @property
    def is_failed(self) -> bool:
        """Whether it has ended by itself."""
        return self._failed.is_set()

    @property
    def is_answered(self) -> bool:
        """Whether the service has shown that it is there."""
        return self.is_working or self._session.is_answered

    @property
    def blocked_seconds(self) -> float:
        """How long the service has taken nothing of what is said."""
        now = time.monotonic()
        return now - min(self._sendings.values(), default=now)

    async def open(self, system_prompt: str | None, tools: list[ToolSpec] | None) -> None:
        """Connect, and begin to read.

        Raises:
            TimeoutError: it took too long.
            Exception: whatever the SDK raises.
        """
        await self._session.start(system_prompt, tools)
        self._reading = asyncio.create_task(self._read())

    async def next(self, seconds: float) -> Incoming:
        """Wait so long for the next event; None if none came.

        Raises:
            Exception: what ended the connection, once all events before it were taken.
        """
        if self._ours:
            return self._ours.popleft()
        if self._events.empty() and self._failure is not None:
            raise self._failure
        try:
            async with asyncio.timeout(seconds):
                return await self._events.get()
        except TimeoutError:
            return None

    def put(self, event: BidiOutputEvent) -> None:
        """Add an event of our own, ahead of those of the service that wait."""
        self._ours.append(event)
        self._wake()

    async def tell(self, messages: Messages) -> None:
        """Tell the history; see ``send``."""
        await self._sent(self._session.tell(messages))

    async def send(self, content: BidiMessage | BidiContentDelta) -> None:
        """Send; what cannot be sent any more ends the connection, and is told by ``next``.

        Raises:
            ValueError: the model cannot take this.
        """
        await self._sent(self._session.send(content))

    def fail(self, error: Exception) -> None:
        """End it for this reason, unless it has ended."""
        if self._failure is None:
            self._failure = error
            self._failed.set()
            self._wake()

    async def aclose(self) -> None:
        """Close, politely if the service is there; idempotent, within bounds."""
        if self.is_failed or self._is_torn or self.blocked_seconds > _BUSY_SECONDS:
            await self._session.abandon()
        else:
            await self._session.stop()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _wake(self) -> None:
        """Wake who waits in ``next``; with events in the queue nobody does."""
        if self._events.empty():
            self._events.put_nowait(None)

    async def _sent(self, sending: Any) -> None:
        if self.is_failed:
            sending.close()
            return
        mark = object()
        self._sendings[mark] = time.monotonic()
        try:
            await sending
        except (OSError, SmithyError, RuntimeError, AttributeError) as error:
            # AttributeError: strands has no stream any more.
            lost = StreamLost("nothing can be sent")
            lost.__cause__ = error
            self.fail(lost)
        except asyncio.CancelledError:
            # An event may be signed and not sent: whatever follows would be signed wrongly.
            self._is_torn = True
            raise
        finally:
            del self._sendings[mark]

    async def _read(self) -> None:
        try:
            async for event in self._session.receive():
                self.is_working = self.is_working or _is_from_service(event)
                await self._events.put(event)
        except Exception as error:  # noqa: BLE001 - told by next(), to whoever waits for events
            self.fail(error)
        else:
            self.fail(StreamLost("the connection was closed"))
        await self._session.abandon()  # frees who waits to send


def _is_from_service(event: Mapping[str, Any]) -> bool:
    return event.get("type") != "bidi_connection_start"
