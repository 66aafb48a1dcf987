"""Joins all parts into one Litestar application; the only module that sees them all."""

import asyncio
import gc
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from litestar import Litestar, Request, Response
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException

from gateway import identity
from gateway.activity import Activity
from gateway.agents.factory import AgentFactory
from gateway.capabilities import describe
from gateway.health import ping_route
from gateway.models.provider import Models
from gateway.models.provider import check as check_models
from gateway.server import server
from gateway.sessions import Sessions
from gateway.settings import Settings, SettingsError
from gateway.stores import open_store
from observability.logs import configure_logging
from observability.privacy import privacy_environment
from observability.server import server_spans
from observability.setup import TelemetryMisconfigured, telemetry_lifespan, telemetry_wanted
from observability.setup import check as check_telemetry
from protocols.actions import ActionsProtocol
from protocols.ag_ui.attachments import Attachments
from protocols.ag_ui.responses import AgUiProtocol, known_events
from protocols.ag_ui.run_input import RunLimits, parse, read_answers, read_content
from protocols.contract.errors import InvalidInput, NotFound
from protocols.failures import error_object
from protocols.http_json.prompt import PromptProtocol
from protocols.http_json.spoken import SpokenProtocol
from protocols.invocation import InvocationProtocol
from protocols.routes import capabilities_route, door
from protocols.webrtc.peers import Peers
from protocols.webrtc.signaling import signaling_actions
from protocols.websocket.connections import Connections
from protocols.websocket.endpoint import websocket_routes
from protocols.websocket.services import WebSocketServices
from tools.registry import ToolRegistry, load

_log = logging.getLogger(__name__)

# Their INFO is our DEBUG: addresses of every candidate pair, credentials found, models loaded.
_CHATTY = ("aioice", "aiortc", "botocore", "strands")

_OFFLINE = (
    "offline is an embedded demonstration, not a language model. For Claude and Nova Sonic on "
    "Amazon Bedrock set GATEWAY_TEXT_MODEL=bedrock and GATEWAY_VOICE_MODEL=bedrock"
)


