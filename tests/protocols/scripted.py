"""Conversations that do what a test tells them, and note what is asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from protocols.contract.conversations import Heard, SessionKey, Wire
from protocols.contract.errors import GatewayError, NotFound, SessionBusy
from protocols.contract.events import Event, TextDelta, TurnEnded
from protocols.contract.inputs import (
    LiveInput,
    LiveOptions,
    Message,
    Text,
    ToolResult,
    UserTurn,
)

type Step = Event | Exception


class ScriptedTurn:
    """Gives the steps it was made with; an exception among them is raised."""

    def __init__(
        self,
        steps: Iterable[Step],
        on_close: Callable[[], None],
        gate: asyncio.Event | None = None,
        unseen: tuple[Message, ...] = (),
    ) -> None:
        self.unseen = unseen
        self.cancelled = asyncio.Event()
        self.results: list[ToolResult] = []
        self.closed = False
        self._steps = steps
        self._on_close = on_close
        self._gate = gate

    async def __aiter__(self) -> AsyncIterator[Event]:
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, TurnEnded) and self._gate is not None:
                await self._wait()
                if self.cancelled.is_set():
                    yield TurnEnded("cancelled")
                    return
            yield step

    def answer(self, result: ToolResult) -> None:
        self.results.append(result)
        if self._gate is not None:
            self._gate.set()

    async def aclose(self) -> None:
        if not self.closed:
            self.closed = True
            self._on_close()

    async def _wait(self) -> None:
        assert self._gate is not None
        waits = [asyncio.ensure_future(e.wait()) for e in (self._gate, self.cancelled)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class ScriptedLive:
    """A live conversation fed by ``push``; None ends it."""

    model = "scripted"

    def __init__(self, input_sample_rate: int = 16_000, output_sample_rate: int = 24_000) -> None:
        self.input_sample_rate = input_sample_rate
        self.output_sample_rate = output_sample_rate
        self.said: list[LiveInput] = []
        self.heard = asyncio.Event()
        self.cancels = 0
        self.calls: set[str] = set()  # of the client's tools, that wait
        self.results: list[ToolResult] = []
        self.parked = False
        self.parking = asyncio.Event()
        self.cuts: list[tuple[Heard, ...]] = []
        self.cancelled = asyncio.Event()
        self.closed = asyncio.Event()
        self.refuses: GatewayError | None = None
        self.on_close: Callable[[], None] = lambda: None
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()

    def push(self, *steps: Step | None) -> None:
        for step in steps:
            self._steps.put_nowait(step)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (step := await self._steps.get()) is not None:
            if isinstance(step, Exception):
                raise step
            yield step

    async def send(self, item: LiveInput) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.said.append(item)
        self.heard.set()

    async def taken(self) -> None:
        """All is taken at once."""

    def cancel(self) -> None:
        self.cancels += 1
        self.cancelled.set()

    def answer(self, result: ToolResult) -> None:
        if result.tool_call_id not in self.calls:
            raise NotFound("No tool call waits for this result.")
        self.calls.discard(result.tool_call_id)
        self.results.append(result)
        self.heard.set()

    def cut_off(self, heard: Sequence[Heard]) -> None:
        self.cuts.append(tuple(heard))

    def park(self, *, parked: bool) -> None:
        self.parked = parked
        if parked:
            self.parking.set()

    async def aclose(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self.on_close()


class ScriptedConversations:
    """One turn at a time per session; each turn answers with ``script`` of what was said."""

    def __init__(self, script: Callable[[UserTurn], Iterable[Step]] | None = None) -> None:
        self.script = script or _echo
        self.gate: asyncio.Event | None = None
        self.unseen: tuple[Message, ...] = ()
        self.refusal: Exception | None = None
        self.begun: list[tuple[SessionKey, UserTurn, Wire]] = []
        self.opened: list[tuple[SessionKey, LiveOptions, Wire]] = []
        self.live = ScriptedLive()
        self.busy: dict[SessionKey, ScriptedTurn | ScriptedLive] = {}
        self.freed = asyncio.Event()

    async def begin(self, session: SessionKey, said: UserTurn, wire: Wire) -> ScriptedTurn:
        self._check(session)
        self.begun.append((session, said, wire))
        turn = ScriptedTurn(self.script(said), lambda: self._free(session), self.gate, self.unseen)
        self.busy[session] = turn
        return turn

    async def open(self, session: SessionKey, options: LiveOptions, wire: Wire) -> ScriptedLive:
        self._check(session)
        self.opened.append((session, options, wire))
        if self.live.closed.is_set() or self.live in self.busy.values():
            self.live = ScriptedLive()
        self.live.on_close = lambda: self._free(session)
        self.busy[session] = self.live
        return self.live

    def cancel(self, session: SessionKey) -> bool:
        turn = self.busy.get(session)
        if isinstance(turn, ScriptedTurn):
            turn.cancelled.set()
        return turn is not None

    async def history(self, session: SessionKey) -> tuple[Message, ...]:
        return ()

    async def forget(self, session: SessionKey) -> bool:
        return False

    def _check(self, session: SessionKey) -> None:
        if self.refusal is not None:
            raise self.refusal
        if session in self.busy:
            raise SessionBusy("A turn is running on this session. Wait for its end.")

    def _free(self, session: SessionKey) -> None:
        self.busy.pop(session, None)
        self.freed.set()


def _echo(said: UserTurn) -> list[Step]:
    words = "".join(part.text for part in said.content if isinstance(part, Text))
    return [TextDelta("m", f"echo {words}"), TurnEnded()]
