"""The one way to write an event stream.

Server-sent events with LF framing only (the AG-UI clients split frames on two LF characters),
comments in silence so that proxies keep the line open, and the turn closed whatever happens: when
a client goes away while the server waits for it to read, nobody else would close the generator.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from litestar.background_tasks import BackgroundTask
from litestar.response import Stream

from protocols.ag_ui_events import AgUiEvent, RunTranslator, encode
from protocols.contract.conversations import Turn
from protocols.contract.errors import GatewayError
from protocols.contract.events import Event

EVENT_STREAM = "text/event-stream"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_KEEP_ALIVE = b": keep-alive\n\n"


def frame(events: Sequence[AgUiEvent]) -> bytes:
    """Write events as frames, one JSON object each."""
    return b"".join(b"data: %b\n\n" % encode(event) for event in events)


def event_stream(
    turn: Turn,
    translator: RunTranslator,
    *,
    session_id: str,
    keep_alive_seconds: float,
    known: Sequence[AgUiEvent] = (),
) -> Stream:
    """Stream a turn that has begun as AG-UI events; ``known`` ones follow its start."""

    async def close() -> None:
        await turn.aclose()

    return Stream(
        _frames(turn, translator, keep_alive_seconds, known),
        media_type=EVENT_STREAM,
        status_code=200,
        headers={
            SESSION_HEADER: session_id,
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
        },
        background=BackgroundTask(close),
    )


async def _frames(
    turn: Turn,
    translator: RunTranslator,
    keep_alive_seconds: float,
    known: Sequence[AgUiEvent],
) -> AsyncIterator[bytes]:
    try:
        yield frame(translator.start(known))
        async with contextlib.aclosing(_with_pauses(aiter(turn), keep_alive_seconds)) as items:
            async for event in items:
                if event is None:
                    yield _KEEP_ALIVE
                elif written := translator.translate(event):
                    yield frame(written)
    except GatewayError as error:
        yield frame(translator.fail(error))
    finally:
        await turn.aclose()


async def _with_pauses(
    events: AsyncIterator[Event], seconds: float
) -> AsyncGenerator[Event | None]:
    """Yield the events, and None after each silence of so many seconds."""
    coming: asyncio.Future[Event] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(_next(events))
            while not (await asyncio.wait({coming}, timeout=seconds))[0]:
                yield None
            try:
                yield coming.result()
            except StopAsyncIteration:
                return
    finally:
        if coming is not None:
            coming.cancel()


async def _next(events: AsyncIterator[Event]) -> Event:
    return await anext(events)