class Gateway:
    """The parts of one process, made from its settings. Nothing in it is connected or loaded yet.

    Raises:
        SettingsError: a setting names something that is not there.
    """

    def __init__(self, settings: Settings) -> None:
        identity.check(settings)
        check_models(settings)
        self.settings = settings
        self.origins = identity.Origins(
            settings.allowed_origins, loopback_only=identity.is_loopback(settings.host)
        )
        self.activity = Activity(time.time)
        self.tools = _tools(settings)
        self.models = Models(settings)
        factory = AgentFactory(self.models, list(self.tools), settings.system_prompt)
        self.sessions = Sessions(
            factory,
            settings.limits,
            self.activity,
            open_store(settings),
            settings.websocket.stalled_seconds,
        )
        self.attachments = Attachments(settings.media)
        self.peers = Peers(
            settings.webrtc,
            hold=self.activity.hold,
            listens_on_loopback=identity.is_loopback(settings.host),
        )
        self.connections = Connections()

    def protocols(self) -> list[InvocationProtocol]:
        """What is behind the door, in the order of the interface (section 3)."""
        limits = self.settings.limits
        in_band = self.settings.errors == "in_band"
        pause = limits.keep_alive_seconds
        return [
            ActionsProtocol(signaling_actions(self.peers)),
            AgUiProtocol(
                keep_alive_seconds=pause,
                in_band=in_band,
                open_attachments=self.attachments.open,
                limits=self._run_limits(),
            ),
            SpokenProtocol(keep_alive_seconds=pause, in_band=in_band),
            PromptProtocol(
                read_content=read_content,
                read_answers=read_answers,
                open_attachments=self.attachments.open,
                max_text_bytes=limits.max_text_bytes,
                keep_alive_seconds=pause,
                in_band=in_band,
            ),
        ]

    def websocket(self) -> WebSocketServices:
        """What ``/ws`` needs."""
        return WebSocketServices(
            conversations=self.sessions,
            caller_of=identity.caller_of,
            allows=self.origins.allows,
            parse_run=partial(parse, limits=self._run_limits()),
            read_answers=read_answers,
            open_attachments=self.attachments.open,
            known_events=known_events,
            options=self.settings.websocket,
            idle_seconds=self.settings.limits.idle_seconds,
            connections=self.connections,
            nova_voices=self.models.voice_name.startswith("bedrock"),
            max_image_bytes=self.settings.media.max_media_bytes,
        )

    def _run_limits(self) -> RunLimits:
        limits = self.settings.limits
        return RunLimits(
            max_text_bytes=limits.max_text_bytes,
            max_messages=limits.max_messages,
            max_client_tools=limits.max_client_tools,
        )

    def _announce(self) -> None:
        """Say who answers, and how to have somebody else answer."""
        _log.info(
            "text is answered by %s, speech by %s", self.models.text_name, self.models.voice_name
        )
        if "offline" in (self.models.text_name, self.models.voice_name):
            _log.info(_OFFLINE)

    async def drain(self) -> None:
        """Take no new work; return when what runs has ended, or has been stopped."""
        seconds = self.settings.limits.drain_seconds
        self.sessions.stop_taking()
        await asyncio.gather(
            self.connections.drain(seconds), self.peers.drain(seconds), self.sessions.drain()
        )

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Telemetry around everything; at the end the turns are let out first."""
        capture = self.settings.capture_content
        async with telemetry_lifespan(os.environ, capture_content=capture):
            self._announce()
            try:
                async with self.peers:
                    yield
            finally:
                await self.drain()
                await self.models.aclose()


def create_app(settings: Settings) -> Litestar:
    """Make the application.

    Raises:
        SettingsError: a setting names something that is not there.
    """
    return application(Gateway(settings))


def application(gateway: Gateway) -> Litestar:
    """Put the doors of a gateway into an application."""
    settings = gateway.settings
    os.environ.update(privacy_environment(settings.capture_content, os.environ))
    origins = settings.allowed_origins
    return Litestar(
        [
            ping_route(gateway.activity),
            capabilities_route(lambda: describe(gateway.settings, gateway.models, gateway.tools)),
            door(
                gateway.sessions,
                gateway.protocols(),
                caller_of=identity.caller_of,
                allows=gateway.origins.allows,
                body_seconds=settings.limits.body_seconds,
            ),
            *websocket_routes(gateway.websocket()),
        ],
        cors_config=CORSConfig(allow_origins=list(origins)) if origins else None,
        exception_handlers={HTTPException: _refuse, Exception: _fail},
        lifespan=[gateway.lifespan],
        logging_config=None,  # ours is set by serve(); Litestar's would take its place
        openapi_config=None,
        plugins=_plugins(),
        request_max_body_size=settings.limits.max_body_bytes,
    )


def _plugins() -> list[Any]:
    """Server spans only where somebody looks at them: the middleware costs even when it is off."""
    if not telemetry_wanted(os.environ):
        return []
    from litestar.plugins.opentelemetry import (  # noqa: PLC0415 - not paid for when off
        OpenTelemetryConfig,
        OpenTelemetryPlugin,
    )

    return [OpenTelemetryPlugin(OpenTelemetryConfig(**server_spans()))]


def _tools(settings: Settings) -> ToolRegistry:
    try:
        return ToolRegistry(load(settings.tools), timeout_seconds=settings.limits.tool_seconds)
    except ValueError as error:
        raise SettingsError(f"GATEWAY_TOOLS: {error}") from error


def _refuse(request: Request, error: HTTPException) -> Response[Any]:
    """Show what Litestar itself refuses (no such path, no such method) as the error object."""
    if error.status_code == 404:
        shown = error_object(NotFound("No such path. The README lists them."))
    else:
        shown = error_object(InvalidInput(error.detail))
    return Response(shown, status_code=error.status_code, headers=error.headers)


def _fail(request: Request, error: Exception) -> Response[Any]:
    """Show a fault of ours; its text stays in the log."""
    _log.error("request failed: %s", type(error).__name__, exc_info=error)
    return Response(error_object(error), status_code=500)


def serve(settings: Settings) -> None:
    """Serve until a signal; lets running turns end.

    Raises:
        SettingsError: a setting names something that is not there.
    """
    configure_logging(level=settings.log_level)
    if settings.log_level != "debug":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
    try:
        check_telemetry(os.environ)
    except TelemetryMisconfigured as error:
        raise SettingsError(str(error)) from error
    gateway = Gateway(settings)
    serving = server(settings, application(gateway), gateway.drain)
    gc.freeze()  # all of it stays; the collector would stop the loop for 30 ms to look at it again
    serving.run()
