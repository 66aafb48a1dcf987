"""Runs the application in uvicorn, and ends it in order.

uvicorn closes its listeners and sockets at the first signal, before the application hears of it.
A turn that is running would be cut, and ``/ping`` would not answer. So the first signal drains,
and only then uvicorn stops; a second one stops at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import override

import uvicorn

from gateway.settings import Settings

_CLOSE_SECONDS = 5


class DrainingServer(uvicorn.Server):
    """A uvicorn server whose first SIGTERM or SIGINT lets the running turns end.

    Args:
        config: of uvicorn.
        drain: takes no new work and returns when nothing runs any more.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._draining is not None or not self.started:
            super().handle_exit(sig, frame)
            return
        # A signal does not wake the loop by itself.
        asyncio.get_running_loop().call_soon_threadsafe(self._begin_drain)

    def _begin_drain(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain_and_exit())

    async def _drain_and_exit(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True


def server(settings: Settings, app: object, drain: Callable[[], Awaitable[None]]) -> DrainingServer:
    """Make the server of an application."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # any ASGI application
        host=settings.host,
        port=settings.port,
        log_config=None,
        ws_max_size=settings.websocket.max_frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
        server_header=False,
    )
    return DrainingServer(config, drain)
