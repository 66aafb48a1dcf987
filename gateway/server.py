"""Runs the application in uvicorn, and ends it in order.

uvicorn closes its listeners and sockets at the first signal, before the application hears of it.
A turn that is running would be cut, and ``/ping`` would not answer. So the first signal drains,
and only then uvicorn stops; a second one stops at once.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import override

import uvicorn

from gateway.settings import Settings

_CLOSE_SECONDS = 5
_FAILED = 1

_log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """A uvicorn server whose first SIGTERM or SIGINT lets the running turns end.

    Args:
        config: of uvicorn.
        drain: takes no new work and returns when nothing runs any more.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._asked_to_end = False
        self._draining: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; what uvicorn says with its own exit code is said with ours."""
        try:
            await super().startup(sockets)
        except SystemExit:
            raise SystemExit(_FAILED) from None

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal. Unlike in uvicorn it is not raised again: to end is no fault."""
        if not self.started:
            self.should_exit = True
            return
        act = self._stop_at_once if self._asked_to_end else self._begin_drain
        self._asked_to_end = True
        # A signal does not wake the loop by itself.
        asyncio.get_running_loop().call_soon_threadsafe(act)

    def _begin_drain(self) -> None:
        self._draining = asyncio.create_task(self._drain_and_exit())

    async def _drain_and_exit(self) -> None:
        try:
            await self._drain()
        except Exception as error:  # noqa: BLE001 - the process has to end all the same
            _log.error("draining failed: %s", type(error).__name__, exc_info=error)
        finally:
            self.should_exit = True

    def _stop_at_once(self) -> None:
        """Cut every connection: uvicorn would wait for them even when it is forced."""
        self.should_exit = self.force_exit = True
        # What is cut off now would tell how with a traceback, to somebody who did not want to wait.
        logging.getLogger("uvicorn.error").disabled = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _without_traceback(record: logging.LogRecord) -> bool:
    """Tell in a line what a client did wrong that uvicorn takes for a fault of the server's."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def server(settings: Settings, app: object, drain: Callable[[], Awaitable[None]]) -> DrainingServer:
    """Make the server of an application."""
    logging.getLogger("uvicorn.error").addFilter(_without_traceback)
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # any ASGI application
        host=settings.host,
        port=settings.port,
        log_config=None,
        # Above our own limit, so that ours is the one that answers, with its code as the reason.
        ws_max_size=2 * settings.websocket.max_frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
        server_header=False,
    )
    return DrainingServer(config, drain)
