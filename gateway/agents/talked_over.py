"""Tools that run while the user speaks over the answer that called them.

The default is that a tool goes on, and its result is held back until the user has said something or
fallen silent: a model that gets it in between may begin to speak over the user. Tools marked by
``tools.interruption`` are cancelled, and the model still gets a result: some hang without.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, override

from strands.bidi import BidiAgent
from strands.hooks import BeforeToolCallEvent
from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from protocols.contract.events import BargeIn, Event, SpeechStopped, Transcript, TurnStarted
from tools.interruption import is_ended_when_talked_over

HELD_SECONDS = 5.0
"""How long a result is held back at most."""

_CANCELLED = "The call was cancelled, because the user spoke over the answer."


class TalkedOver:
    """Knows when the user speaks over an answer, and treats the tools of one agent accordingly.

    Args:
        agent: not started yet.
        held_seconds: how long a result is held back at most.
    """

    def __init__(self, agent: BidiAgent, held_seconds: float = HELD_SECONDS) -> None:
        self._held_seconds = held_seconds
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._running: set[asyncio.Event] = set()
        agent.add_hook(self._take_over, BeforeToolCallEvent)

    def note(self, event: Event) -> None:
        """Take an event of the conversation."""
        match event:
            case BargeIn():
                self._quiet.clear()
                self.end_calls()
            case SpeechStopped() | TurnStarted() | Transcript(role="user", final=True):
                self._quiet.set()

    def end_calls(self) -> None:
        """The answer was cut off: end the calls that are not wanted any more."""
        for ended in self._running:
            ended.set()

    async def quiet(self) -> None:
        """Wait until the user has stopped, for a bounded time."""
        try:
            async with asyncio.timeout(self._held_seconds):
                await self._quiet.wait()
        except TimeoutError:
            self._quiet.set()

    def run(self) -> asyncio.Event:
        """A call begins that ends with the answer; gives what tells so."""
        ended = asyncio.Event()
        self._running.add(ended)
        return ended

    def leave(self, ended: asyncio.Event) -> None:
        """The call is over."""
        self._running.discard(ended)

    def _take_over(self, event: BeforeToolCallEvent) -> None:
        if event.selected_tool is not None:
            event.selected_tool = _Considerate(event.selected_tool, self)


class _Considerate(AgentTool):
    """A tool in a conversation whose user may speak over it."""

    def __init__(self, tool: AgentTool, talked_over: TalkedOver) -> None:
        super().__init__()
        self._tool = tool
        self._talked_over = talked_over

    @property
    @override
    def tool_name(self) -> str:
        return self._tool.tool_name

    @property
    @override
    def tool_spec(self) -> ToolSpec:
        return self._tool.tool_spec

    @property
    @override
    def tool_type(self) -> str:
        return self._tool.tool_type

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        events = self._tool.stream(tool_use, invocation_state, **kwargs)
        if is_ended_when_talked_over(self._tool):
            events = self._until_talked_over(tool_use, events)
        result: ToolResultEvent | None = None
        # Strands stops reading at the result: everything is closed before it is handed out.
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ToolResultEvent):
                    result = event
                    break
                yield event
        if result is not None:
            await self._talked_over.quiet()
            yield result

    async def _until_talked_over(
        self, tool_use: ToolUse, events: AsyncGenerator[Any]
    ) -> AsyncGenerator[Any]:
        ended = self._talked_over.run()
        ending = asyncio.create_task(ended.wait())
        try:
            while True:
                coming = asyncio.ensure_future(anext(events, None))
                try:
                    await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not coming.done():
                        coming.cancel()
                        await asyncio.wait({coming})
                if coming.cancelled():
                    yield _cancelled(tool_use)
                    return
                if (event := coming.result()) is None:
                    return
                yield event
        finally:
            ending.cancel()
            await asyncio.wait({ending})
            self._talked_over.leave(ended)
            await events.aclose()


def _cancelled(tool_use: ToolUse) -> ToolResultEvent:
    return ToolResultEvent(
        {
            "toolUseId": tool_use["toolUseId"],
            "status": "error",
            "content": [{"text": _CANCELLED}],
        }
    )
