"""CloudWatch dashboards, generated from the metric catalogue.

Three: *service* (traffic, errors, latency, saturation), *voice* (what a caller hears, connections)
and *cost* (tokens). ``render`` gives the text that the ``dashboard`` command prints: one body, or
a CloudFormation template with all of them and the alarms.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from observability import catalog
from observability.alarms import FAULTS, PARAMETERS, alarms, conditions
from observability.catalog import Metric
from observability.widgets import Graph, Note, Place, Ratio, Series, SpanQuery, Widget, body

LIVE = {"protocol": ("ws", "webrtc")}
_TURN_SPANS = 'filter name = "gateway.turn"'


def _percentiles(metric: Metric, *stats: str) -> tuple[Series, ...]:
    return tuple(Series(metric, stat) for stat in stats or ("p50", "p95", "p99"))


def _sums(metric: Metric) -> tuple[Series, ...]:
    return (Series(metric, "Sum"),)


_SERVICE: tuple[Widget, ...] = (
    Note("# Agent Gateway: service\nTraffic, errors, latency and saturation, on every wire."),
    Graph("Turns", _sums(catalog.TURNS), stacked=True),
    Graph(
        "Turns that failed, %",
        Ratio(
            Series(catalog.TURNS, "Sum", {"outcome": FAULTS}),
            Series(catalog.TURNS, "Sum"),
            "failed %",
        ),
    ),
    Graph("Turn duration, s", _percentiles(catalog.TURN_DURATION)),
    Graph("Time to first token, s", _percentiles(catalog.TIME_TO_FIRST_TOKEN)),
    Graph("Requests", _sums(catalog.REQUESTS), stacked=True),
    Graph("Request duration, s", _percentiles(catalog.REQUEST_DURATION)),
    Graph("Sessions in use", (Series(catalog.SESSIONS_ACTIVE, "Maximum"),)),
    Graph("Refused", _sums(catalog.REJECTED), stacked=True),
    Graph("WebSockets closed", _sums(catalog.WEBSOCKET_CLOSE), stacked=True),
    Graph("Tool calls", _sums(catalog.TOOL_CALLS), stacked=True),
    Graph("Tool duration, s", _percentiles(catalog.TOOL_DURATION, "p50", "p95")),
    Graph("Event loop lag, s", _percentiles(catalog.LOOP_LAG, "p50", "p99")),
    Graph("Memory, bytes", (Series(catalog.PROCESS_MEMORY, "Maximum"),)),
    Graph("Open files", (Series(catalog.PROCESS_FILES, "Maximum"),)),
    Graph("Tasks", (Series(catalog.PROCESS_TASKS, "Maximum"),)),
    SpanQuery(
        "Slowest turns",
        f"{_TURN_SPANS} | fields durationNano / 1000000000 as seconds, attributes.session.id, "
        "attributes.gateway.protocol, attributes.gateway.outcome, traceId "
        "| sort seconds desc | limit 20",
    ),
    SpanQuery(
        "Errors by type",
        "filter ispresent(attributes.error.type) "
        "| stats count(*) as spans by name, attributes.error.type | sort spans desc | limit 20",
    ),
)

_VOICE: tuple[Widget, ...] = (
    Note("# Agent Gateway: voice\nWhat a caller hears, and whether the call came to be."),
    Graph("User's stop to first audio, s", _percentiles(catalog.USER_STOP_TO_BOT_AUDIO)),
    Graph("Time to first audio, s", _percentiles(catalog.TIME_TO_FIRST_AUDIO)),
    Graph("Barge-ins", _sums(catalog.BARGE_INS)),
    Graph("Barge-in to silence, s", _percentiles(catalog.BARGE_IN_TO_SILENCE)),
    Graph("Speech dropped, s", _sums(catalog.SPEECH_DROPPED)),
    Graph("Conversations opened", _sums(catalog.SESSIONS_OPENED)),
    Graph("Conversation duration, s", _percentiles(catalog.SESSION_DURATION, "p50", "p95")),
    Graph("Spoken turns", (Series(catalog.TURNS, "Sum", LIVE),), stacked=True),
    Graph("ICE connect time, s", _percentiles(catalog.ICE_CONNECT_TIME)),
    Graph("Peers that did not connect", _sums(catalog.CONNECT_FAILURES), stacked=True),
    Graph("Calls, by who received their sound", _sums(catalog.CALLS), stacked=True),
    Graph("Packets lost, %", _percentiles(catalog.PACKET_LOSS, "p50", "p95")),
    Graph("Jitter, s", _percentiles(catalog.JITTER, "p50", "p95")),
    Graph("Round trip, s", _percentiles(catalog.ROUND_TRIP, "p50", "p95")),
    Graph("Voice run dry in the middle", _sums(catalog.UNDERRUNS)),
    Graph("Sound recovered or made up, s", _sums(catalog.MADE_UP_SPEECH)),
    Graph(
        "WebSockets closed by a fault",
        (Series(catalog.WEBSOCKET_CLOSE, "Sum", {"code": ("1006", "1009", "1011")}),),
    ),
    SpanQuery(
        "Slowest replies",
        f"{_TURN_SPANS} and ispresent(attributes.gateway.voice.user_stop_to_bot_audio) "
        "| fields attributes.gateway.voice.user_stop_to_bot_audio as seconds, "
        "attributes.session.id, attributes.gateway.protocol, traceId "
        "| sort seconds desc | limit 20",
    ),
)

_COST: tuple[Widget, ...] = (
    Note(
        "# Agent Gateway: cost\nTokens decide the bill. Those of the cache are part of the input."
    ),
    Graph("Tokens", _sums(catalog.TOKENS), stacked=True),
    Graph(
        "Input from the cache, %",
        Ratio(
            Series(catalog.TOKENS, "Sum", {"token_type": ("cache_read",)}),
            Series(catalog.TOKENS, "Sum", {"token_type": ("input",)}),
            "from the cache %",
        ),
    ),
    Graph("Tokens of a live conversation", _percentiles(catalog.SESSION_TOKENS, "p50", "p95")),
    Graph("Turns", _sums(catalog.TURNS), stacked=True),
    Graph("Conversation duration, s", _percentiles(catalog.SESSION_DURATION, "p50", "p95")),
    Graph("Tool calls", _sums(catalog.TOOL_CALLS), stacked=True),
    SpanQuery(
        "Tokens by session",
        f"{_TURN_SPANS} | stats sum(attributes.gateway.tokens.input) as input, "
        "sum(attributes.gateway.tokens.output) as output, count(*) as turns "
        "by attributes.session.id | sort input desc | limit 20",
    ),
)

DASHBOARDS: Mapping[str, Sequence[Widget]] = {
    "service": _SERVICE,
    "voice": _VOICE,
    "cost": _COST,
}


def dashboard(name: str, place: Place) -> dict[str, Any]:
    """The body of one of the DASHBOARDS.

    Raises:
        KeyError: there is none of this name.
    """
    return body(DASHBOARDS[name], place)


def template(namespace: str = catalog.NAMESPACE) -> dict[str, Any]:
    """A CloudFormation template of all dashboards and alarms, for any region."""
    place = Place(region="${AWS::Region}", namespace=namespace)
    boards = {
        f"{name.capitalize()}Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"},
                "DashboardBody": {
                    "Fn::Sub": json.dumps(dashboard(name, place), separators=(",", ":"))
                },
            },
        }
        for name in DASHBOARDS
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Dashboards and alarms of the Agent Gateway",
        "Parameters": PARAMETERS,
        "Conditions": conditions(),
        "Resources": {**boards, **alarms(namespace)},
    }


def render(
    what: str = "template",
    *,
    region: str = "us-east-1",
    namespace: str = catalog.NAMESPACE,
) -> str:
    """The JSON text of one of the DASHBOARDS, or of the ``template`` with everything.

    Raises:
        KeyError: there is no such dashboard.
    """
    shown = (
        template(namespace)
        if what == "template"
        else dashboard(what, Place(region=region, namespace=namespace))
    )
    # Narrow: CloudFormation takes a template of at most 51,200 bytes without a bucket.
    return json.dumps(shown, indent=1) + "\n"
