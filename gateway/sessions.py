"""Every conversation of this process: who may speak, and what is remembered.

A session remembers; it outlives connections, and with a durable store the process. It has one turn
at a time: a text turn or a live conversation. What was said on one wire is the history of the next
turn on any other.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from msgspec import Struct
from strands import Agent
from strands.bidi import BidiAgent
from strands.types.content import Messages

from gateway.activity import Activity
from gateway.agents.client_tools import ClientTools
from gateway.agents.factory import AgentFactory
from gateway.agents.failures import contract_error
from gateway.agents.history import from_strands, message_id, repaired
from gateway.agents.interrupts import Suspended
from gateway.agents.live import LivePlan, StrandsLive
from gateway.agents.memory import Memory, UnreadableMemory, pack, unpack
from gateway.agents.turns import StrandsTurn, TurnPlan
from gateway.settings import Limits
from gateway.stores import SessionStore
from observability.conversations import observe_conversation
from observability.turns import observe_turn
from protocols.contract.conversations import SessionKey, Wire
from protocols.contract.errors import SessionBusy, TooLarge, TooManySessions, Unavailable
from protocols.contract.inputs import LiveOptions, Message, UserTurn

_UNREADABLE = (
    "What the store (GATEWAY_SESSION_STORE) holds of this session was written by another version "
    "of the gateway. Use another session id, or forget this one (action `forget`)."
)


_EMBEDDED = {"offline", "cascade"}  # voices that GATEWAY_MAX_VOICES bounds


class _Held(Struct, eq=False):
    """A session whose turn is taken; ``forgotten`` ones leave nothing behind."""

    turn: StrandsTurn | StrandsLive | None = None
    forgotten: bool = False


class Sessions:
    """Implements the contract's ``Conversations``."""

    def __init__(
        self,
        factory: AgentFactory,
        limits: Limits,
        activity: Activity,
        store: SessionStore,
        stalled_seconds: float,
    ) -> None:
        self._factory = factory
        self._limits = limits
        self._activity = activity
        self._store = store
        self._stalled_seconds = stalled_seconds
        self._held: dict[SessionKey, _Held] = {}
        self._draining = False

    async def begin(self, session: SessionKey, said: UserTurn, wire: Wire) -> StrandsTurn:
        """Take the session's turn and start to answer; see the contract."""
        self._factory.check(said)
        await self._make_way(session)
        held, release = self._take(session)
        memory = await self._recall_or(release, session)
        owns_history = said.history is not None
        waiting = said.client_tools if said.waits_for_tools else ()
        client_tools = ClientTools(waiting, self._limits.tool_seconds)

        async def agent(messages: Messages) -> Agent:
            return await self._factory.text(session, said, messages, memory.state, client_tools)

        async def keep(ended: Agent, suspended: Suspended | None) -> None:
            kept = _memory_of(ended, memory, suspended)
            if owns_history:
                kept.tell()
            await self._keep(session, held, kept)

        held.turn = StrandsTurn(
            TurnPlan(
                said=said,
                history=memory.messages,
                suspended=memory.suspended if _may_answer(said, wire) else None,
                unseen=() if said.history is None else memory.unseen(said.history),
                agent=agent,
                observe=lambda: observe_turn(
                    protocol=wire, session_id=session.id, model=self._factory.text_name
                ),
                keep=keep,
                release=release,
                limit_seconds=self._limits.turn_seconds,
                stalled_seconds=self._stalled_seconds,
                kinds=self._factory.text_kinds,
                client_tools=client_tools,
            )
        )
        return held.turn

    async def open(self, session: SessionKey, options: LiveOptions, wire: Wire) -> StrandsLive:
        """Take the session's turn for a live conversation; see the contract.

        Questions that wait for an answer lapse: the conversation goes on aloud.
        """
        self._check_tools(options)
        client_tools = ClientTools(options.client_tools, self._limits.tool_seconds)
        await self._make_way(session)
        held, release = self._take(session)
        memory = await self._recall_or(release, session)
        try:
            voice = await self._factory.live(
                options, repaired(memory.messages), memory.state, client_tools
            )
            self._refuse_while_draining()
        except BaseException as error:
            release()
            if isinstance(error, Exception):
                raise contract_error(error) from error
            raise

        async def keep(agent: BidiAgent) -> None:
            with suppress(Unavailable):  # the store has logged it, and nobody listens any more
                await self._keep(session, held, _memory_of(agent, memory, None))

        held.turn = StrandsLive(
            LivePlan(
                voice=voice,
                observe=lambda: observe_conversation(
                    protocol=wire, session_id=session.id, model=voice.model
                ),
                keep=keep,
                release=release,
                limit_seconds=self._limits.live_seconds,
                idle_seconds=self._limits.idle_seconds,
                client_tools=client_tools,
                state=options.state,
            )
        )
        return held.turn

    def cancel(self, session: SessionKey) -> bool:
        """Stop the running turn, if any; see the contract."""
        held = self._held.get(session)
        if held is None or held.turn is None:
            return False
        held.turn.cancel()
        return True

    async def history(self, session: SessionKey) -> tuple[Message, ...]:
        """What the session remembers; see the contract."""
        return from_strands((await self._recall(session)).messages)

    async def forget(self, session: SessionKey) -> bool:
        """Stop the running turn and drop all memory of the session; see the contract."""
        held = self._held.get(session)
        if held is not None:
            # First: what the running turn leaves must not come back.
            held.forgotten = True
            if held.turn is not None:
                await held.turn.drain(0)  # its client is told that it was cancelled
        known = await self._store.delete(session)
        return known or held is not None

    def stop_taking(self) -> None:
        """Refuse new turns from now on; the running ones go on."""
        self._draining = True

    async def drain(self) -> None:
        """Take no new turns, let the running ones end, then stop those that have not."""
        self.stop_taking()
        running = [held.turn for held in self._held.values() if held.turn is not None]
        await asyncio.gather(*(turn.drain(self._limits.drain_seconds) for turn in running))

    def _check_tools(self, options: LiveOptions) -> None:
        most = self._limits.max_client_tools
        if len(options.client_tools) > most:
            raise TooLarge(
                f"A conversation may bring {most} tools at most (GATEWAY_MAX_CLIENT_TOOLS)."
            )
        self._factory.check(options)

    async def _make_way(self, key: SessionKey) -> None:
        """End a conversation that only waits for its client, if it is in the way."""
        wanted = self._held.get(key)
        waiting = [held for held in self._held.values() if _is_parked(held)]
        if wanted is None and self._is_crowded():
            wanted = next(iter(waiting), None)
        if wanted in waiting and wanted is not None and wanted.turn is not None:
            await wanted.turn.aclose()

    def _is_crowded(self) -> bool:
        """Tell whether the next turn may find no place."""
        voices = sum(isinstance(held.turn, StrandsLive) for held in self._held.values())
        is_embedded = self._factory.voice_name.partition("/")[0] in _EMBEDDED
        return len(self._held) >= self._limits.max_turns or (
            is_embedded and voices >= self._limits.max_voices
        )

    def _take(self, key: SessionKey) -> tuple[_Held, Callable[[], None]]:
        """Reserve the session's turn; gives what frees it, once."""
        self._refuse_while_draining()
        if key in self._held:
            raise SessionBusy("Another turn is running on this session. Wait for it, or cancel it.")
        if len(self._held) >= self._limits.max_turns:
            raise TooManySessions("The gateway is full (GATEWAY_MAX_TURNS). Try again later.")
        taken = self._held[key] = _Held()
        held = ExitStack()
        held.enter_context(self._activity.hold())
        held.callback(self._held.pop, key)
        return taken, held.close

    def _refuse_while_draining(self) -> None:
        if self._draining:
            raise Unavailable("The gateway is shutting down. Try again in a moment.")

    async def _recall(self, key: SessionKey) -> Memory:
        packed = await self._store.read(key)
        try:
            return Memory() if packed is None else unpack(packed)
        except UnreadableMemory:
            raise Unavailable(_UNREADABLE) from None

    async def _recall_or(self, release: Callable[[], None], key: SessionKey) -> Memory:
        try:
            memory = await self._recall(key)
            self._refuse_while_draining()
        except BaseException:
            release()
            raise
        return memory

    async def _keep(self, key: SessionKey, held: _Held, memory: Memory) -> None:
        """Store what a turn left; a session that was forgotten meanwhile stays forgotten."""
        if not held.forgotten:
            await self._store.write(key, pack(memory))


def _is_parked(held: _Held) -> bool:
    return isinstance(held.turn, StrandsLive) and held.turn.is_parked


def _may_answer(said: UserTurn, wire: Wire) -> bool:
    """Tell whether a question that waits stays open; it lapses where nobody could answer it.

    On sockets and calls only AG-UI, whose clients bring the history, has words for answers.
    """
    return wire in ("http", "agui") or said.history is not None or bool(said.answers)


def _memory_of(agent: Agent | BidiAgent, before: Memory, suspended: Suspended | None) -> Memory:
    waiting = agent.messages[-1:] if suspended is not None else []
    messages = repaired(agent.messages[: len(agent.messages) - len(waiting)]) + waiting
    for message in messages:
        message_id(message)
    state: dict[str, Any] = agent.state.get()
    return Memory(
        messages=messages,
        state=state,
        told=before.told,
        told_blocks=before.told_blocks,
        suspended=suspended,
    )
