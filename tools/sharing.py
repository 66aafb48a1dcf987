"""What a tool may share with the client while it works: a state, and how far it is.

The state is one JSON value of the conversation. An AG-UI client brings it with each run, shows it,
and is told of every change (STATE_DELTA, or STATE_SNAPSHOT); other wires keep it for the next one.
"""

from dataclasses import dataclass, field
from typing import Any

from strands import ToolContext
from strands.types.agent import LocalAgent

STATE_KEY = "shared"
"""Where the shared state is in the agent's state."""


@dataclass(frozen=True)
class Progress:
    """How far a tool is: ``yield`` it from an ``async`` tool, as often as it changes.

    ``kind`` names the form of ``content``, a JSON object, to whoever shows it.
    """

    kind: str
    content: dict[str, Any] = field(default_factory=dict)


def shared_state(context: ToolContext) -> Any:
    """Return a copy of the state that client and agent share; None if there is none."""
    return state_of(context.agent)


def share_state(context: ToolContext, value: Any) -> None:
    """Replace the shared state by a JSON value; the client is told what changed.

    Raises:
        ValueError: the value is no JSON.
    """
    context.agent.state.set(STATE_KEY, value)


def state_of(agent: LocalAgent) -> Any:
    """Return a copy of an agent's shared state; None if there is none."""
    return agent.state.get(STATE_KEY)
