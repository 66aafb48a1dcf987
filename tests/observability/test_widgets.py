from observability import catalog
from observability.widgets import Graph, Note, Place, Series, SpanQuery, body

PLACE = Place("eu-central-1", "Mine", "my/spans")


def test_a_metric_with_dimensions_is_searched_for_in_all_their_values() -> None:
    series = Series(catalog.TOKENS, "Sum", {"token_type": ("input", "output")})
    assert series.row(PLACE, "m1") == [
        {
            "id": "m1",
            "expression": 'SEARCH(\'{Mine,protocol,model,"token_type"} '
            'MetricName="gateway.gen_ai.tokens" "token_type"=("input" OR "output")\', '
            "'Sum', 60)",
        }
    ]


def test_a_metric_without_dimensions_is_named() -> None:
    assert Series(catalog.LOOP_LAG, "p99").row(PLACE, "m1") == [
        "Mine",
        "gateway.loop.lag",
        {"id": "m1", "stat": "p99", "label": "gateway.loop.lag p99"},
    ]


def test_widgets_fill_rows_left_to_right() -> None:
    graph = Graph("Turns", (Series(catalog.TURNS, "Sum"),))
    query = SpanQuery("Spans", "limit 1")
    placed = body([Note("# Title"), graph, graph, query, graph, graph, graph, graph], PLACE)
    assert [(w["x"], w["y"], w["width"], w["height"]) for w in placed["widgets"]] == [
        (0, 0, 24, 2),
        (0, 2, 8, 6),
        (8, 2, 8, 6),
        (0, 8, 24, 6),
        (0, 14, 8, 6),
        (8, 14, 8, 6),
        (16, 14, 8, 6),
        (0, 20, 8, 6),
    ]
    assert placed["widgets"][3]["properties"]["query"] == "SOURCE 'my/spans' | limit 1"
