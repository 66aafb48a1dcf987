"""Records into memory, with a clock that the test moves."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from observability.catalog import Metric
from observability.recording import Recorder, recording
from observability.span_processors import NoErrorTexts, SessionOnSpans


@dataclass
class Recorded:
    """What was recorded so far."""

    tracer_provider: TracerProvider
    recorder: Recorder
    now: list[float]
    _exporter: InMemorySpanExporter
    _reader: InMemoryMetricReader
    _metrics: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def pass_seconds(self, seconds: float) -> None:
        """Move the clock."""
        self.now[0] += seconds

    def next_sample(self, at_least: float = 0.0) -> asyncio.Future[float]:
        """The next sample of any histogram that is not smaller."""
        sample = asyncio.get_running_loop().create_future()
        record = self.recorder.record

        def record_and_tell(metric: Metric, amount: float, *values: str) -> None:
            record(metric, amount, *values)
            if amount >= at_least and not sample.done():
                sample.set_result(amount)

        self.recorder.record = record_and_tell  # type: ignore[method-assign]  # a spy of this test
        return sample

    def spans(self) -> list[ReadableSpan]:
        """Spans in the order they ended."""
        return list(self._exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The one span of this name."""
        (found,) = [span for span in self.spans() if span.name == name]
        return found

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """By name and attribute values: the value, or the sum of a histogram's samples."""
        data = self._reader.get_metrics_data()
        return {
            metric.name: {
                tuple(str(value) for value in (point.attributes or {}).values()): _amount(point)
                for point in metric.data.data_points
            }
            for of_resource in (data.resource_metrics if data else ())
            for of_scope in of_resource.scope_metrics
            for metric in of_scope.metrics
        }


def _amount(point: Any) -> float:
    return round(point.sum if isinstance(point, HistogramDataPoint) else point.value, 6)


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """Telemetry that is on, for this test only."""
    exporter, reader, now = InMemorySpanExporter(), InMemoryMetricReader(), [1000.0]
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    for processor in (SessionOnSpans(), NoErrorTexts(), SimpleSpanProcessor(exporter)):
        tracer_provider.add_span_processor(processor)
    meter_provider = MeterProvider([reader], shutdown_on_exit=False)
    with recording(tracer_provider, meter_provider, lambda: now[0]) as recorder:
        yield Recorded(tracer_provider, recorder, now, exporter, reader)
    meter_provider.shutdown()
    tracer_provider.shutdown()
