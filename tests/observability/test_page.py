"""The page about observing says what the code does."""

import re
from pathlib import Path

from observability.catalog import METRICS, Metric
from observability.conversations import CONVERSATION_SPAN
from observability.dashboards import DASHBOARDS
from observability.turns import TURN_SPAN

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "observe.md").read_text()


def row(metric: Metric) -> str:
    dimensions = ", ".join(f"`{dimension.name}`" for dimension in metric.dimensions) or "–"
    unit = f"`{metric.unit}`"
    kind = metric.instrument.value
    return f"| `{metric.name}` | {unit} | {kind} | {dimensions} | {metric.description} |"


def test_the_table_of_metrics_is_that_of_the_catalogue() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `gateway.")]
    assert rows == [row(metric) for metric in METRICS]


def test_spans_and_dashboards_are_called_by_their_names() -> None:
    assert {TURN_SPAN, CONVERSATION_SPAN} <= set(re.findall(r"gateway\.[a-z]+", PAGE))
    assert all(f"dashboard {name}" in PAGE for name in DASHBOARDS)
