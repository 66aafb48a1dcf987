"""The WebSockets that are open, so that a server about to stop lets them end in order."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from protocols.live.racing import first_of
from protocols.websocket.connection import Close

DRAINING = Close(1001, "UNAVAILABLE")

_FAREWELL_SECONDS = 2.0


class Connections:
    """Knows how many connections there are, and tells them when they have to end.

    ``draining`` is set when the server is about to stop: each connection ends with its turn.
    ``overdue`` is set when the time for that is over: each ends now.
    """

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self.overdue = asyncio.Event()
        self._count = 0
        self._none_left = asyncio.Event()
        self._none_left.set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a connection for as long as the context is open."""
        self._count += 1
        self._none_left.clear()
        try:
            yield
        finally:
            self._count -= 1
            if self._count == 0:
                self._none_left.set()

    async def unless_draining[Found](self, found: Coroutine[Any, Any, Found]) -> Found | None:
        """Wait for something; give it up with None when the server is about to stop."""
        results: list[Found] = []

        async def find() -> None:
            results.append(await found)

        await first_of(find(), self.draining.wait())
        return results[0] if results else None

    async def drain(self, seconds: float) -> None:
        """Let every connection end with its turn; end those that have not after so long."""
        self.draining.set()
        if not await self._all_leave(seconds):
            self.overdue.set()
            await self._all_leave(_FAREWELL_SECONDS)

    async def _all_leave(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._none_left.wait()
        except TimeoutError:
            return False
        return True
