"""Threads for tools that are plain functions, so that one that hangs costs a thread and no more.

The event loop's own pool is not used: it has few threads, everything else in the process needs
them, and leaving the process waits for them. These are daemon threads, one a call. A thread cannot
be killed: when a call is given up, its thread is *abandoned* and counted until the function
returns. Both numbers are bounded; a call past a bound fails at once (``NoThreadFree``).
"""

import asyncio
import contextvars
import functools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

MAXIMUM_RUNNING = 256
"""More than turns that may run at once, by default; threads that wait cost little."""
MAXIMUM_ABANDONED = 16

logger = logging.getLogger(__name__)


class NoThreadFree(Exception):
    """Too many calls run, or too many were given up and still run."""


class ToolThreads:
    """Starts threads, counts them, and remembers which of them nobody waits for any more."""

    def __init__(
        self, maximum_running: int = MAXIMUM_RUNNING, maximum_abandoned: int = MAXIMUM_ABANDONED
    ) -> None:
        self._maximum_running = maximum_running
        self._maximum_abandoned = maximum_abandoned
        self._running = 0
        self._abandoned = 0
        self._lock = threading.Lock()

    @property
    def running(self) -> int:
        """Threads at work, the abandoned ones among them."""
        return self._running

    @property
    def abandoned(self) -> int:
        """Threads at work for calls that were given up."""
        return self._abandoned

    async def run(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Call a function in a thread of its own, with the context of the caller.

        Raises:
            NoThreadFree: a bound is reached.
        """
        context = contextvars.copy_context()
        call = _Call(functools.partial(context.run, function, **arguments))
        self._begin()
        thread = threading.Thread(
            target=self._work,
            args=(call,),
            name=f"tool-{getattr(function, '__name__', 'function')}",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError as error:
            self._end(call)
            raise NoThreadFree("the system starts no more threads") from error
        try:
            return await asyncio.wrap_future(call.result)
        except asyncio.CancelledError:
            if self._abandon(call):
                logger.warning("a call was given up, and its thread %s still runs", thread.name)
            raise

    def _work(self, call: "_Call") -> None:
        # The thread counts as free before its result can be seen: the next call may take it.
        try:
            value = call.function()
        except BaseException as error:  # noqa: BLE001  # carried to whoever awaits the call
            self._end(call)
            call.result.set_exception(error)
        else:
            self._end(call)
            call.result.set_result(value)

    def _begin(self) -> None:
        with self._lock:
            if self._abandoned >= self._maximum_abandoned:
                raise NoThreadFree(f"{self._abandoned} calls that were given up still run")
            if self._running >= self._maximum_running:
                raise NoThreadFree(f"{self._running} calls run")
            self._running += 1

    def _end(self, call: "_Call") -> None:
        with self._lock:
            call.has_ended = True
            self._running -= 1
            if call.is_abandoned:
                self._abandoned -= 1

    def _abandon(self, call: "_Call") -> bool:
        with self._lock:
            if call.has_ended:
                return False
            call.is_abandoned = True
            self._abandoned += 1
            return True


class _Call:
    """One call; the flags belong to the lock of the threads."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.result: Future[Any] = Future()
        self.has_ended = False
        self.is_abandoned = False
        # It cannot be cancelled any more: who stops waiting leaves it running.
        self.result.set_running_or_notify_cancel()
