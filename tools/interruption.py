"""What becomes of a running tool when the user speaks over the spoken answer that called it.

A tool goes on: what it does was asked for, and the model is told its result. A tool whose work
nobody wants any more then (a search, a long calculation) says so with ``ends_when_talked_over``.
"""

from strands.types.tools import AgentTool

_MARK = "ends_when_talked_over"


def ends_when_talked_over[T: AgentTool](tool: T) -> T:
    """Mark a tool: it is cancelled when the user speaks over the answer, and the model is told."""
    setattr(tool, _MARK, True)
    return tool


def is_ended_when_talked_over(tool: AgentTool) -> bool:
    """Tell whether a tool is marked, itself or the one it guards."""
    guarded = getattr(tool, "tool", None)
    return bool(getattr(tool, _MARK, False) or getattr(guarded, _MARK, False))
