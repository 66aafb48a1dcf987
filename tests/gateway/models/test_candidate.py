"""A model is made when it is needed, and its client closed at the end."""

import asyncio
import types
from typing import Any

import pytest

from gateway.models.breaker import CircuitBreaker
from gateway.models.candidate import Candidate, close_client
from gateway.models.choice import ModelChoice
from tests.gateway.models.streams import PlayedModel


async def test_it_is_made_once_and_made_anew_when_it_is_outdated() -> None:
    made: list[PlayedModel] = []

    def make(_: ModelChoice) -> PlayedModel:
        made.append(PlayedModel())
        return made[-1]

    choice = ModelChoice(setting="ollama/x")
    candidate = Candidate(choice, make, CircuitBreaker(lambda: 0.0))
    assert (candidate.made, candidate.choice) == (None, choice)
    assert candidate.kinds == frozenset({"image"})
    async with asyncio.timeout(5):
        first, same = await asyncio.gather(candidate.model(), candidate.model())
        candidate.outdated(first)
        candidate.outdated(first)
        second = await candidate.model()
        candidate.outdated(first)  # somebody who is late
    assert first is same is made[0]
    assert second is candidate.made is made[1]


@pytest.mark.parametrize("place", ["client", "_custom_client"])
@pytest.mark.parametrize("close", ["close", "aclose"])
async def test_clients_of_all_libraries_are_closed(place: str, close: str) -> None:
    closed: list[str] = []

    async def aclose() -> None:
        closed.append("aclose")

    closers = {"close": lambda: closed.append("close"), "aclose": aclose}
    model: Any = PlayedModel()
    setattr(model, place, types.SimpleNamespace(**{close: closers[close]}))
    await close_client(model)
    assert closed == [close]


async def test_a_model_without_a_client_has_nothing_to_close() -> None:
    await close_client(PlayedModel())
