"""Every conversation of this process: who may speak, what is remembered, how much fits in.

A ``Session`` remembers; it outlives connections. It has one turn at a time: a text turn or a live
conversation. What was said on one wire is the history of the next turn on any other.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from strands import Agent
from strands.bidi import BidiAgent
from strands.types.content import Messages

from gateway.activity import Activity
from gateway.agents.factory import AgentFactory
from gateway.agents.failures import contract_error
from gateway.agents.history import from_strands, message_id, repaired, size_of
from gateway.agents.live import LivePlan, StrandsLive
from gateway.agents.turns import StrandsTurn, TurnPlan
from gateway.settings import Limits
from observability.conversations import observe_conversation
from observability.turns import observe_turn
from protocols.contract.conversations import SessionKey, Wire
from protocols.contract.errors import SessionBusy, TooManySessions, Unavailable
from protocols.contract.inputs import LiveOptions, Message, UserTurn


class Session:
    """What is remembered of one conversation.

    ``told`` is the last message that the client which owns the history (AG-UI) was told of: what
    other wires said since then is shown to it with its next turn.
    """

    def __init__(self) -> None:
        self.messages: Messages = []
        self.state: dict[str, Any] = {}
        self.told: str | None = None
        self.size_bytes = 0

    def keep(self, agent: Agent | BidiAgent) -> None:
        """Take over what a turn left."""
        self.messages = repaired(agent.messages)
        self.state = agent.state.get()
        self.size_bytes = size_of(self.messages) + size_of(self.state)

    def tell(self) -> None:
        """Everything up to now is known to the client that owns the history."""
        self.told = message_id(self.messages[-1]) if self.messages else None

    def unseen(self) -> tuple[Message, ...]:
        """What the client that owns the history was not told yet."""
        ids = [message_id(message) for message in self.messages]
        first = ids.index(self.told) + 1 if self.told in ids else 0
        return from_strands(self.messages[first:])


class Sessions:
    """Implements the contract's ``Conversations``."""

    def __init__(self, factory: AgentFactory, limits: Limits, activity: Activity) -> None:
        self._factory = factory
        self._limits = limits
        self._activity = activity
        self._sessions: OrderedDict[SessionKey, Session] = OrderedDict()
        self._held: dict[SessionKey, StrandsTurn | StrandsLive | None] = {}
        self._memory_bytes = 0
        self._draining = False

    async def begin(self, session: SessionKey, said: UserTurn, wire: Wire) -> StrandsTurn:
        """Take the session's turn and start to answer; see the contract."""
        self._factory.check(said)
        found, release = self._take(session)
        owns_history = said.history is not None

        def keep(agent: Agent) -> None:
            self._keep(session, found, agent)
            if owns_history:
                found.tell()

        turn = StrandsTurn(
            TurnPlan(
                said=said,
                history=found.messages,
                unseen=found.unseen() if owns_history else (),
                agent=lambda messages: self._factory.text(session, said, messages, found.state),
                observe=lambda: observe_turn(
                    protocol=wire, session_id=session.id, model=self._factory.text_name
                ),
                keep=keep,
                release=release,
                limit_seconds=self._limits.turn_seconds,
                kinds=self._factory.text_kinds,
            )
        )
        self._held[session] = turn
        return turn

    async def open(self, session: SessionKey, options: LiveOptions, wire: Wire) -> StrandsLive:
        """Take the session's turn for a live conversation; see the contract."""
        found, release = self._take(session)
        try:
            voice = await self._factory.live(options, repaired(found.messages), found.state)
            self._refuse_while_draining()
        except BaseException as error:
            release()
            if isinstance(error, Exception):
                raise contract_error(error) from error
            raise

        live = StrandsLive(
            LivePlan(
                voice=voice,
                observe=lambda: observe_conversation(
                    protocol=wire, session_id=session.id, model=voice.model
                ),
                keep=lambda agent: self._keep(session, found, agent),
                release=release,
                limit_seconds=self._limits.live_seconds,
                idle_seconds=self._limits.idle_seconds,
            )
        )
        self._held[session] = live
        return live

    def cancel(self, session: SessionKey) -> bool:
        """Stop the running turn, if any; see the contract."""
        running = self._held.get(session)
        if running is None:
            return False
        running.cancel()
        return True

    def history(self, session: SessionKey) -> tuple[Message, ...]:
        """What the session remembers; see the contract."""
        found = self._sessions.get(session)
        return from_strands(found.messages) if found else ()

    async def forget(self, session: SessionKey) -> bool:
        """Stop the running turn and drop all memory of the session; see the contract."""
        # First the memory: what the running turn leaves must not come back to it.
        known = self._drop(session)
        running = self._held.get(session)
        if running is not None:
            await running.aclose()
        return known

    def stop_taking(self) -> None:
        """Refuse new turns from now on; the running ones go on."""
        self._draining = True

    async def drain(self) -> None:
        """Take no new turns, let the running ones end, then stop those that have not."""
        self.stop_taking()
        running = [turn for turn in self._held.values() if turn is not None]
        await asyncio.gather(*(turn.drain(self._limits.drain_seconds) for turn in running))

    def _take(self, key: SessionKey) -> tuple[Session, Callable[[], None]]:
        """Find or make the session and reserve its turn; gives what frees it, once."""
        self._refuse_while_draining()
        if key in self._held:
            raise SessionBusy("Another turn is running on this session. Wait for it, or cancel it.")
        if len(self._held) >= self._limits.max_turns:
            raise TooManySessions("The gateway is full (GATEWAY_MAX_TURNS). Try again later.")
        if key not in self._sessions:
            self._forget_oldest()
        found = self._sessions.setdefault(key, Session())
        self._sessions.move_to_end(key)
        self._held[key] = None
        held = ExitStack()
        held.enter_context(self._activity.hold())
        held.callback(self._held.pop, key)
        return found, held.close

    def _refuse_while_draining(self) -> None:
        if self._draining:
            raise Unavailable("The gateway is shutting down. Try again in a moment.")

    def _keep(self, key: SessionKey, found: Session, agent: Agent | BidiAgent) -> None:
        """Take over what a turn left; a session that was forgotten meanwhile stays forgotten."""
        before = found.size_bytes
        found.keep(agent)
        if self._sessions.get(key) is not found:
            return
        self._memory_bytes += found.size_bytes - before
        if self._memory_bytes <= self._limits.max_memory_bytes:
            return  # before the list of all sessions is made
        for oldest in list(self._sessions):
            if self._memory_bytes <= self._limits.max_memory_bytes:
                return
            if oldest != key and oldest not in self._held:
                self._drop(oldest)

    def _drop(self, key: SessionKey) -> bool:
        dropped = self._sessions.pop(key, None)
        if dropped is None:
            return False
        self._memory_bytes -= dropped.size_bytes
        return True

    def _forget_oldest(self) -> None:
        """Make room for one more; a session whose turn is running is not forgotten."""
        while len(self._sessions) >= self._limits.max_sessions:
            oldest = next((key for key in self._sessions if key not in self._held), None)
            if oldest is None:
                raise TooManySessions("The gateway is full (GATEWAY_MAX_SESSIONS).")
            self._drop(oldest)
