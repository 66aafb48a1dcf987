"""When a model that fails is left alone for a while (a circuit breaker; pure but for its clock).

closed → (several failures in a row) → open → (a pause) → one request may try: closed or open again.
"""

from collections.abc import Callable

FAILURES = 3
PAUSE_SECONDS = 30.0


class CircuitBreaker:
    """Remembers how one model has done lately.

    Args:
        clock: seconds that never go back.
        failures: so many in a row open it.
        pause_seconds: how long it stays open before one request may try.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        failures: int = FAILURES,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._clock = clock
        self._failures = failures
        self._pause_seconds = pause_seconds
        self._in_a_row = 0
        self._open_until: float | None = None

    @property
    def open(self) -> bool:
        """Whether it would be better to ask another model."""
        return self._open_until is not None and self._clock() < self._open_until

    def asked(self) -> None:
        """A request begins: after a pause it is the only one that tries, for another pause."""
        if self._open_until is not None:
            self._open_until = self._clock() + self._pause_seconds

    def succeeded(self) -> None:
        """The model began to answer."""
        self._in_a_row = 0
        self._open_until = None

    def failed(self) -> None:
        """The model failed before its first token."""
        self._in_a_row += 1
        if self._in_a_row >= self._failures:
            self._open_until = self._clock() + self._pause_seconds
