"""A live conversation on a real strands BidiAgent, for tests of what it keeps and waits for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from strands.bidi import BidiAgent
from strands.types.content import Messages

from gateway.agents.client_tools import ClientTools
from gateway.agents.factory import Voice
from gateway.agents.history import repaired
from gateway.agents.live import LivePlan, StrandsLive
from observability.conversations import ConversationObservation
from protocols.contract.events import Event
from tests.scripted_voice import ScriptedVoice

WAIT_SECONDS = 5
OUTPUT_RATE = 24_000


class Talk:
    """A conversation that is open; ``kept`` is the history when it has ended."""

    def __init__(
        self,
        voice: ScriptedVoice,
        client_tools: ClientTools | None = None,
        tools: Sequence[Any] = (),
        text_model: Any = None,
        **plan: Any,
    ) -> None:
        self.voice = voice
        self.client_tools = client_tools or ClientTools()
        self.kept: Messages = []
        self.agent = BidiAgent(model=voice, tools=[*tools, *self.client_tools.strands_tools()])
        self.live = StrandsLive(
            LivePlan(
                voice=Voice(
                    self.agent, "scripted", 16_000, OUTPUT_RATE, False, text_model=text_model
                ),
                observe=self._observe,
                keep=self._keep,
                release=lambda: None,
                limit_seconds=WAIT_SECONDS,
                idle_seconds=WAIT_SECONDS,
                client_tools=self.client_tools,
                **plan,
            )
        )
        self._events = aiter(self.live)

    async def until(self, kind: type[Event], count: int = 1) -> list[Event]:
        """Read up to an event of a kind."""
        read: list[Event] = []
        async with asyncio.timeout(WAIT_SECONDS):
            async for event in self._events:
                read.append(event)
                if sum(isinstance(each, kind) for each in read) == count:
                    return read
        raise AssertionError(f"ended without {kind.__name__}: {read}")

    async def texts_kept(self) -> list[str]:
        """End the conversation; gives the texts of its history."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self.live.aclose()
        return [block["text"] for message in self.kept for block in message["content"]]

    @contextmanager
    def _observe(self) -> Any:
        yield ConversationObservation()

    async def _keep(self, agent: BidiAgent) -> None:
        self.kept = repaired(agent.messages)


@asynccontextmanager
async def talking(
    voice: ScriptedVoice | None = None, client_tools: ClientTools | None = None, **plan: Any
) -> AsyncIterator[Talk]:
    """Open a conversation, and hang up at the end."""
    talk = Talk(voice or ScriptedVoice(), client_tools, **plan)
    try:
        yield talk
    finally:
        await talk.live.aclose()
