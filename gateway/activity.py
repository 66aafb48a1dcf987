"""Whether the process is busy, and when that last changed (pure).

AgentCore reads both from ``/ping``: a busy process is not reaped, and a time that moved without a
change of the status would keep an idle one alive for hours (HTTP protocol contract, long-running
agents).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal


class Activity:
    """Counts what runs.

    Args:
        clock: gives the time in unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running = 0
        self._changed = clock()

    @property
    def status(self) -> Literal["Healthy", "HealthyBusy"]:
        """The word of the contract."""
        return "HealthyBusy" if self._running else "Healthy"

    @property
    def changed(self) -> int:
        """When the status last changed, in whole unix seconds."""
        return int(self._changed)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be busy for as long as the context is open; contexts may overlap."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        before = self.status
        self._running += step
        if self.status != before:
            self._changed = self._clock()
