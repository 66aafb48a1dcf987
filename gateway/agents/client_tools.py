"""Tools that the client runs, as strands tools.

The model may call them like any other, and the call is shown to the client. A text turn stops after
the batch of calls: the answer comes as a tool message of the client's next turn (AG-UI 1.0, tool
calls). In a live conversation the call waits, for a bounded time, while the conversation goes on.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from typing import Any, override

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from gateway.agents.history import content_blocks
from protocols.contract.errors import InvalidInput, NotFound
from protocols.contract.inputs import ClientTool, ToolResult
from tools.wording import seconds_text

_PLACEHOLDER = "The client was asked to run this tool; its answer has not come yet."
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}
_MOST_REMEMBERED = 256


class ClientTools:
    """The client's tools of one live conversation, and the calls that wait for their results.

    Args:
        tools: as the client described them.
        timeout_seconds: how long a call waits; the model is told when that is over.
    """

    def __init__(self, tools: Collection[ClientTool] = (), timeout_seconds: float = 60.0) -> None:
        self.names = frozenset(tool.name for tool in tools)
        self._tools = tuple(tools)
        self._timeout_seconds = timeout_seconds
        self._waiting: dict[str, asyncio.Future[ToolResult]] = {}
        self._over: OrderedDict[str, bool] = OrderedDict()  # calls: whether they were answered

    def strands_tools(self) -> list[AgentTool]:
        """Give them as strands tools."""
        return [WaitingClientTool(tool, self) for tool in self._tools]

    def expect(self, tool_call_id: str) -> None:
        """Take a result for this call from now on: the client is about to be told of it."""
        if tool_call_id not in self._waiting and tool_call_id not in self._over:
            self._waiting[tool_call_id] = asyncio.get_running_loop().create_future()

    def answer(self, result: ToolResult) -> None:
        """Give a call its result; see ``LiveConversation.answer``."""
        call = result.tool_call_id
        waiting = self._waiting.get(call)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
            return
        if waiting is not None or self._over.get(call):
            raise InvalidInput("This tool call has its result already; only the first one counts.")
        if call in self._over:
            raise NotFound(
                "The result came too late: the tool call was given up "
                f"after {seconds_text(self._timeout_seconds)} (GATEWAY_TOOL_SECONDS)."
            )
        raise NotFound("No tool call of this id waits for a result. Send the toolCallId of a call.")

    async def result_of(self, tool_call_id: str) -> ToolResult | None:
        """Wait for the result of a call; None when its time is over."""
        self.expect(tool_call_id)
        waiting = self._waiting.get(tool_call_id)
        if waiting is None:  # a model that names two calls the same
            return None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await waiting
        except TimeoutError:
            return None
        finally:
            self._close(tool_call_id, answered=waiting.done() and not waiting.cancelled())

    def _close(self, tool_call_id: str, *, answered: bool) -> None:
        self._waiting.pop(tool_call_id, None)
        self._over[tool_call_id] = answered
        while len(self._over) > _MOST_REMEMBERED:
            self._over.popitem(last=False)


class ClientToolProxy(AgentTool):
    """Stands for a client's tool in a text turn: stops the turn instead of doing anything."""

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


class WaitingClientTool(ClientToolProxy):
    """Stands for a client's tool in a live conversation: gives what the client answers."""

    def __init__(self, tool: ClientTool, calls: ClientTools) -> None:
        super().__init__(tool)
        self._calls = calls

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        result = await self._calls.result_of(tool_use["toolUseId"])
        content: Any = [{"text": "The client did not answer in time."}]
        if result is not None:
            content = content_blocks(result.content) or [{"text": ""}]
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "error" if result is None or result.error else "success",
                "content": content,
            }
        )
