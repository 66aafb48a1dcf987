import json
from typing import Any

import pytest

from observability.catalog import METRICS
from observability.dashboards import DASHBOARDS, dashboard, render, template
from observability.widgets import Place
from tests.observability.dashboard_checks import SEARCH, faults

type Path = tuple[str | int, ...]

PLACE = Place("eu-central-1")


@pytest.mark.parametrize("name", list(DASHBOARDS))
def test_a_dashboard_is_one_that_cloudwatch_takes_and_fills(name: str) -> None:
    assert faults(dashboard(name, PLACE)) == []


def test_every_metric_of_the_catalogue_is_on_a_dashboard() -> None:
    text = "".join(json.dumps(dashboard(name, PLACE)) for name in DASHBOARDS)
    assert [metric.name for metric in METRICS if metric.name not in text] == []


def test_render_gives_the_text_of_one_dashboard_for_its_region_and_namespace() -> None:
    body = json.loads(render("voice", region="eu-central-1", namespace="Mine"))
    assert body == dashboard("voice", Place("eu-central-1", "Mine"))
    assert faults(body, "Mine") == []


def test_an_unknown_dashboard_is_refused() -> None:
    with pytest.raises(KeyError):
        render("weather")


def test_the_template_holds_all_dashboards_for_the_region_it_is_deployed_in() -> None:
    text = render()
    assert len(text.encode()) <= 51_200
    whole = json.loads(text)
    assert whole == template()
    boards = {
        name: resource["Properties"]["DashboardBody"]["Fn::Sub"]
        for name, resource in whole["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Dashboard"
    }
    assert list(boards) == ["ServiceDashboard", "VoiceDashboard", "CostDashboard"]
    assert [fault for text in boards.values() for fault in faults(json.loads(text))] == []
    assert all("${AWS::Region}" in text for text in boards.values())


GRAPH = ("widgets", 1)
RATIO = ("widgets", 2, "properties", "metrics", 0, 0, "expression")
LOG, NOTE = ("widgets", -1, "properties"), ("widgets", 0, "properties")
PROPERTIES = (*GRAPH, "properties")
ROWS = (*PROPERTIES, "metrics")
CELL = (*ROWS, 0, 0)
EXPRESSION = (*CELL, "expression")
LAG = ["AgentGateway", "gateway.loop.lag"]
GONE = object()

WRONG: dict[str, tuple[Path, Any]] = {
    "no widgets": (("widgets",), GONE),
    "unknown key": (("colour",), "red"),
    "unknown widget type": ((*GRAPH, "type"), "bogus"),
    "outside the grid": ((*GRAPH, "x"), 99),
    "over the edge of the grid": ((*GRAPH, "x"), 20),
    "on top of another": ((*GRAPH, "x"), 8),
    "too high": ((*GRAPH, "height"), 1001),
    "metric widget without metrics": (ROWS, GONE),
    "metric widget with no row": (ROWS, []),
    "metric widget without region": ((*PROPERTIES, "region"), GONE),
    "no region of AWS": ((*PROPERTIES, "region"), "the moon"),
    "PromQL in a metric widget": ((*PROPERTIES, "data"), {"queries": ["up"]}),
    "colour by name": ((*CELL, "color"), "red"),
    "id with a capital": ((*CELL, "id"), "M1"),
    "id used twice": (ROWS, [[*LAG, {"id": "a"}], [*LAG, {"id": "a"}]]),
    "expression of an unknown id": (ROWS, [[{"id": "e1", "expression": "m9/2"}]]),
    "truncated search": (EXPRESSION, lambda text: text[:-20]),
    "expression too long": (EXPRESSION, lambda text: text + " " * 1024),
    "unknown metric": (EXPRESSION, lambda text: text.replace("turns", "turrns")),
    "missing dimension": (EXPRESSION, lambda text: text.replace(",model", "")),
    "foreign namespace": (EXPRESSION, lambda text: text.replace("AgentGateway", "AWS")),
    "unknown stat": (EXPRESSION, lambda text: text.replace("'Sum'", "'p200'")),
    "unknown value": (RATIO, lambda text: text.replace("timeout", "tiemout")),
    "unknown dimension in a term": (RATIO, lambda text: text.replace(" outcome=", " fate=")),
    "stat of a plain row": (ROWS, [[*LAG, {"stat": "p101"}]]),
    "row without a metric": (ROWS, [["AgentGateway"]]),
    "row without its dimensions": (ROWS, [["AgentGateway", "gateway.turns"]]),
    "more than 500 metrics": (ROWS, [LAG] * 499),
    "log widget without a source": ((*LOG, "query"), "fields @message"),
    "empty note": ((*NOTE, "markdown"), ""),
}


def changed(body: Any, path: Path, value: Any) -> Any:
    """The body with one thing taken away, set, or changed by a function."""
    *way, last = path
    inner = body
    for step in way:
        inner = inner[step]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value(inner[last]) if callable(value) else value
    return body


@pytest.mark.parametrize("fault", list(WRONG))
def test_a_wrong_dashboard_is_found_out(fault: str) -> None:
    assert faults(changed(dashboard("service", PLACE), *WRONG[fault])) != []


def test_the_checks_read_the_searches_that_are_there() -> None:
    text = "".join(json.dumps(dashboard(name, PLACE)).replace('\\"', '"') for name in DASHBOARDS)
    assert len(SEARCH.findall(text)) == text.count("SEARCH(")
