"""What a delegate, an agent that works for another one as its tool, tells while it works.

Values between the tools and whoever translates them for clients: a tool yields them, and strands
carries them as the data of its ``tool_stream_event``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TEXT_MODEL = "gateway_text_model"
"""Where the invocation state has the text model (a coroutine function), if the agent has none."""

type DelegateOutcome = Literal["completed", "failed", "cancelled", "suspended"]

_KINDS = frozenset({"event", "message", "tool_stream_event"})
_NODE_KINDS = frozenset({"multiagent_node_start", "multiagent_node_stop"})
_NODE_STREAM = "multiagent_node_stream"


@dataclass(frozen=True)
class DelegateTold:
    """An event of the delegate as strands has it; an empty one says that it begins.

    ``name`` and ``description`` are those of the tool.
    """

    name: str
    description: str
    event: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DelegateEnded:
    """The delegate has ended; ``suspended`` waits for the user's answers to ``interrupt_ids``."""

    outcome: DelegateOutcome = "completed"
    interrupt_ids: tuple[str, ...] = ()


def is_worth_telling(event: Mapping[str, Any]) -> bool:
    """Tell the events that say something from those that repeat it with the agent and all messages.

    ``event`` is one of an ``Agent``, a ``Graph`` or a ``Swarm``.
    """
    kind = event.get("type")
    if kind == _NODE_STREAM:
        return is_worth_telling(event["event"])
    if isinstance(kind, str) and kind.startswith("multiagent_"):
        return kind in _NODE_KINDS
    return not _KINDS.isdisjoint(event)
