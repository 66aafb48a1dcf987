"""Conversations that a test writes down: the in-memory twin of ``Sessions``."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from protocols.contract.conversations import Heard, SessionKey, Wire
from protocols.contract.errors import GatewayError
from protocols.contract.events import Event, TextDelta, TurnEnded
from protocols.contract.inputs import (
    LiveInput,
    LiveOptions,
    Message,
    Text,
    ToolResult,
    UserTurn,
)

HELLO: tuple[Event, ...] = (TextDelta("m", "Hello"), TextDelta("m", " there."), TurnEnded())


class FakeTurn:
    """Gives its events in order; an exception is raised, an ``asyncio.Event`` waited for."""

    def __init__(
        self, events: Iterable[Event | Exception | asyncio.Event], unseen: tuple[Message, ...] = ()
    ) -> None:
        self._events = list(events)
        self.unseen = unseen
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[Event]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            if isinstance(event, asyncio.Event):
                await event.wait()
            else:
                yield event

    def answer(self, result: ToolResult) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.closed += 1


class FakeLive(FakeTurn):
    """A live conversation that answers with its events once it has heard enough audio."""

    model = "fake-voice"
    input_sample_rate = 16000
    output_sample_rate = 24000

    def __init__(self, events: Iterable[Event | Exception | asyncio.Event]) -> None:
        super().__init__(events)
        self.said: list[LiveInput] = []
        self.cancelled = 0

    async def send(self, item: LiveInput) -> None:
        self.said.append(item)

    async def taken(self) -> None:
        await asyncio.sleep(0)

    def cancel(self) -> None:
        self.cancelled += 1

    def cut_off(self, heard: Sequence[Heard]) -> None:
        raise NotImplementedError

    def park(self, *, parked: bool) -> None:
        raise NotImplementedError


class FakeConversations:
    """Remembers what it was asked; answers with what it was given."""

    def __init__(self, *turns: FakeTurn | GatewayError, live: Sequence[FakeLive] = ()) -> None:
        self.turns = list(turns)
        self.lives: list[Any] = list(live)
        self.begun: list[tuple[SessionKey, UserTurn, Wire]] = []
        self.opened: list[tuple[SessionKey, LiveOptions, Wire]] = []
        self.known: dict[SessionKey, tuple[Message, ...]] = {}
        self.running: set[SessionKey] = set()

    async def begin(self, session: SessionKey, said: UserTurn, wire: Wire) -> FakeTurn:
        self.begun.append((session, said, wire))
        turn = self.turns.pop(0) if self.turns else FakeTurn(HELLO)
        if isinstance(turn, GatewayError):
            raise turn
        return turn

    async def open(self, session: SessionKey, options: LiveOptions, wire: Wire) -> FakeLive:
        self.opened.append((session, options, wire))
        live: FakeLive = self.lives.pop(0)
        return live

    def cancel(self, session: SessionKey) -> bool:
        return session in self.running

    async def history(self, session: SessionKey) -> tuple[Message, ...]:
        return self.known.get(session, ())

    async def forget(self, session: SessionKey) -> bool:
        return self.known.pop(session, None) is not None


def spoken(text: str) -> Message:
    """A message of the user."""
    return Message("u", "user", (Text(text),))
