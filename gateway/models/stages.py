"""The answer of a model as a stream that begins in time, goes on in time, and is whole.

Every library has time-outs, each means something else by them, and none knows the stages of an
answer. Here they are the same for all models.
"""

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

from strands.types.streaming import StreamEvent

from gateway.models.failures import CUT
from gateway.settings import ModelOptions
from protocols.contract.errors import TimedOut

_LOOK_SECONDS = 0.05
_AFTER_THE_END_SECONDS = 5.0  # for the tokens' count, which comes last


async def staged(
    chunks: AsyncIterator[StreamEvent], options: ModelOptions, cancelled: threading.Event | None
) -> AsyncGenerator[StreamEvent]:
    """Hand on the chunks of one answer; ends quietly and closes the model's stream if cancelled.

    Raises:
        TimedOut: the first token, or the next one, did not come in time.
        ModelFailed: the answer ended without its end.
    """
    answer = StagedAnswer(chunks, options, cancelled)
    try:
        while (chunk := await answer.next()) is not None:
            yield chunk
    finally:
        await answer.aclose()


def holds_token(chunk: StreamEvent) -> bool:
    """Whether a chunk is a part of the answer itself, and not an announcement.

    Some libraries announce text before they have connected; a call of a tool is told by its start.
    """
    if "contentBlockDelta" in chunk:
        return True
    return "contentBlockStart" in chunk and bool(chunk["contentBlockStart"].get("start"))


class StagedAnswer:
    """One answer; ``staged`` is the same as a generator, which costs more for each chunk.

    One timer looks every now and then whether the wait for the next chunk has to be cut short: a
    time-out for each would cost as much as all else that is done to a chunk.
    """

    def __init__(
        self,
        chunks: AsyncIterator[StreamEvent],
        options: ModelOptions,
        cancelled: threading.Event | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._chunks = chunks
        self._options = options
        self._cancelled = cancelled
        self._seconds = options.first_token_seconds
        self._due_at = math.inf
        self._waiting: asyncio.Task[Any] | None = None
        self._cut_short = False
        self._began = False
        self._block_open = False
        self._within_block = False
        self._complete = False
        self._looking = self._loop.call_later(_LOOK_SECONDS, self._look)

    async def next(self) -> StreamEvent | None:
        """Give the next chunk; None at the end, and when cancelled; raises as ``staged``."""
        if not self._began and self._is_cancelled():
            return None
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        requests = task.cancelling()
        self._due_at = self._time() + self._seconds
        self._waiting = task
        try:
            chunk = await anext(self._chunks, None)
        except asyncio.CancelledError:
            if not self._cut_short or task.uncancel() > requests:
                raise  # by somebody else
            self._ended_by_us()
            return None
        finally:
            self._waiting = None
        if self._cancelled is not None and self._cancelled.is_set():
            return None
        if not (self._within_block and chunk is not None and "contentBlockDelta" in chunk):
            self._saw(chunk)  # of hundreds, a few
        return chunk

    async def aclose(self) -> None:
        """Close the model's stream; idempotent."""
        self._looking.cancel()
        # The type says iterator; they are generators, and have to be closed.
        await cast(Any, self._chunks).aclose()

    def _is_cancelled(self) -> bool:
        return self._cancelled is not None and self._cancelled.is_set()

    def _ended_by_us(self) -> None:
        """Tell why the wait was cut short.

        Raises:
            TimedOut: it took too long.
        """
        if self._is_cancelled() or self._complete:
            return
        name = "BETWEEN_TOKENS" if self._began else "FIRST_TOKEN"
        raise TimedOut(f"The model took longer than GATEWAY_{name}_SECONDS allows. Try again.")

    def _look(self) -> None:
        """Look whether the time is over, and for the signal that threads share: it wakes nobody."""
        self._looking = self._loop.call_later(_LOOK_SECONDS, self._look)
        if self._waiting is None or self._cut_short:
            return
        if self._is_cancelled() or self._time() >= self._due_at:
            self._cut_short = True
            self._waiting.cancel()

    def _saw(self, chunk: StreamEvent | None) -> None:
        if chunk is None:
            if not self._complete:
                raise CUT.shown()
            return
        if not self._began and holds_token(chunk):
            self._began = True
            self._seconds = self._options.between_tokens_seconds
        if "contentBlockDelta" in chunk or "contentBlockStart" in chunk:
            self._block_open = True
            self._within_block = self._began
        elif "contentBlockStop" in chunk:
            self._block_open = self._within_block = False
        elif "messageStop" in chunk:
            # Some libraries say so of a stream that just ended: nobody closed its last block.
            self._complete = not self._block_open
            self._seconds = _AFTER_THE_END_SECONDS
