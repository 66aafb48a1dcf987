"""The one way to write an event stream.

Server-sent events with LF framing only (the AG-UI clients split frames on two LF characters),
comments in silence so that proxies keep the line open, and the turn closed whatever happens: when
a client goes away while the server waits for it to read, nobody else would close the generator.
"""

import asyncio
import contextlib
import logging
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

_log = logging.getLogger(__name__)


def frame(events: Sequence[AgUiEvent]) -> bytes:
    """Write events as frames, one JSON object each."""
    return b"".join(b"data: %b\n\n" % encode(event) for event in events)


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
) -> Stream:
    """Stream a turn that has begun as AG-UI events; ``known`` ones follow its start."""
    frames = _frames(turn, translator, keep_alive_seconds, known)

    async def close() -> None:
        await frames.aclose()
        # A generator that was never started runs no finally.
        await turn.aclose()

    return Stream(
        frames,
        media_type=EVENT_STREAM,
        status_code=200,
        headers=_HEADERS | session_headers(session_id),
        background=BackgroundTask(close),
    )


async def _frames(
    turn: Turn,
    translator: RunTranslator,
    keep_alive_seconds: float,
    known: Sequence[AgUiEvent],
) -> AsyncGenerator[bytes]:
    now = asyncio.get_running_loop().time
    try:
        yield frame(translator.start(known))
        written_at = now()
        async with contextlib.aclosing(_with_pauses(aiter(turn), keep_alive_seconds)) as items:
            async for event in items:
                written = [] if event is None else translator.translate(event)
                # Not every event is written: the line is silent while the assistant only speaks.
                if written:
                    yield frame(written)
                elif event is None or now() - written_at >= keep_alive_seconds:
                    yield _KEEP_ALIVE
                else:
                    continue
                written_at = now()
    except Exception as error:  # noqa: BLE001 - a stream that has begun can only end in an event
        if not isinstance(error, GatewayError):
            _log.error("stream failed: %s", type(error).__name__, exc_info=error)
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
            coming.cancel()  # also when it is done: asyncio then misses no look at its exception


async def _next(events: AsyncIterator[Event]) -> Event:
    return await anext(events)
