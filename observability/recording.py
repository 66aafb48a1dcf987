"""Who records, if anyone: nothing until ``record_with`` is called, by ``observability.setup``.

The functions that observe ask ``recorder()`` and do nothing when it is None, so that telemetry
that is off costs one comparison.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from opentelemetry.metrics import (
    CallbackOptions,
    Counter,
    Histogram,
    Meter,
    MeterProvider,
    Observation,
)
from opentelemetry.trace import Tracer, TracerProvider

from observability import catalog
from observability.catalog import OTHER, Instrument, Metric

SCOPE = "agent-gateway"
"""Name of the instrumentation scope of our spans and metrics."""


class Recorder:
    """A tracer and one instrument for each metric of the catalogue."""

    def __init__(
        self,
        tracer_provider: TracerProvider,
        meter_provider: MeterProvider,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.tracer: Tracer = tracer_provider.get_tracer(SCOPE)
        meter = meter_provider.get_meter(SCOPE)
        self._counters = {
            metric.name: _counter(meter, metric) for metric in _of(Instrument.COUNTER)
        }
        self._histograms = {
            metric.name: _histogram(meter, metric) for metric in _of(Instrument.HISTOGRAM)
        }
        self._gauges: dict[str, Callable[[], Mapping[str, float]]] = {}
        for metric in _of(Instrument.OBSERVABLE_GAUGE):
            self._observe(meter, metric)
        self._seen: dict[str, set[str]] = {}
        self._active: dict[str, int] = {}
        self._active_lock = Lock()
        self.gauge(catalog.SESSIONS_ACTIVE, self._sessions_active)

    def add(self, metric: Metric, amount: float, *values: str) -> None:
        """Count; ``values`` are those of the metric's dimensions, in its order."""
        self._counters[metric.name].add(amount, self._attributes(metric, values))

    def record(self, metric: Metric, amount: float, *values: str) -> None:
        """Add a sample to a histogram; ``values`` as for ``add``."""
        self._histograms[metric.name].record(amount, self._attributes(metric, values))

    def gauge(self, metric: Metric, read: Callable[[], Mapping[str, float]]) -> None:
        """Say how a gauge is read: value by value of its dimension, or of "" if it has none."""
        self._gauges[metric.name] = read

    def session_entered(self, protocol: str) -> None:
        """A turn or a live conversation took its session."""
        with self._active_lock:
            self._active[protocol] = self._active.get(protocol, 0) + 1

    def session_left(self, protocol: str) -> None:
        """A turn or a live conversation gave its session back."""
        with self._active_lock:
            self._active[protocol] -= 1

    def _sessions_active(self) -> Mapping[str, float]:
        with self._active_lock:
            return dict(self._active)

    def _observe(self, meter: Meter, metric: Metric) -> None:
        def read(_options: CallbackOptions) -> Iterable[Observation]:
            source = self._gauges.get(metric.name)
            for value, amount in (source() if source else {}).items():
                yield Observation(
                    amount, self._attributes(metric, (value,) if metric.dimensions else ())
                )

        meter.create_observable_gauge(
            metric.name, callbacks=[read], unit=metric.unit, description=metric.description
        )

    def _attributes(self, metric: Metric, values: tuple[str, ...]) -> dict[str, str]:
        return {
            dimension.name: value if self._known(dimension, value) else OTHER
            for dimension, value in zip(metric.dimensions, values, strict=True)
        }

    def _known(self, dimension: catalog.Dimension, value: str) -> bool:
        if dimension.values is not None:
            return value in dimension.values
        seen = self._seen.setdefault(dimension.name, set())
        if value not in seen and len(seen) < dimension.at_most:
            seen.add(value)
        return value in seen


class _Switch:
    """Holds who records, so that nobody has to write ``global``."""

    recorder: Recorder | None = None


def recorder() -> Recorder | None:
    """Who records now; None when telemetry is off."""
    return _Switch.recorder


def record_with(
    tracer_provider: TracerProvider,
    meter_provider: MeterProvider,
    clock: Callable[[], float] = time.monotonic,
) -> Recorder:
    """Record with these providers from now on; ``clock`` gives seconds."""
    _Switch.recorder = Recorder(tracer_provider, meter_provider, clock)
    return _Switch.recorder


def stop_recording() -> None:
    """Record no more."""
    _Switch.recorder = None


@contextmanager
def recording(
    tracer_provider: TracerProvider,
    meter_provider: MeterProvider,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Recorder]:
    """Record with these providers while the block runs; what was in use before comes back."""
    before = _Switch.recorder
    try:
        yield record_with(tracer_provider, meter_provider, clock)
    finally:
        _Switch.recorder = before


def _of(instrument: Instrument) -> Iterable[Metric]:
    return (metric for metric in catalog.METRICS if metric.instrument is instrument)


def _counter(meter: Meter, metric: Metric) -> Counter:
    return meter.create_counter(metric.name, unit=metric.unit, description=metric.description)


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name,
        unit=metric.unit,
        description=metric.description,
        explicit_bucket_boundaries_advisory=metric.buckets,
    )
