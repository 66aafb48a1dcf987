"""What CloudWatch would refuse in a dashboard, or show as an empty graph, found offline."""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from observability.catalog import METRICS, NAMESPACE, Metric

SCHEMA = json.loads(Path(__file__).with_name("dashboard.schema.json").read_text())
STAT = re.compile(SCHEMA["$defs"]["stat"]["pattern"])
SEARCH = re.compile(r"SEARCH\('\{([^}]*)\} MetricName=\"([^\"]+)\"([^']*)', '([^']+)', (\d+)\)")
TERM = re.compile(r' "?([a-z_]+)"?=\(([^)]*)\)')
_BY_NAME = {metric.name: metric for metric in METRICS}


def faults(body: Any, namespace: str = NAMESPACE) -> list[str]:
    """Everything that is wrong with a body."""
    found = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(SCHEMA).iter_errors(body)
    ]
    if found:
        return found
    graphs = [w["properties"] for w in body["widgets"] if w["type"] == "metric"]
    if sum(len(graph["metrics"]) for graph in graphs) > 500:
        found.append("more than 500 metrics")
    found += _overlaps(body["widgets"])
    for graph in graphs:
        found += [f"{graph.get('title')}: {fault}" for fault in _graph(graph, namespace)]
    return found


def _overlaps(widgets: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        if widget["x"] + widget["width"] > 24:
            found.append("a widget leaves the grid")
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        if cells & taken:
            found.append("widgets overlap")
        taken |= cells
    return found


def _graph(graph: dict[str, Any], namespace: str) -> list[str]:
    found: list[str] = []
    ids = [row[-1]["id"] for row in graph["metrics"] if isinstance(row[-1], dict)]
    if len(set(ids)) != len(ids):
        found.append("an id is used twice")
    for row in graph["metrics"]:
        if isinstance(row[0], dict):
            found += _expression(row[0]["expression"], set(ids), namespace)
        else:
            found += _row(row, namespace)
    return found


def _expression(expression: str, ids: set[str], namespace: str) -> list[str]:
    found = []
    for names, metric, terms, stat, _ in SEARCH.findall(expression):
        schema, *dimensions = [name.strip('"') for name in names.split(",")]
        found += _series(schema == namespace, metric, dimensions, stat)
        for dimension, values in TERM.findall(terms):
            wanted = [value.strip('"') for value in values.split(" OR ")]
            found += _values(metric, dimension, wanted)
    bare = SEARCH.sub("", expression)
    if "SEARCH" in bare:
        found.append(f"not a search: {expression}")
    unknown = set(re.findall(r"\b[a-z][A-Za-z0-9_]*\b", bare)) - ids
    return found + [f"no such id: {name}" for name in sorted(unknown)]


def _row(row: list[Any], namespace: str) -> list[str]:
    names = [cell for cell in row if isinstance(cell, str)]
    stat = row[-1].get("stat", "Average") if isinstance(row[-1], dict) else "Average"
    if len(names) < 2:
        return ["a row without a metric"]
    return _series(names[0] == namespace, names[1], names[2::2], stat)


def _series(right_namespace: bool, name: str, dimensions: list[str], stat: str) -> list[str]:
    metric = _BY_NAME.get(name)
    found = [] if right_namespace else ["not our namespace"]
    if not STAT.fullmatch(stat):
        found.append(f"no such stat: {stat}")
    if metric is None:
        return [*found, f"no such metric: {name}"]
    if sorted(dimensions) != sorted(_dimensions(metric)):
        found.append(f"{name} has dimensions {_dimensions(metric)}, not {dimensions}")
    return found


def _values(name: str, dimension: str, values: list[str]) -> list[str]:
    metric = _BY_NAME.get(name)
    of = {d.name: d.values for d in metric.dimensions} if metric else {}
    if dimension not in of:
        return [f"{name} has no dimension {dimension}"]
    known = of[dimension]
    return [f"no such {dimension}: {v}" for v in values if known is not None and v not in known]


def _dimensions(metric: Metric) -> list[str]:
    return [dimension.name for dimension in metric.dimensions]
