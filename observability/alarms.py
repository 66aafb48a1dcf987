"""CloudWatch alarms as CloudFormation resources, generated from the metric catalogue.

An alarm cannot search, so each names all dimensions of its metrics; the model families in use are
parameters of the stack. Missing data is no breach, except for the alarm that tells silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from observability import catalog
from observability.catalog import Metric

FAULTS = ("server_error", "timeout")
"""Outcomes that are our fault, not the caller's."""

PARAMETERS: dict[str, Any] = {
    "TextModel": {
        "Type": "String",
        "Default": "claude",
        "AllowedValues": [*(catalog.MODEL.values or ()), catalog.OTHER],
        "Description": "Family of the model that answers text",
    },
    "VoiceModel": {
        "Type": "String",
        "Default": "nova-sonic",
        "AllowedValues": [*(catalog.MODEL.values or ()), catalog.OTHER],
        "Description": "Family of the model that answers speech",
    },
    "AlarmTopic": {
        "Type": "String",
        "Default": "",
        "Description": "ARN of the SNS topic that is told; empty for none",
    },
}

_MODEL_OF = {"http": "TextModel", "agui": "TextModel", "ws": "VoiceModel", "webrtc": "VoiceModel"}


@dataclass(frozen=True, slots=True)
class _Limit:
    """When an alarm goes off: a value passed in so many of so many minutes."""

    threshold: float
    breaching: int = 3
    of: int = 5
    comparison: str = "GreaterThanThreshold"
    missing: str = "notBreaching"


def conditions() -> dict[str, Any]:
    """The template's conditions that the alarms use."""
    return {"HasTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopic"}, ""]}]}}


def alarms(namespace: str = catalog.NAMESPACE) -> dict[str, Any]:
    """The alarms, and one that goes off with any of them, by their logical names."""
    single = {
        **{f"{_title(wire)}Failures": _failures(namespace, wire) for wire in _MODEL_OF},
        **{f"{_title(wire)}SlowTurns": _slow_turns(namespace, wire) for wire in ("http", "agui")},
        **{
            f"{_title(wire)}SlowReplies": _slow_replies(namespace, wire)
            for wire in ("ws", "webrtc")
        },
        "PeersDoNotConnect": _peers_do_not_connect(namespace),
        "LoopLag": _on_one(
            namespace,
            catalog.LOOP_LAG,
            "p99",
            "Something blocks the event loop; all wires stutter",
            _Limit(0.25),
        ),
        "Silence": _on_one(
            namespace,
            catalog.PROCESS_TASKS,
            "SampleCount",
            "No gateway sends telemetry",
            _Limit(1, 5, 5, "LessThanThreshold", "breaching"),
        ),
    }
    rule = " OR ".join(f'ALARM("${{{name}}}")' for name in single)
    anything = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": "${AWS::StackName}-anything"},
            "AlarmDescription": "Any alarm of the gateway",
            "AlarmRule": {"Fn::Sub": rule},
            "AlarmActions": _actions(),
        },
    }
    return {**single, "Anything": anything}


def _failures(namespace: str, wire: str) -> dict[str, Any]:
    outcomes = catalog.OUTCOME.values or ()
    counts = [
        _metric(
            namespace,
            catalog.TURNS,
            "Sum",
            f"m_{outcome}",
            {"protocol": wire, "model": {"Ref": _MODEL_OF[wire]}, "outcome": outcome},
        )
        for outcome in outcomes
    ]
    failed = _sum(f"m_{outcome}" for outcome in FAULTS)
    every = _sum(f"m_{outcome}" for outcome in outcomes)
    return _alarm(
        f"More than 2 % of the turns over {wire} fail",
        [*counts, _percentage(failed, every)],
        _Limit(2),
    )


def _slow_turns(namespace: str, wire: str) -> dict[str, Any]:
    values = {"protocol": wire, "model": {"Ref": _MODEL_OF[wire]}}
    slowest = _metric(namespace, catalog.TURN_DURATION, "p99", "slowest", values)
    return _alarm(
        f"One turn in a hundred over {wire} takes more than 10 s", [_shown(slowest)], _Limit(10)
    )


def _slow_replies(namespace: str, wire: str) -> dict[str, Any]:
    values = {"protocol": wire, "model": {"Ref": _MODEL_OF[wire]}}
    slowest = _metric(namespace, catalog.USER_STOP_TO_BOT_AUDIO, "p95", "slowest", values)
    return _alarm(
        f"One reply in twenty over {wire} is heard later than 1.5 s",
        [_shown(slowest)],
        _Limit(1.5),
    )


def _peers_do_not_connect(namespace: str) -> dict[str, Any]:
    stages = catalog.CONNECT_STAGE.values or ()
    paths = catalog.ICE_PATH.values or ()
    failed = [
        _metric(namespace, catalog.CONNECT_FAILURES, "Sum", f"f_{stage}", {"stage": stage})
        for stage in stages
    ]
    connected = [
        _metric(namespace, catalog.ICE_CONNECT_TIME, "SampleCount", f"c_{path}", {"ice_path": path})
        for path in paths
    ]
    failures = _sum(f"f_{stage}" for stage in stages)
    every = f"({failures}+{_sum(f'c_{path}' for path in paths)})"
    return _alarm(
        "More than 5 % of the WebRTC peers do not connect",
        [*failed, *connected, _percentage(failures, every)],
        _Limit(5),
    )


def _on_one(
    namespace: str, metric: Metric, stat: str, description: str, limit: _Limit
) -> dict[str, Any]:
    return _alarm(description, [_shown(_metric(namespace, metric, stat, "value", {}))], limit)


def _metric(
    namespace: str, metric: Metric, stat: str, identifier: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    named = {
        "Namespace": namespace,
        "MetricName": metric.name,
        "Dimensions": [
            {"Name": dimension.name, "Value": values[dimension.name]}
            for dimension in metric.dimensions
        ],
    }
    return {
        "Id": identifier,
        "MetricStat": {"Metric": named, "Stat": stat, "Period": 60},
        "ReturnData": False,
    }


def _shown(metric: dict[str, Any]) -> dict[str, Any]:
    return {**metric, "ReturnData": True}


def _percentage(part: str, whole: str) -> dict[str, Any]:
    return {
        "Id": "percentage",
        "Expression": f"IF({whole}>0,100*{part}/{whole},0)",
        "Label": "%",
        "ReturnData": True,
    }


def _sum(identifiers: Iterable[str]) -> str:
    return f"({'+'.join(f'FILL({identifier},0)' for identifier in identifiers)})"


def _alarm(description: str, metrics: Sequence[dict[str, Any]], limit: _Limit) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "Metrics": list(metrics),
            "Threshold": limit.threshold,
            "ComparisonOperator": limit.comparison,
            "EvaluationPeriods": limit.of,
            "DatapointsToAlarm": limit.breaching,
            "TreatMissingData": limit.missing,
            "AlarmActions": _actions(),
        },
    }


def _actions() -> dict[str, Any]:
    topic = [{"Ref": "AlarmTopic"}]
    return {"Fn::If": ["HasTopic", topic, {"Ref": "AWS::NoValue"}]}


def _title(wire: str) -> str:
    return {"http": "Http", "agui": "AgUi", "ws": "WebSocket", "webrtc": "WebRtc"}[wire]
