"""How often, and after which pause, a model is asked again before its first token; pure.

It is the only layer that does: the retries of the libraries and of strands are off, for waits of
several layers multiply.
"""

from collections.abc import Callable

ATTEMPTS = 3
SECONDS = 6.0
_FIRST_PAUSE_SECONDS = 0.5


def next_pause(rounds: int, attempts: int, elapsed_seconds: float, share: float) -> float | None:
    """Give the seconds to wait before the next attempt; None: it has been tried enough.

    Args:
        rounds: how often all models have been tried; at least 1.
        attempts: how many calls were made.
        elapsed_seconds: since the first call began.
        share: of the longest pause, from 0 to 1: by chance, so that many do not come back at once.
    """
    if attempts >= ATTEMPTS:
        return None
    longest = _FIRST_PAUSE_SECONDS * 2.0**rounds
    pause = longest * (0.5 + share / 2)
    return pause if elapsed_seconds + pause < SECONDS else None


def in_order[M](models: list[M], is_open: Callable[[M], bool]) -> list[M]:
    """The models to try: those that have done well lately; all, if none has."""
    return [model for model in models if not is_open(model)] or models
