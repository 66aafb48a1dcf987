"""One text model that may be asked: made at its first request, and made anew if it has to be."""

import asyncio
import inspect
from collections.abc import Callable

from strands.models import Model

from gateway.models.breaker import CircuitBreaker
from gateway.models.choice import ModelChoice
from gateway.models.media import kinds_taken
from protocols.contract.media_types import MediaKind


class Candidate:
    """A model, how it is made, and how it has done lately.

    Args:
        choice: which model; it is not made yet.
        make: makes it; called outside the event loop, for it reads files and may ask servers.
        breaker: remembers how it has done.
    """

    def __init__(
        self,
        choice: ModelChoice,
        make: Callable[[ModelChoice], Model],
        breaker: CircuitBreaker,
    ) -> None:
        self.name = choice.setting
        self.kinds: frozenset[MediaKind] = kinds_taken(choice)
        self.breaker = breaker
        self._choice = choice
        self._make = make
        self._making = asyncio.Lock()
        self._made: Model | None = None

    @property
    def made(self) -> Model | None:
        """The model, if it was needed already."""
        return self._made

    @property
    def choice(self) -> ModelChoice:
        """What the settings chose."""
        return self._choice

    async def model(self) -> Model:
        """Give the model; made once, however many ask at the same time.

        Raises:
            Exception: whatever the provider's library raises; see ``gateway.models.failures``.
        """
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make, self._choice)
            return self._made

    async def aclose(self) -> None:
        """Close the client of the model, if it has one that lives as long as the model."""
        model, self._made = self._made, None
        if model is not None:
            await close_client(model)

    def outdated(self, model: Model) -> None:
        """Have a new model made, with a new client, unless somebody had that already."""
        if self._made is model:
            self._made = None


async def close_client(model: Model) -> None:
    """Close what a model of strands keeps open between its answers; strands itself never does."""
    client = getattr(model, "client", None) or getattr(model, "_custom_client", None)
    for place in (getattr(client, "aio", None), client):
        close = getattr(place, "aclose", None) or getattr(place, "close", None)
        if close is not None:
            closing = close()
            if inspect.isawaitable(closing):
                await closing
