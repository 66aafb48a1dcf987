"""Watches calls of tools. Metrics only: strands makes a span for each call."""

from collections.abc import Iterator
from contextlib import contextmanager

from observability import catalog
from observability.outcomes import outcome_of_exception
from observability.recording import recorder

_WORDS = {"server_error": "error"}


class ToolObservation:
    """What there is to say about one call."""

    def __init__(self) -> None:
        self.outcome: str | None = None

    def failed(self, outcome: str = "error") -> None:
        """The call gave an error result (``error``, ``timeout`` or ``cancelled``)."""
        self.outcome = outcome


@contextmanager
def observe_tool(name: str) -> Iterator[ToolObservation]:
    """Watch the call of a tool of ours while the block runs.

    Not for tools that a client brings: their names are the client's, and no closed set.
    """
    call = ToolObservation()
    to = recorder()
    if to is None:
        yield call
        return
    started_at = to.clock()
    raised: type[BaseException] | None = None
    try:
        yield call
    except BaseException as error:
        raised = type(error)
        raise
    finally:
        word = outcome_of_exception(raised)
        to.add(catalog.TOOL_CALLS, 1, name, call.outcome or _WORDS.get(word, word))
        to.record(catalog.TOOL_DURATION, to.clock() - started_at, name)
