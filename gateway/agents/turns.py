"""One question to a strands ``Agent`` and the events that answer it.

A turn owns one task and one bounded queue. The task never runs in the caller's scope: closing a
response must not land inside strands' clean-up. A slow reader fills the queue and so slows the
model; a reader that goes away closes the turn.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AbstractContextManager, aclosing, suppress
from functools import partial
from typing import Any, cast

from msgspec import Struct, field
from strands import Agent
from strands.hooks import MessageAddedEvent
from strands.middleware import InvokeModelStage
from strands.types.content import Messages
from strands.types.exceptions import MaxTokensReachedException

from gateway.agents.buffer import EventBuffer
from gateway.agents.client_tools import ClientTools
from gateway.agents.failures import told_failure
from gateway.agents.history import content_blocks, mend_characters, to_strands
from gateway.agents.interrupts import (
    Opening,
    Suspended,
    is_suspended,
    open_turn,
    suspended_by,
)
from gateway.agents.listening import listening
from gateway.agents.media_blocks import KINDS, document_names, named_apart, shown_to
from gateway.agents.sharing import SharedState
from gateway.agents.translation import TextTranslation
from gateway.agents.watching import watch_turn
from observability.turns import TurnObservation
from protocols.contract.errors import GatewayError, TimedOut, Unavailable
from protocols.contract.events import (
    Event,
    InputRequested,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
from protocols.contract.inputs import Message, ToolResult, UserTurn
from protocols.contract.media_types import MediaKind
from tools.sharing import predicted_by

_log = logging.getLogger(__name__)

WAITING_EVENTS = 64
_CANCEL_GRACE_SECONDS = 2.0
_CLOSE_SECONDS = 5.0
_WAITING_STOPS = frozenset({"tool_use", "interrupt"})


class TurnPlan(Struct, frozen=True, kw_only=True):
    """What a turn needs of its session.

    ``agent`` makes the agent for a history, and takes media of ``kinds``; ``observe`` watches the
    turn; ``keep`` takes the history and the state that the turn left, and what it waits for;
    ``release`` frees the session; idempotent. The turn ends after ``limit_seconds``, or when its
    reader takes nothing for ``stalled_seconds``. ``suspended`` is an earlier turn that still waits.
    """

    said: UserTurn
    history: Messages
    agent: Callable[[Messages], Awaitable[Agent]]
    observe: Callable[[], AbstractContextManager[TurnObservation]]
    keep: Callable[[Agent, Suspended | None], Awaitable[None]]
    release: Callable[[], None]
    limit_seconds: float
    stalled_seconds: float
    kinds: Collection[MediaKind] = KINDS
    unseen: tuple[Message, ...] = ()
    suspended: Suspended | None = None
    client_tools: ClientTools = field(default_factory=ClientTools)


class StrandsTurn:
    """A running turn; implements the contract's ``TextTurn``.

    It works from its first reading on: in a crowd, every client is told that its run has started
    before the models of the others are called.
    """

    def __init__(self, plan: TurnPlan) -> None:
        self._plan = plan
        self._buffer = EventBuffer(WAITING_EVENTS)
        self._agent: Agent | None = None
        self._cancelled = False
        self._closed = False
        self._stalled = False
        self._forcing: asyncio.TimerHandle | None = None
        self._wanted = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        # A task that is cancelled before its first step runs no finally.
        self._task.add_done_callback(lambda _: plan.release())

    @property
    def unseen(self) -> tuple[Message, ...]:
        """What other wires said since the client that owns the history was last told."""
        return self._plan.unseen

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the events; raises the ``GatewayError`` that ended the turn, if one did."""
        self._wanted.set()
        return self._buffer.events()

    def batches(self, pause_seconds: float) -> AsyncGenerator[list[Event]]:
        """Yield the events as they come, and an empty batch after each silence of so long."""
        self._wanted.set()
        return self._buffer.batches(pause_seconds)

    def answer(self, result: ToolResult) -> None:
        """Give the result of a tool that the client runs; see the contract."""
        self._plan.client_tools.answer(result)

    def cancel(self) -> None:
        """Ask the turn to end as ``cancelled``; it is forced to if the model does not heed."""
        if self._cancelled or self._task.done():
            return
        self._cancelled = True
        self._stop_agent()
        loop = asyncio.get_running_loop()
        self._forcing = loop.call_later(_CANCEL_GRACE_SECONDS, self._task.cancel)

    async def aclose(self) -> None:
        """Stop the turn and wait until its session is free; idempotent."""
        self._closed = True
        self._buffer.close()
        if self._task.done():
            return
        self._stop_agent()
        done, _ = await asyncio.wait({self._task}, timeout=_CANCEL_GRACE_SECONDS)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_CLOSE_SECONDS)

    async def drain(self, seconds: float) -> None:
        """Let the turn end by itself for so long, then stop it."""
        await asyncio.wait({self._task}, timeout=seconds)
        if not self._task.done():
            self.cancel()
            await asyncio.wait({self._task}, timeout=_CANCEL_GRACE_SECONDS + _CLOSE_SECONDS)

    async def _run(self) -> None:
        """Answer, free the session, and only then say that the turn is over.

        A client may begin its next turn the moment it reads the last event.
        """
        last: Event | GatewayError | None = None
        try:
            with self._plan.observe() as observation:
                last = await self._observed(observation)
        finally:
            if self._forcing is not None:
                self._forcing.cancel()
            self._plan.release()
            self._buffer.finish(last)

    async def _observed(self, observation: TurnObservation) -> Event | GatewayError:
        try:
            async with asyncio.timeout(self._plan.limit_seconds) as limit:
                await self._wanted.wait()
                ended = await self._answer(observation)
        except asyncio.CancelledError:
            observation.ended("cancelled")
            if not self._cancelled:
                raise
            return TurnEnded("cancelled", "cancelled")
        except Exception as error:  # noqa: BLE001 - the edge of a turn's task
            if limit.expired():
                observation.ended("timeout")
                return TimedOut("The turn took longer than GATEWAY_TURN_SECONDS allows.")
            observation.ended("server_error")
            return told_failure("turn", error)
        observation.ended("ok" if ended.outcome == "completed" else "cancelled")
        return ended

    async def _answer(self, observation: TurnObservation) -> TurnEnded:
        tell = partial(self._tell, observation)
        opening = open_turn(self._plan.said, self._history(), self._plan.suspended)
        if opening.asks_again:
            await tell(opening.questions)
            return TurnEnded(stop_reason="interrupt")
        for message in opening.messages:
            message["content"] = shown_to(message["content"], self._plan.kinds)
        agent = await self._plan.agent(opening.messages)
        if self._cancelled or self._closed:
            return TurnEnded("cancelled", "cancelled")
        self._agent = agent
        await tell(opening.resumed)
        try:
            ended, questions = await self._converse(agent, opening, tell)
        except BaseException:
            if opening.suspended is not None and not is_suspended(agent):
                # What was asked is done: it must neither be asked nor be done again.
                with suppress(Unavailable):  # the store has logged it
                    await self._plan.keep(agent, None)
            raise
        await self._plan.keep(agent, suspended_by(agent, questions))
        return ended

    async def _converse(
        self, agent: Agent, opening: Opening, tell: Callable[[Iterable[Event]], Awaitable[None]]
    ) -> tuple[TurnEnded, list[InputRequested]]:
        """Run the agent to the end of the turn; gives that and what it asked."""
        said = self._plan.said
        shared = SharedState(agent, said.state)
        predictions = predicted_by(agent.tool_registry.registry.values())
        # Tools that are waited for give results like any other.
        client_tools = {tool.name for tool in said.client_tools if not said.waits_for_tools}
        translation = TextTranslation(client_tools, predictions=predictions)
        not_told = opening.answered_by_client(client_tools)
        hear = listening(lambda chunk: tell(translation.translate(chunk)))
        agent.add_middleware(InvokeModelStage, hear)
        agent.add_hook(lambda added: mend_characters(added.message), MessageAddedEvent)
        shown = shown_to([*opening.meanwhile, *content_blocks(said.content)], self._plan.kinds)
        prompt = named_apart(shown, document_names(opening.messages))
        stream = agent.stream_async(opening.prompt(agent, prompt))
        ended = TurnEnded("cancelled", "cancelled")
        questions: list[InputRequested] = []
        try:
            # The type says iterator; it is a generator, and has to be closed.
            async with aclosing(cast(Any, stream)) as strands_events:
                async for strands_event in strands_events:
                    if "event" in strands_event:
                        continue  # heard already
                    told = translation.translate(strands_event) + shared.changes(strands_event)
                    ended = next((each for each in told if isinstance(each, TurnEnded)), ended)
                    questions += [each for each in told if isinstance(each, InputRequested)]
                    await tell(each for each in told if not _is_held_back(each, not_told))
        except MaxTokensReachedException:
            ended = TurnEnded(stop_reason="max_tokens")
        if self._cancelled and ended.stop_reason in _WAITING_STOPS:
            return TurnEnded("cancelled", "cancelled"), []  # who wants no more is not waited for
        return ended, questions

    async def _tell(self, observation: TurnObservation, events: Iterable[Event]) -> None:
        for event in events:
            watch_turn(observation, event)
            if isinstance(event, ToolStarted) and event.name in self._plan.client_tools.names:
                self._plan.client_tools.expect(event.tool_call_id)
            if not self._buffer.offer(event):
                await self._wait_for_room(event)

    async def _wait_for_room(self, event: Event) -> None:
        """Let a slow reader slow the model; one that has stopped reading ends the turn."""
        if self._stalled:
            return
        try:
            async with asyncio.timeout(self._plan.stalled_seconds):
                await self._buffer.put(event)
        except TimeoutError:
            _log.info("nobody reads the turn's events: it is cancelled")
            self._stalled = True
            self.cancel()

    def _stop_agent(self) -> None:
        self._wanted.set()
        if self._agent is not None:
            self._agent.cancel()

    def _history(self) -> Messages:
        said = self._plan.said.history
        return self._plan.history if said is None else to_strands((*said, *self._plan.unseen))


def _is_held_back(event: Event, not_told: Collection[str]) -> bool:
    """The end is told when it is kept, and a client's own answers are not told to it."""
    if isinstance(event, ToolFinished):
        return event.tool_call_id in not_told
    return isinstance(event, TurnEnded)
