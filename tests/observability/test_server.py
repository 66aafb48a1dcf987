from typing import Any

import pytest
from opentelemetry.trace import INVALID_SPAN

from observability.server import route_of, server_spans, span_details, without_query


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/invocations", "/invocations"),
        ("/ws", "/ws"),
        ("/runtimes/arn:aws:x:runtime/me-1/invocations", "/runtimes/{runtime}/invocations"),
        ("/runtimes/r1/ws", "/runtimes/{runtime}/ws"),
        ("/runtimes/r1/anything", "/{other}"),
        ("/wp-admin/1234", "/{other}"),
    ],
)
def test_any_path_belongs_to_one_of_a_few_routes(path: str, route: str) -> None:
    assert route_of(path) == route


def test_spans_are_named_by_method_and_route() -> None:
    assert span_details({"method": "POST", "path": "/invocations"}) == (
        "POST /invocations",
        {"http.route": "/invocations"},
    )
    assert span_details({"type": "websocket", "path": "/ws"}) == ("WS /ws", {"http.route": "/ws"})


def test_queries_are_taken_off_the_span(recorded: Any) -> None:
    address = "http://h/ws?X-Amz-Signature=abc"
    span = recorded.recorder.tracer.start_span(
        "WS /ws",
        attributes={
            "http.url": address,
            "http.target": "/ws?X-Amz-Signature=abc",
            "url.query": "X-Amz-Signature=abc",
            "http.scheme": "http",
        },
    )
    without_query(span, {})
    span.end()
    assert dict(span.attributes) == {
        "http.url": "http://h/ws",
        "http.target": "/ws",
        "url.query": "",
        "http.scheme": "http",
    }


def test_a_span_without_attributes_is_left_alone(recorded: Any) -> None:
    without_query(INVALID_SPAN, {})
    span = recorded.recorder.tracer.start_span("WS /ws")
    without_query(span, {})
    assert dict(span.attributes) == {}


def test_the_plugin_makes_one_span_a_request_none_for_ping_and_no_metrics() -> None:
    arguments = server_spans()
    assert arguments["exclude"] == [r"^/ping$"]
    assert arguments["exclude_spans"] == ["receive", "send"]
    assert arguments["scope_span_details_extractor"] is span_details
    assert arguments["server_request_hook_handler"] is without_query
