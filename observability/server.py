"""How requests show as server spans: arguments for Litestar's OpenTelemetry plugin."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span

_ROUTES = {
    "/": "/",
    "/capabilities": "/capabilities",
    "/invocations": "/invocations",
    "/ping": "/ping",
    "/ws": "/ws",
}
_DATA_PLANE = {
    "invocations": "/runtimes/{runtime}/invocations",
    "ws": "/runtimes/{runtime}/ws",
    "stopruntimesession": "/runtimes/{runtime}/stopruntimesession",
}
_OTHER_ROUTE = "/{other}"
# With a query: session ids, signatures and tokens travel there.
_ATTRIBUTES_WITH_QUERY = ("http.url", "http.target", "url.full")


def server_spans() -> dict[str, Any]:
    """Keyword arguments of ``OpenTelemetryConfig``.

    One span a request and none a message; no span for /ping; no metrics, which would count
    requests a second time and with an up-down counter.
    """
    return {
        "exclude": [r"^/ping$"],
        "exclude_spans": ["receive", "send"],
        "scope_span_details_extractor": span_details,
        "server_request_hook_handler": without_query,
        "meter_provider": NoOpMeterProvider(),
    }


def span_details(scope: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and attributes of a request's span: one of a few routes, whatever the path."""
    route = route_of(str(scope.get("path", "")))
    method = str(scope.get("method", "")) or "WS"
    return f"{method} {route}", {"http.route": route}


def route_of(path: str) -> str:
    """The route that a path belongs to."""
    if path.startswith("/runtimes/"):
        return _DATA_PLANE.get(path.rsplit("/", 1)[-1], _OTHER_ROUTE)
    return _ROUTES.get(path, _OTHER_ROUTE)


def without_query(span: Span, scope: Mapping[str, Any]) -> None:
    """Write the address of a request without its query on its span."""
    attributes = getattr(span, "attributes", None) or {}
    for name in _ATTRIBUTES_WITH_QUERY:
        if name in attributes:
            span.set_attribute(name, str(attributes[name]).partition("?")[0])
    if "url.query" in attributes:
        span.set_attribute("url.query", "")
