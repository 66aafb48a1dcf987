"""What a tool may share with the client while it works: a state, and how far it is.

The state is one JSON value of the conversation. An AG-UI client brings it with each run, shows it,
and is told of every change (STATE_DELTA, or STATE_SNAPSHOT); other wires keep it for the next one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strands import ToolContext
from strands.types.agent import LocalAgent
from strands.types.tools import AgentTool

from tools.plain import has_half_characters, plain_json

type Predictions = Mapping[str, Mapping[str, str]]
"""For tools by name: which argument becomes the value of which key of the state."""

_PREDICTED = "gateway_predicted_state"
STATE_KEY = "shared"
"""Where the shared state is in the agent's state."""


@dataclass(frozen=True)
class Progress:
    """How far a tool is: ``yield`` it from an ``async`` tool, as often as it changes.

    ``kind`` names the form of ``content``, a JSON object, to whoever shows it.
    """

    kind: str
    content: dict[str, Any] = field(default_factory=dict)


def predict_state[T: AgentTool](tool: T, **arguments: str) -> T:
    """Let clients show what the state will be while the model still writes a tool's arguments.

    Args:
        tool: at its end it should make the prediction true (``share_state``).
        arguments: for each key of the state the argument that becomes its value.

    Returns:
        The same tool.
    """
    setattr(tool, _PREDICTED, dict(arguments))
    return tool


def predicted_by(tools: Iterable[AgentTool]) -> Predictions:
    """Find the predictions of tools."""
    found = {tool.tool_name: _prediction(tool) for tool in tools}
    return {name: arguments for name, arguments in found.items() if arguments}


def _prediction(tool: Any) -> dict[str, str]:
    guarded = getattr(tool, "tool", tool)  # GuardedTool
    arguments: dict[str, str] = getattr(guarded, _PREDICTED, {})
    return arguments


def shared_state(context: ToolContext) -> Any:
    """Return a copy of the state that client and agent share; None if there is none."""
    return state_of(context.agent)


def share_state(context: ToolContext, value: Any) -> None:
    """Replace the shared state by a JSON value; the client is told what changed.

    Raises:
        ValueError: the value is no JSON.
    """
    context.agent.state.set(STATE_KEY, _written(value))


def _written(value: Any) -> Any:
    """Give a value back without halves of characters; whether it is JSON is seen later."""
    return plain_json(value) if has_half_characters(value) else value


def state_of(agent: LocalAgent) -> Any:
    """Return a copy of an agent's shared state; None if there is none."""
    return agent.state.get(STATE_KEY)
