"""A dialogue, what is told in it, and the messages among that."""

import itertools
from typing import Any

from protocols.contract.events import Event
from protocols.live.dialogue import Dialogue, Output, Say


def dialogue() -> Dialogue:
    numbers = itertools.count(1)
    return Dialogue("s", lambda: f"id{next(numbers)}")


def told(made: Dialogue, *events: Event, now: float = 0.0) -> list[Output]:
    return [output for event in events for output in made.translate(event, now)]


def documents(outputs: list[Output]) -> list[dict[str, Any]]:
    return [output.document for output in outputs if isinstance(output, Say)]
