"""The connection that is opened ahead of a renewal."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.models.nova_sonic.connection import Connection

_log = logging.getLogger(__name__)

_LASTS_SECONDS = 30.0  # it ages too, and the service ends what stays silent


class Spare:
    """At most one connection, told nothing yet but the prompt.

    Args:
        connect: opens a connection.
        retire: closes one that is not wanted, without waiting.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        retire: Callable[[Connection], None],
    ) -> None:
        self._connect = connect
        self._retire = retire
        self._opening: asyncio.Task[Connection] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is there, or is known not to come."""
        return self._opening is not None and self._opening.done()

    def prepare(self) -> None:
        """Open it, unless that was done; one that has grown old is replaced."""
        if self._opening is not None and self._opening.done():
            connection = _result(self._opening)
            if connection is not None and connection.age_seconds > _LASTS_SECONDS:
                self._retire(connection)
                self._opening = None
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())

    async def take(self) -> Connection | None:
        """Give it away; None if there is none that works."""
        opening, self._opening = self._opening, None
        if opening is None:
            return None
        await asyncio.wait({opening})
        connection = _result(opening)
        if connection is not None and connection.is_failed:
            self._retire(connection)
            return None
        return connection

    async def aclose(self) -> None:
        """Give it up; idempotent."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        opening.cancel()
        await asyncio.wait({opening})
        connection = _result(opening)
        if connection is not None:
            self._retire(connection)

    async def _open(self) -> Connection:
        return await self._connect()


def _result(opening: asyncio.Task[Connection]) -> Connection | None:
    if opening.cancelled():
        return None
    error = opening.exception()
    if error is not None:
        _log.info("no connection was opened ahead: %s", type(error).__name__)
        return None
    return opening.result()
