"""The pieces of CloudWatch dashboards: series of catalogued metrics, widgets, and their places."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from observability.catalog import NAMESPACE, Metric

GRID_WIDTH = 24
WIDGET_WIDTH = 8
WIDGET_HEIGHT = 6
PERIOD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where dashboards are put and what they read."""

    region: str
    namespace: str = NAMESPACE
    spans_log_group: str = "aws/spans"


@dataclass(frozen=True, slots=True)
class Series:
    """Lines of a metric, one for each combination of its dimensions that was seen.

    ``only`` keeps those whose dimension has one of the values. Unit is never set: CloudWatch
    knows few of ours, and a widget that names another one shows nothing.
    """

    metric: Metric
    stat: str
    only: Mapping[str, tuple[str, ...]] | None = None

    def expression(self, namespace: str) -> str:
        """The search of CloudWatch for these lines; new combinations appear by themselves."""
        names = ",".join(
            _quoted(name) for name in (namespace, *(d.name for d in self.metric.dimensions))
        )
        terms = "".join(
            f" {_quoted(name)}=({' OR '.join(_always_quoted(value) for value in values)})"
            for name, values in (self.only or {}).items()
        )
        found = f'{{{names}}} MetricName="{self.metric.name}"{terms}'
        return f"SEARCH('{found}', '{self.stat}', {PERIOD_SECONDS})"

    def row(self, place: Place, identifier: str) -> list[Any]:
        """The row of a metric widget."""
        if not self.metric.dimensions:
            how = {"id": identifier, "stat": self.stat, "label": f"{self.metric.name} {self.stat}"}
            return [place.namespace, self.metric.name, how]
        return [{"id": identifier, "expression": self.expression(place.namespace)}]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One sum as a percentage of another."""

    part: Series
    whole: Series
    label: str

    def rows(self, place: Place) -> list[list[Any]]:
        """The rows of a metric widget; only the percentage is drawn."""
        hidden: dict[str, Any] = {"visible": False}
        part = f"SUM({self.part.expression(place.namespace)})"
        whole = f"SUM({self.whole.expression(place.namespace)})"
        return [
            [{"id": "part", "expression": part, **hidden}],
            [{"id": "whole", "expression": whole, **hidden}],
            [{"id": "ratio", "expression": "100*FILL(part,0)/whole", "label": self.label}],
        ]


@dataclass(frozen=True, slots=True)
class Graph:
    """A widget with lines."""

    title: str
    shows: Sequence[Series] | Ratio
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class SpanQuery:
    """A widget with a table made of spans by a Logs Insights query."""

    title: str
    query: str


@dataclass(frozen=True, slots=True)
class Note:
    """A widget with words."""

    markdown: str


type Widget = Graph | SpanQuery | Note


def body(widgets: Sequence[Widget], place: Place) -> dict[str, Any]:
    """A dashboard's body: the widgets in rows, left to right."""
    placed: list[dict[str, Any]] = []
    x = y = 0
    for widget in widgets:
        width = WIDGET_WIDTH if isinstance(widget, Graph) else GRID_WIDTH
        height = 2 if isinstance(widget, Note) else WIDGET_HEIGHT
        if x + width > GRID_WIDTH:
            x, y = 0, y + WIDGET_HEIGHT
        kind, properties = _content(widget, place)
        placed.append(
            {
                "type": kind,
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "properties": properties,
            }
        )
        x += width
        if x == GRID_WIDTH:
            x, y = 0, y + height
    return {"start": "-PT3H", "periodOverride": "inherit", "widgets": placed}


def _content(widget: Widget, place: Place) -> tuple[str, dict[str, Any]]:
    match widget:
        case Note():
            return "text", {"markdown": widget.markdown}
        case SpanQuery():
            query = f"SOURCE '{place.spans_log_group}' | {widget.query}"
            shown = {"title": widget.title, "region": place.region, "view": "table"}
            return "log", {**shown, "query": query}
        case Graph():
            return "metric", _graph(widget, place)


def _graph(graph: Graph, place: Place) -> dict[str, Any]:
    rows = (
        graph.shows.rows(place)
        if isinstance(graph.shows, Ratio)
        else [series.row(place, f"m{i}") for i, series in enumerate(graph.shows, start=1)]
    )
    return {
        "title": graph.title,
        "region": place.region,
        "view": "timeSeries",
        "stacked": graph.stacked,
        "period": PERIOD_SECONDS,
        "yAxis": {"left": {"min": 0}},
        "metrics": rows,
    }


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9]+", name) else _always_quoted(name)


def _always_quoted(name: str) -> str:
    return f'"{name}"'
