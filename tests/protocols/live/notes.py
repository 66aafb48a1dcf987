"""An outlet that notes what leaves, and a live session on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from protocols.live.dialogue import Dialogue
from protocols.live.line import LineLost
from protocols.live.pacing import Pace
from protocols.live.session import LiveSession, SampleRates
from tests.protocols.scripted import ScriptedLive


class Notes:
    """Notes what leaves; ``flowing`` cleared makes it wait, ``lost`` makes it lose the client."""

    def __init__(self) -> None:
        self.left: list[Any] = []
        self.lost = False
        self.changed = asyncio.Condition()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.blocked = asyncio.Event()

    async def say(self, document: dict[str, Any]) -> None:
        await self._note(document)

    async def play(self, pcm: bytes) -> None:
        await self._note(pcm)

    async def drop(self) -> None:
        await self._note("drop")

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: kind in self.kinds)
        return next(d for d in self.documents if d["type"] == kind)

    async def until_sound(self, count: int) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.sound) >= count)

    async def _note(self, item: Any) -> None:
        if self.lost:
            raise LineLost
        if not self.flowing.is_set():
            self.blocked.set()
            await self.flowing.wait()
        async with self.changed:
            self.left.append(item)
            self.changed.notify_all()

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [item for item in self.left if isinstance(item, dict)]

    @property
    def kinds(self) -> list[str]:
        return [document["type"] for document in self.documents]

    @property
    def sound(self) -> list[bytes]:
        return [item for item in self.left if isinstance(item, bytes)]


@asynccontextmanager
async def running(
    live: ScriptedLive, pace: Pace | None = None, rates: SampleRates | None = None
) -> AsyncIterator[tuple[LiveSession, Notes, "asyncio.Task[str]"]]:
    """Run a session; it is ended when the block is left."""
    notes = Notes()
    session = LiveSession(
        live, notes, Dialogue("s"), pace=pace or Pace(ahead_seconds=0.3), sample_rates=rates
    )
    run: asyncio.Task[str] = asyncio.create_task(session.run())
    try:
        yield session, notes, run
    finally:
        await session.aclose()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
