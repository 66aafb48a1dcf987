"""Tools that the client runs, as strands tools.

The model may call them like any other. The call is shown to the client, and the turn stops after
the batch of calls: the answer comes as a tool message of the client's next turn (AG-UI 1.0, tool
calls).
"""

from typing import Any, override

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from protocols.contract.inputs import ClientTool

_PLACEHOLDER = "The client was asked to run this tool; its answer has not come yet."
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


class ClientToolProxy(AgentTool):
    """Stands for a client's tool: stops the turn instead of doing anything."""

    def __init__(self, tool: ClientTool) -> None:
        super().__init__()
        self._tool = tool

    @property
    @override
    def tool_name(self) -> str:
        return self._tool.name

    @property
    @override
    def tool_spec(self) -> ToolSpec:
        return {
            "name": self._tool.name,
            "description": self._tool.description or self._tool.name,
            "inputSchema": {"json": self._tool.parameters or _NO_PARAMETERS},
        }

    @property
    @override
    def tool_type(self) -> str:
        return "client"

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        invocation_state["agent"].cancel(after_current_tools=True)
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "success",
                "content": [{"text": _PLACEHOLDER}],
            }
        )
