"""Several connections that come back to one conversation in the same moment."""

import asyncio
from typing import Any, cast

from protocols.contract.conversations import SessionKey
from protocols.live.dialogue import EndReason
from protocols.live.session import LiveSession
from protocols.websocket.connection import Connection
from protocols.websocket.connections import Connections
from protocols.websocket.resuming import Resumable, Wire


class Silent:
    """Stands for a connection that is never sent anything."""

    def give_up(self) -> None:
        """Nothing is being sent."""


class Resumed:
    """Stands for a session; notes the wires it goes on on."""

    is_parked = False

    def __init__(self) -> None:
        self.wires: list[Any] = []

    async def run(self) -> EndReason:
        await asyncio.Event().wait()
        return "ended"

    def check_seen(self, last_seq: int | None) -> None:
        """All numbers are known."""

    def park(self) -> None:
        self.is_parked = True

    async def resume(self, wire: Any, last_seq: int | None) -> None:
        self.wires.append(wire)

    async def hear_silence(self, seconds: float) -> None:
        """Nobody listens."""

    async def aclose(self) -> None:
        """There is nothing to free."""


def wire() -> Wire:
    return Wire(cast(Connection, Silent()))


async def test_the_last_of_two_that_come_back_at_once_goes_on() -> None:
    session, connections, lost = Resumed(), Connections(), wire()
    resumable = Resumable(SessionKey("c", "s"), cast(LiveSession, session), lost, 60)
    resumable.start(connections, lambda: None)
    await asyncio.sleep(0)  # the conversation has begun
    resumable.wait(lost, connections)
    await asyncio.sleep(0)  # and waits for its client
    one, two = wire(), wire()
    async with asyncio.timeout(5):
        await asyncio.gather(resumable.take_over(one, 0), resumable.take_over(two, 0))
        assert (session.wires, one.is_lost, two.is_lost) == ([two], True, False)
        await resumable.aclose()
