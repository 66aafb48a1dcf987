"""What is asked of everybody who is measured."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4


@dataclass(frozen=True)
class Scenario:
    """A question after a history.

    Args:
        title: its line in the report.
        question: the name of an answer of the fast model.
        messages: how many messages were said before, by user and assistant in turns.
        characters: the length of each of them.
        times_the_reference: how often our events per second must be the reference's; 0 if
            nothing is promised.
        times_bare: how often the time of bare strands ours may be; 0 if nothing is promised.
    """

    title: str
    question: str
    messages: int = 0
    characters: int = 0
    times_the_reference: float = 0
    times_bare: float = 0


SCENARIOS = (
    Scenario("1000 deltas, all at once", "at once", times_the_reference=3, times_bare=1.3),
    Scenario("1000 deltas, one by one", "one by one", times_bare=1.3),
    Scenario(
        "tool call, then 1000 deltas; 100 messages of 1000 characters before",
        "after a tool",
        messages=100,
        characters=1000,
        times_the_reference=15,
    ),
    Scenario("tool arguments of 40 kB in 4000 pieces", "long arguments"),
)


def history(scenario: Scenario) -> list[tuple[str, str]]:
    """Give what was said before: role and text."""
    roles = ("user", "assistant")
    return [(roles[index % 2], "x" * scenario.characters) for index in range(scenario.messages)]


def run_input(scenario: Scenario) -> dict[str, Any]:
    """Write the scenario as an AG-UI ``RunAgentInput`` on a thread of its own."""
    said = [*history(scenario), ("user", scenario.question)]
    return {
        "threadId": str(uuid4()),
        "runId": str(uuid4()),
        "state": {},
        "messages": [
            {"id": str(uuid4()), "role": role, "content": content} for role, content in said
        ],
        "tools": [],
        "context": [],
        "forwardedProps": {},
    }
