"""One clock for every call of the process: twenty milliseconds, monotonic.

A timer for each call would wake the process a thousand times a second with twenty calls; one tick
serves all of them in one go. It runs only while somebody listens to it.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from protocols.webrtc.opus import FRAME_SECONDS

type Tick = Callable[[float, int], None]
"""Called with the time, and with how many ticks have passed: more than one after a short delay."""

_LATE_SECONDS = 0.1
_MANY = 8  # a call that is spoken in both ways listens twice

_log = logging.getLogger(__name__)


class Ticker:
    """Calls its listeners every 20 ms, on the event loop; they must not wait.

    A tick that comes late is told with those it missed, so that what they stand for is caught up
    on. After a delay of 100 ms the clock starts anew instead: no burst follows a stall.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._listeners: dict[Tick, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def add(self, tick: Tick) -> None:
        """Call this from the next tick on."""
        self._listeners[tick] = None
        if self._timer is None:
            self._due = self._clock() + FRAME_SECONDS
            self._set()

    def remove(self, tick: Tick) -> None:
        """Call this no more; it may have been removed before."""
        self._listeners.pop(tick, None)
        if not self._listeners and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def is_busy(self) -> bool:
        """Tell whether so many listen that each should take less of the process."""
        return len(self._listeners) > _MANY

    def _run(self) -> None:
        now = self._clock()
        late = now - self._due
        count = 1
        if late > _LATE_SECONDS:
            self._due = now
        else:
            count += int(max(0.0, late) / FRAME_SECONDS)
        self._due += count * FRAME_SECONDS
        self._set()
        for tick in list(self._listeners):
            try:
                tick(now, count)
            except Exception:  # noqa: BLE001 - the fault of one call must not silence the others
                _log.exception("a call failed to follow the clock")
                self.remove(tick)

    def _set(self) -> None:
        loop = asyncio.get_running_loop()
        wait_seconds = max(0.0, self._due - self._clock())
        self._timer = loop.call_later(wait_seconds, self._run)
