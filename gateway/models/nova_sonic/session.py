"""One connection of strands' Nova Sonic model that begins and ends in bounded time.

strands 1.62 takes the end of a stream for nothing at all, waits for ever for peers that are gone,
and dies of an event that lacks a field. What is overridden here, and why, is told at each place;
the private names of strands and of the SDK that this rests on are tried by the tests.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from strands.bidi.models.bedrock import BedrockNovaSonicModel
from strands.bidi.models.model import ConnectionTimeoutError
from strands.bidi.types.events import BidiOutputEvent
from strands.types.content import Messages
from strands.types.tools import ToolSpec

_log = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0


class StreamLost(ConnectionTimeoutError):
    """The stream ended before anybody wanted that."""


class NovaSonicSession(BedrockNovaSonicModel):
    """One connection; used once.

    Args:
        start_seconds: how long opening may take.
        stop_seconds: how long a polite end may take; then the connection is cut.
        options: see strands.
    """

    def __init__(self, *, start_seconds: float, stop_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._is_stopping = False

    @property
    def is_answered(self) -> bool:
        """Whether the service has accepted the connection, as far as it says so."""
        stream = getattr(self, "_stream", None)
        return stream is not None and stream.output_stream is not None

    async def start(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the connection; ``tell`` it the history once it is read.

        strands has a buffer of 16 events and no time-out: with a history it could wait for ever for
        a service that is not there. Without, no more than five events are sent.

        Raises:
            TimeoutError: it took too long.
            Exception: whatever the SDK raises; refusals of the service come out of ``receive``.
        """
        async with asyncio.timeout(self._start_seconds):
            await super().start(system_prompt, tools, None, **kwargs)
        if messages:
            await self.tell(messages)

    async def tell(self, messages: Messages) -> None:
        """Tell what was said before; only before any sound or question."""
        await self._send_nova_events(self._get_message_history_events(messages))

    async def receive(self) -> AsyncGenerator[BidiOutputEvent, None]:
        """Yield the events; an end that we did not ask for is an error.

        Raises:
            StreamLost: the service ended the stream, or it was cut.
            Exception: whatever the SDK raises.
        """
        try:
            async with aclosing(super().receive()) as events:
                async for event in events:
                    yield event
        except asyncio.CancelledError:
            # The reader waits for a future that stop() may cancel: nobody cancelled the reader.
            if _is_cancelled():
                raise
        except Exception:
            if not self._is_stopping:
                raise
        if not self._is_stopping:
            raise StreamLost("the service ended the stream")

    async def stop(self) -> None:
        """Say goodbye and close, or give up within a bound; idempotent, never raises."""
        self._is_stopping = True
        stream = getattr(self, "_stream", None)
        try:
            async with asyncio.timeout(self._stop_seconds):
                await super().stop()
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
        except Exception as error:  # noqa: BLE001 - strands reports all faults of a dead stream
            _log.debug("Nova Sonic was not stopped politely: %s", type(error).__name__)
        finally:
            await self._cut(stream)

    async def abandon(self) -> None:
        """Close a connection whose peer is dead; frees whoever waits to send; never raises."""
        self._is_stopping = True
        await self._cut(getattr(self, "_stream", None))

    async def _cut(self, stream: Any) -> None:
        """Close what is left open. A polite close would flush to a peer that reads no more."""
        if stream is not None:
            publisher = stream.input_stream
            publisher._closed = True  # no last signed message
            await publisher._writer.close(flush=False)
            # A connection that is still being made would be closed by nobody.
            await asyncio.wait({stream._output_future}, timeout=_CLOSE_SECONDS)
        client = self.__dict__.pop("_client", None)
        try:
            if client is not None:
                # Not cancelled with us: the CRT would tell a future that is not there any more.
                closing = asyncio.create_task(client.close())
                closing.add_done_callback(_look_at_error)
                await asyncio.wait({closing}, timeout=_CLOSE_SECONDS)
        finally:
            if stream is not None:
                stream._output_future.cancel()
            self.__dict__.pop("_stream", None)
            self._connection_id = None
            self._audio_content_name = None  # the next contentStart must not be left out

    def _convert_nova_event(
        self, nova_event: dict[str, Any], response_state: Any
    ) -> list[BidiOutputEvent]:
        """Convert an event; one that lacks a field is left out and does not end all."""
        try:
            events: list[BidiOutputEvent] = super()._convert_nova_event(nova_event, response_state)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            names = ", ".join(map(str, nova_event))
            _log.warning("Nova Sonic sent %s in an unknown form: %s", names, type(error).__name__)
            return []
        for event in events:
            if event.get("type") == "bidi_tool_use_blocks":
                for use in event["tool_uses"]:
                    use["input"] = decoded_twice(use["input"])
        return events


def decoded_twice(arguments: Any) -> Any:
    """Decode the arguments of a tool once more where the service has encoded them twice."""
    if not isinstance(arguments, str):
        return arguments
    try:
        decoded = json.loads(arguments)
    except ValueError:
        return arguments
    return decoded if isinstance(decoded, dict) else arguments


def _look_at_error(closing: asyncio.Task[None]) -> None:
    if not closing.cancelled() and closing.exception() is not None:
        _log.debug("a connection of Nova Sonic was not closed", exc_info=closing.exception())


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
