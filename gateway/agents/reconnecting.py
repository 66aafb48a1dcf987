"""Tells whoever waits that the model's service is being connected to again, if that lasts.

strands tells of a restart only after it; so its hooks are heard, which come before.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from strands.bidi import BidiAgent
from strands.bidi.hooks.events import (
    BidiAfterConnectionRestartEvent,
    BidiBeforeConnectionRestartEvent,
)

from protocols.contract.events import Event, ModelReconnecting

TOLD_AFTER_SECONDS = 1.0


@runtime_checkable
class Recovering(Protocol):
    """A voice model that knows whether a lost connection is back, beyond strands' restart."""

    @property
    def is_recovering(self) -> bool:
        """Whether a connection was lost and no other is known to work."""
        ...


class ReconnectNotice:
    """Watches the restarts of one agent.

    Args:
        agent: not started yet.
        tell: takes the event; it may be dropped if too many wait.
        after_seconds: shorter interruptions nobody needs to know of.
    """

    def __init__(
        self,
        agent: BidiAgent,
        tell: Callable[[Event], object],
        after_seconds: float = TOLD_AFTER_SECONDS,
    ) -> None:
        self._model = agent.model
        self._tell = tell
        self._after_seconds = after_seconds
        self._restarting = False
        self._due: asyncio.TimerHandle | None = None
        agent.add_hook(self._began, BidiBeforeConnectionRestartEvent)
        agent.add_hook(self._ended, BidiAfterConnectionRestartEvent)

    def close(self) -> None:
        """Tell nothing any more; idempotent."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _began(self, event: BidiBeforeConnectionRestartEvent) -> None:
        self._restarting = True
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(self._after_seconds, self._look)

    def _ended(self, event: BidiAfterConnectionRestartEvent) -> None:
        self._restarting = False

    def _look(self) -> None:
        self._due = None
        model = self._model
        if model.is_recovering if isinstance(model, Recovering) else self._restarting:
            self._tell(ModelReconnecting())
