import re
from typing import Any

import pytest

from observability.alarms import PARAMETERS, alarms, conditions
from observability.catalog import METRICS
from tests.observability.dashboard_checks import STAT

BY_NAME = {metric.name: metric for metric in METRICS}
SINGLE = {
    name: resource["Properties"]
    for name, resource in alarms().items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}


@pytest.mark.parametrize("name", list(SINGLE))
def test_an_alarm_names_metrics_with_all_their_dimensions_and_known_values(name: str) -> None:
    metrics = [entry["MetricStat"] for entry in SINGLE[name]["Metrics"] if "MetricStat" in entry]
    assert metrics
    for stat in metrics:
        metric = BY_NAME[stat["Metric"]["MetricName"]]
        given = {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}
        assert list(given) == [dimension.name for dimension in metric.dimensions]
        for dimension in metric.dimensions:
            value = given[dimension.name]
            if isinstance(value, dict):
                assert value["Ref"] in PARAMETERS
            else:
                assert value in (dimension.values or ())
        assert STAT.fullmatch(stat["Stat"])
        assert "Unit" not in stat


@pytest.mark.parametrize("name", list(SINGLE))
def test_an_alarm_keeps_the_limits_of_cloudwatch(name: str) -> None:
    alarm = SINGLE[name]
    ids = [entry["Id"] for entry in alarm["Metrics"]]
    assert len(ids) <= 10
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", identifier) for identifier in ids)
    assert [entry["ReturnData"] for entry in alarm["Metrics"]].count(True) == 1
    for entry in alarm["Metrics"]:
        used = set(re.findall(r"\b[a-z][A-Za-z0-9_]*\b", entry.get("Expression", "")))
        assert used <= set(ids)
        assert len(entry.get("Expression", "")) <= 2048
    assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]


def test_only_silence_takes_missing_data_for_a_fault() -> None:
    breaching = [name for name, alarm in SINGLE.items() if alarm["TreatMissingData"] == "breaching"]
    assert breaching == ["Silence"]


def test_the_thresholds_are_those_promised() -> None:
    assert {name: alarm["Threshold"] for name, alarm in SINGLE.items()} == {
        "HttpFailures": 2,
        "AgUiFailures": 2,
        "WebSocketFailures": 2,
        "WebRtcFailures": 2,
        "HttpSlowTurns": 10,
        "AgUiSlowTurns": 10,
        "WebSocketSlowReplies": 1.5,
        "WebRtcSlowReplies": 1.5,
        "PeersDoNotConnect": 5,
        "LoopLag": 0.25,
        "Silence": 1,
    }


def test_a_percentage_of_nothing_is_zero() -> None:
    (expression,) = [
        entry["Expression"] for entry in SINGLE["HttpFailures"]["Metrics"] if "Expression" in entry
    ]
    every = "(FILL(m_ok,0)+FILL(m_client_error,0)+FILL(m_server_error,0)+FILL(m_cancelled,0)"
    every += "+FILL(m_timeout,0))"
    failed = "(FILL(m_server_error,0)+FILL(m_timeout,0))"
    assert expression == f"IF({every}>0,100*{failed}/{every},0)"


def test_one_alarm_goes_off_with_any_other_and_all_tell_the_topic_if_there_is_one() -> None:
    everything: dict[str, Any] = alarms()
    rule = everything["Anything"]["Properties"]["AlarmRule"]["Fn::Sub"]
    assert re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule) == list(SINGLE)
    actions = {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    assert all(each["Properties"]["AlarmActions"] == actions for each in everything.values())
    assert "HasTopic" in conditions()


def test_a_namespace_of_ones_own_is_used_throughout() -> None:
    named = {
        entry["MetricStat"]["Metric"]["Namespace"]
        for resource in alarms("Mine").values()
        for entry in resource["Properties"].get("Metrics", [])
        if "MetricStat" in entry
    }
    assert named == {"Mine"}
