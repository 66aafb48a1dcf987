"""Counts tokens, in the metrics and on a span."""

from opentelemetry.trace import Span

from observability import catalog
from observability.recording import Recorder


class TokenCount:
    """The tokens of one turn or conversation, counted as they are reported."""

    def __init__(self, to: Recorder, span: Span, protocol: str, model: str) -> None:
        self._to = to
        self._span = span
        self._labels = (protocol, catalog.model_family(model))
        self.totals: dict[str, int] = {}

    def add(self, spent: dict[str, int | None]) -> None:
        """Count tokens into the metrics and the totals."""
        for token_type, tokens in spent.items():
            if tokens:
                self._to.add(catalog.TOKENS, tokens, *self._labels, token_type)
        self.include(spent)

    def include(self, spent: dict[str, int | None]) -> None:
        """Put tokens that are counted already into the totals."""
        for token_type, tokens in spent.items():
            if tokens:
                self.totals[token_type] = self.totals.get(token_type, 0) + tokens
                # Not gen_ai.usage.*: strands' spans hold the same tokens, and queries sum those.
                self._span.set_attribute(f"gateway.tokens.{token_type}", self.totals[token_type])
