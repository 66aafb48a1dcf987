"""Switches telemetry on when the OTEL_* variables ask for it, and off cleanly.

Off, nothing of the SDK is imported and nothing is recorded. On, the providers of
``opentelemetry-instrument`` (or of a platform's distribution) are used if they are there;
otherwise opentelemetry-distro configures them from the OTEL_* variables.
"""

import asyncio
import atexit
import logging
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from importlib.metadata import entry_points
from threading import Thread
from typing import Protocol, runtime_checkable

from opentelemetry import _logs, metrics, trace

from observability.process import measuring_process
from observability.recording import Recorder, record_with, stop_recording

FLUSH_SECONDS = 3.0
SERVICE_NAME = "agent-gateway"

_log = logging.getLogger(__name__)

_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
)
_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"


class TelemetryMisconfigured(Exception):
    """An OTEL_* variable asks for what is not there; the message says which and how to mend it."""


@runtime_checkable
class FlushingProvider(Protocol):
    """What the SDK's providers of traces, logs and metrics share, and those of the API lack."""

    def force_flush(self) -> bool:
        """Export what waits; blocks."""
        ...

    def shutdown(self) -> None:
        """Export no more; blocks."""
        ...


class Telemetry:
    """What was switched on. ``recorder`` is None when telemetry is off."""

    def __init__(
        self,
        recorder: Recorder | None = None,
        providers: tuple[FlushingProvider, ...] = (),
    ) -> None:
        self.recorder = recorder
        self._providers = providers
        self._closed = False

    @property
    def on(self) -> bool:
        """Whether anything is recorded."""
        return self.recorder is not None

    async def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> bool:
        """Export what waits: traces first, then logs and metrics; tells whether all of it went."""
        flushed = await _in_time(
            [provider.force_flush for provider in self._providers], timeout_seconds
        )
        if not flushed:
            _log.warning(
                "Telemetry was not exported within %s s; the rest is lost", timeout_seconds
            )
        return flushed

    async def aclose(self, timeout_seconds: float = FLUSH_SECONDS) -> None:
        """Flush, stop recording, and keep the SDK from flushing again at exit. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for provider in self._providers:
            # At exit each would wait up to 30 s more for an endpoint that is dead.
            atexit.unregister(provider.shutdown)
        await self.flush(timeout_seconds)
        stop_recording()


def telemetry_wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether telemetry is to be on: an exporter is set, or a provider is there already."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return (
        any(environ.get(name) for name in _ENDPOINTS)
        or any(environ.get(name, "none").strip().lower() not in {"", "none"} for name in _EXPORTERS)
        or _configured()
    )


def check(environ: Mapping[str, str]) -> None:
    """Refuse variables that cannot work, before anything is started.

    Raises:
        TelemetryMisconfigured: one asks for an exporter that is not installed.
    """
    if not telemetry_wanted(environ) or _configured():
        return
    # The distribution's own default is grpc; ours is set in its place.
    if environ.get(_PROTOCOL) == "grpc" and not _exporter_installed("traces", "otlp_proto_grpc"):
        message = (
            f"{_PROTOCOL}=grpc needs opentelemetry-exporter-otlp-proto-grpc; use http/protobuf"
        )
        raise TelemetryMisconfigured(message)
    for variable in _EXPORTERS:
        signal = variable.split("_")[1].lower()
        for name in map(str.strip, environ.get(variable, "").split(",")):
            known = name.lower() in {"", "none", "otlp"} or _exporter_installed(signal, name)
            if not known:
                message = f"{variable}={name}: no such exporter is installed; use otlp or none"
                raise TelemetryMisconfigured(message)


def configure(environ: MutableMapping[str, str], *, capture_content: bool = False) -> Telemetry:
    """Switch telemetry on, if it is wanted. ``environ`` is the process's: the SDK reads that.

    Raises:
        TelemetryMisconfigured: an exporter that is asked for is not installed or does not start.
    """
    if not telemetry_wanted(environ):
        return Telemetry()
    if not _configured():
        _configure_sdk(environ)
    _add_processors(capture_content)
    traces, measures = trace.get_tracer_provider(), metrics.get_meter_provider()
    recorder = record_with(traces, measures)
    in_order = (traces, _logs.get_logger_provider(), measures)
    return Telemetry(recorder, tuple(p for p in in_order if isinstance(p, FlushingProvider)))


@asynccontextmanager
async def telemetry_lifespan(
    environ: MutableMapping[str, str], *, capture_content: bool = False
) -> AsyncIterator[Telemetry]:
    """Telemetry while the application runs: configure, measure the process, flush at the end."""
    telemetry = configure(environ, capture_content=capture_content)
    if telemetry.recorder is None:
        yield telemetry
        return
    try:
        async with measuring_process(telemetry.recorder):
            yield telemetry
    finally:
        await telemetry.aclose()


def _configured() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _configure_sdk(environ: MutableMapping[str, str]) -> None:
    # Here and not above: the SDK is imported only when telemetry is on.
    from opentelemetry.distro import (  # noqa: PLC0415
        OpenTelemetryConfigurator,
        OpenTelemetryDistro,
    )

    check(environ)
    environ.setdefault(_PROTOCOL, "http/protobuf")
    # Log lines go to the standard output, which platforms collect: to send them twice is to pay
    # twice.
    environ.setdefault("OTEL_LOGS_EXPORTER", "none")
    if "service.name=" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        environ.setdefault("OTEL_SERVICE_NAME", SERVICE_NAME)
    try:
        OpenTelemetryDistro().configure()
        OpenTelemetryConfigurator().configure()  # type: ignore[no-untyped-call]  # SDK has no types here
    except (RuntimeError, ValueError) as error:
        message = f"OpenTelemetry does not start; mend the OTEL_* variables: {error}"
        raise TelemetryMisconfigured(message) from error


def _exporter_installed(signal: str, name: str) -> bool:
    return bool(entry_points(group=f"opentelemetry_{signal}_exporter", name=name))


def _add_processors(capture_content: bool) -> None:
    # Here and not above: the SDK is imported only when telemetry is on.
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    from observability.span_processors import NoErrorTexts, SessionOnSpans  # noqa: PLC0415

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.add_span_processor(SessionOnSpans())
        if not capture_content:
            provider.add_span_processor(NoErrorTexts())


async def _in_time(calls: list[Callable[[], object]], timeout_seconds: float) -> bool:
    """Make blocking calls one after the other; tells whether they were done in time.

    A daemon thread and not the loop's executor: a call that hangs (the SDK ignores the timeout it
    is given) would keep the executor, and with it the process, from ending.
    """
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def report(succeeded: bool) -> None:
        if not done.done():
            done.set_result(succeeded)

    def work() -> None:
        succeeded = [_succeeds(call) for call in calls]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(report, all(succeeded))

    Thread(target=work, name="telemetry-flush", daemon=True).start()
    try:
        return bool(await asyncio.wait_for(done, timeout_seconds))
    except TimeoutError:
        return False


def _succeeds(call: Callable[[], object]) -> bool:
    try:
        return call() is not False
    except Exception:  # noqa: BLE001  # the SDK raises bare Exceptions; this is a thread's edge
        _log.exception("Telemetry could not be exported")
        return False
