"""The one way to write an event stream.

Server-sent events with LF framing only (the AG-UI clients split frames on two LF characters), or
another form; comments in silence so that proxies keep the line open, and the turn closed whatever
happens: when a client goes away while the server waits for it to read, nobody else would close the
generator.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Protocol, runtime_checkable

from litestar.background_tasks import BackgroundTask
from litestar.response import Stream
from msgspec import Struct

from protocols.ag_ui_events import AgUiEvent, RunTranslator, encode
from protocols.contract.conversations import Turn
from protocols.contract.errors import GatewayError
from protocols.contract.events import Event

EVENT_STREAM = "text/event-stream"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

_log = logging.getLogger(__name__)


class Form(Struct, frozen=True):
    """How events are written; ``keep_alive`` fills silence, where the form has a way to."""

    media_type: str
    frame: Callable[[Sequence[AgUiEvent]], bytes]
    keep_alive: bytes = b""


def frame(events: Sequence[AgUiEvent]) -> bytes:
    """Write events as frames, one JSON object each."""
    return b"".join(b"data: %b\n\n" % encode(event) for event in events)


SERVER_SENT = Form(EVENT_STREAM, frame, b": keep-alive\n\n")


def session_headers(session_id: str) -> dict[str, str]:
    """Name the session in an answer; nothing while none is known.

    Headers are bytes, and HTTP libraries show them as Latin-1: the bytes of the name's UTF-8 make
    the round trip through any of them (``session_in`` reads them).
    """
    return {SESSION_HEADER: session_id.encode().decode("latin-1")} if session_id else {}


def session_in(header: str) -> str:
    """Read the name of a session from its header.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    return header.encode("latin-1").decode()


def event_stream(
    turn: Turn,
    translator: RunTranslator,
    *,
    session_id: str,
    keep_alive_seconds: float,
    known: Sequence[AgUiEvent] = (),
    form: Form = SERVER_SENT,
) -> Stream:
    """Stream a turn that has begun as AG-UI events; ``known`` ones follow its start."""
    pause = keep_alive_seconds if form.keep_alive else math.inf
    frames = _frames(turn, translator, pause, known, form)

    async def close() -> None:
        await frames.aclose()
        # A generator that was never started runs no finally.
        await turn.aclose()

    return Stream(
        frames,
        media_type=form.media_type,
        status_code=200,
        headers=_HEADERS | session_headers(session_id),
        background=BackgroundTask(close),
    )


async def _frames(
    turn: Turn,
    translator: RunTranslator,
    keep_alive_seconds: float,
    known: Sequence[AgUiEvent],
    form: Form,
) -> AsyncGenerator[bytes]:
    now = asyncio.get_running_loop().time
    try:
        yield form.frame(translator.start(known))
        written_at = now()
        async with contextlib.aclosing(_batches(turn, keep_alive_seconds)) as batches:
            async for batch in batches:
                written = [each for event in batch for each in translator.translate(event)]
                # Not every event is written: the line is silent while the assistant only speaks.
                if written:
                    yield form.frame(written)
                elif not batch or now() - written_at >= keep_alive_seconds:
                    yield form.keep_alive
                else:
                    continue
                written_at = now()
    except Exception as error:  # noqa: BLE001 - a stream that has begun can only end in an event
        if not isinstance(error, GatewayError):
            _log.error("stream failed: %s", type(error).__name__, exc_info=error)
        yield form.frame(translator.fail(error))
    finally:
        await turn.aclose()


@runtime_checkable
class InBatches(Protocol):
    """A turn that can give all events that wait at once, which saves a task for each."""

    def batches(self, pause_seconds: float) -> AsyncGenerator[list[Event]]:
        """Yield the events as they come, and an empty batch after each silence of so long."""
        ...


def _batches(turn: Turn, seconds: float) -> AsyncGenerator[list[Event]]:
    if isinstance(turn, InBatches):
        return turn.batches(seconds)
    return _with_pauses(aiter(turn), seconds)


async def _with_pauses(events: AsyncIterator[Event], seconds: float) -> AsyncGenerator[list[Event]]:
    """Yield the events one by one, and an empty batch after each silence of so many seconds."""
    coming: asyncio.Future[Event] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(_next(events))
            while not (await asyncio.wait({coming}, timeout=seconds))[0]:
                yield []
            try:
                yield [coming.result()]
            except StopAsyncIteration:
                return
    finally:
        if coming is not None:
            coming.cancel()  # also when it is done: asyncio then misses no look at its exception


async def _next(events: AsyncIterator[Event]) -> Event:
    return await anext(events)
