"""The answer of a model as a stream that begins in time, goes on in time, and is whole.

Every library has time-outs, each means something else by them, and none knows the stages of an
answer. Here they are the same for all models.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from strands.types.streaming import StreamEvent

from gateway.models.failures import CUT
from gateway.settings import ModelOptions
from protocols.contract.errors import TimedOut

_LOOK_SECONDS = 0.05
_AFTER_THE_END_SECONDS = 5.0  # for the tokens' count, which comes last


def staged(
    chunks: AsyncIterator[StreamEvent], options: ModelOptions, cancelled: threading.Event | None
) -> AsyncGenerator[StreamEvent]:
    """Hand on the chunks of one answer; ends quietly and closes the model's stream if cancelled.

    Raises:
        TimedOut: the first token, or the next one, did not come in time.
        ModelFailed: the answer ended without its end.
    """
    return _Answer(chunks, options, cancelled).chunks()


def holds_token(chunk: StreamEvent) -> bool:
    """Whether a chunk is a part of the answer itself, and not an announcement.

    Some libraries announce text before they have connected; a call of a tool is told by its start.
    """
    if "contentBlockDelta" in chunk:
        return True
    return "contentBlockStart" in chunk and bool(chunk["contentBlockStart"].get("start"))


class _Answer:
    """One answer; the wait for its next chunk is what time-outs and cancelling cut short."""

    def __init__(
        self,
        chunks: AsyncIterator[StreamEvent],
        options: ModelOptions,
        cancelled: threading.Event | None,
    ) -> None:
        self._chunks = chunks
        self._options = options
        self._cancelled = cancelled
        self._waiting: asyncio.Timeout | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._began = False
        self._block_open = False
        self._complete = False

    async def chunks(self) -> AsyncGenerator[StreamEvent]:
        self._look()
        try:
            # The type says iterator; they are generators, and have to be closed.
            async with aclosing(cast(Any, self._chunks)):
                while (chunk := await self._next()) is not None and not self._is_cancelled:
                    self._saw(chunk)
                    yield chunk
        finally:
            if self._looking is not None:
                self._looking.cancel()
        if not self._complete and not self._is_cancelled:
            raise CUT.shown()

    @property
    def _is_cancelled(self) -> bool:
        return self._cancelled is not None and self._cancelled.is_set()

    async def _next(self) -> StreamEvent | None:
        """The next chunk; None at the end, and when cancelled."""
        if self._is_cancelled:
            return None
        try:
            async with asyncio.timeout(self._seconds) as waiting:
                self._waiting = waiting
                return await anext(self._chunks, None)
        except TimeoutError:
            if not waiting.expired():
                raise
            if self._is_cancelled or self._complete:
                return None
            name = "BETWEEN_TOKENS" if self._began else "FIRST_TOKEN"
            text = f"The model took longer than GATEWAY_{name}_SECONDS allows. Try again."
            raise TimedOut(text) from None
        finally:
            self._waiting = None

    @property
    def _seconds(self) -> float:
        if self._complete:
            return _AFTER_THE_END_SECONDS
        options = self._options
        return options.between_tokens_seconds if self._began else options.first_token_seconds

    def _saw(self, chunk: StreamEvent) -> None:
        self._began = self._began or holds_token(chunk)
        if "contentBlockDelta" in chunk or "contentBlockStart" in chunk:
            self._block_open = True
        elif "contentBlockStop" in chunk:
            self._block_open = False
        elif "messageStop" in chunk:
            # Some libraries say so of a stream that just ended: nobody closed its last block.
            self._complete = not self._block_open

    def _look(self) -> None:
        """Look for the signal that threads share: it can wake nobody."""
        if self._cancelled is None:
            return
        loop = asyncio.get_running_loop()
        if self._cancelled.is_set() and self._waiting is not None:
            self._waiting.reschedule(loop.time())
            return
        self._looking = loop.call_later(_LOOK_SECONDS, self._look)
