from typing import Any

from observability.tokens import TokenCount


def test_tokens_are_counted_once_and_shown_as_totals(recorded: Any) -> None:
    span = recorded.recorder.tracer.start_span("work")
    count = TokenCount(recorded.recorder, span, "ws", "gpt-realtime")
    count.add({"input": 5, "output": None, "cache_read": 0})
    count.include({"input": 2, "output": 3, "cache_read": None})
    span.end()
    assert count.totals == {"input": 7, "output": 3}
    assert recorded.metrics()["gateway.gen_ai.tokens"] == {("ws", "gpt-realtime", "input"): 5}
    assert dict(span.attributes) == {"gateway.tokens.input": 7, "gateway.tokens.output": 3}
