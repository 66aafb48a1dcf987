"""A collector on the loopback: takes OTLP over HTTP, keeps what came, decoded.

    with OtlpReceiver() as collector:
        …  # start a server with collector.environment()
        spans = collector.wait_for(lambda: collector.spans("gateway.turn"))

Decodes with the published protobuf classes, so it is not of our own making.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


@dataclass(frozen=True)
class ReceivedSpan:
    """One span, with ids as hexadecimal text; ``parent_id`` is "" for a root."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    scope: str
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    resource: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReceivedMetric:
    """The points of one metric in one export: their attributes, and value or count of samples."""

    name: str
    unit: str
    points: tuple[tuple[Mapping[str, Any], float], ...]


class OtlpReceiver:
    """Listens on a free port while the block runs."""

    def __init__(self) -> None:
        self._bodies: list[tuple[str, bytes]] = []
        self._arrived = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, name="otlp-receiver")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """Address for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(self) -> dict[str, str]:
        """Variables that make a process export here, soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_METRIC_EXPORT_INTERVAL": "250",
        }

    def wait_for[T](self, ready: Callable[[], T], timeout_seconds: float = 10.0) -> T:
        """What ``ready`` gives as soon as it is true.

        Raises:
            TimeoutError: it did not become true in time.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: bool(ready()), timeout_seconds):
                seen = sorted({span.name for span in self.spans()})
                message = f"not exported within {timeout_seconds} s; spans so far: {seen}"
                raise TimeoutError(message)
            return ready()

    def raw(self) -> bytes:
        """Every byte that came, unpacked, to look for what must not be there."""
        return b"\n".join(body for _, body in list(self._bodies))

    def spans(self, name: str | None = None) -> list[ReceivedSpan]:
        """Spans in the order they came, of one name or all."""
        found = []
        for body in self._of("/v1/traces"):
            for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = _attributes(of_resource.resource.attributes)
                for of_scope in of_resource.scope_spans:
                    found += [_span(span, of_scope.scope.name, resource) for span in of_scope.spans]
        return [span for span in found if name is None or span.name == name]

    def metrics(self, name: str | None = None) -> list[ReceivedMetric]:
        """Metrics in the order they came, of one name or all."""
        found = []
        for body in self._of("/v1/metrics"):
            for of_resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for of_scope in of_resource.scope_metrics:
                    found += [_metric(metric) for metric in of_scope.metrics]
        return [metric for metric in found if name is None or metric.name == name]

    def log_bodies(self) -> list[Any]:
        """Bodies of the log records in the order they came."""
        return [
            _value(record.body)
            for body in self._of("/v1/logs")
            for of_resource in ExportLogsServiceRequest.FromString(body).resource_logs
            for of_scope in of_resource.scope_logs
            for record in of_scope.log_records
        ]

    def _of(self, path: str) -> list[bytes]:
        return [body for received_at, body in list(self._bodies) if received_at == path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                with receiver._arrived:
                    receiver._bodies.append((self.path, body))
                    receiver._arrived.notify_all()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # stdlib's name
                pass

        return Handler


def _span(span: Any, scope: str, resource: Mapping[str, Any]) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        scope=scope,
        attributes=_attributes(span.attributes),
        events=tuple((event.name, _attributes(event.attributes)) for event in span.events),
        resource=resource,
    )


def _metric(metric: Any) -> ReceivedMetric:
    data = getattr(metric, metric.WhichOneof("data"))
    points = tuple((_attributes(point.attributes), _amount(point)) for point in data.data_points)
    return ReceivedMetric(metric.name, metric.unit, points)


def _amount(point: Any) -> float:
    """A number point's value; the count of samples of a histogram's."""
    if hasattr(point, "count"):
        return float(point.count)
    return float(getattr(point, point.WhichOneof("value")))


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in _typed(pairs)}


def _typed(pairs: Any) -> list[KeyValue]:
    return list(pairs)


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)
