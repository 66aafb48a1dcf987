"""Tools that hand their work to other agents: an ``Agent``, a ``Graph`` or a ``Swarm`` of strands.

The client is shown what they do as the work of subagents (AG-UI 1.0, subagents). Of all that, the
model that called the tool sees the result only, so nothing else of it is spoken or remembered.

A delegate is made for each call, so that nothing of one conversation is left for another. What its
own tools raise is kept from the client as the gateway's tools keep it (``tools.guard``).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from threading import Event
from typing import Any, cast, override

from strands import Agent
from strands.handlers.callback_handler import PrintingCallbackHandler, null_callback_handler
from strands.models import Model
from strands.multiagent.base import MultiAgentBase, MultiAgentResult, Status
from strands.multiagent.graph import Graph, GraphResult
from strands.multiagent.swarm import Swarm, SwarmResult
from strands.types._events import ToolInterruptEvent, ToolResultEvent, ToolStreamEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from tools.delegate_events import (
    TEXT_MODEL,
    DelegateEnded,
    DelegateOutcome,
    DelegateTold,
    is_worth_telling,
)
from tools.guard import GuardedTool
from tools.threads import ToolThreads

type Build = Callable[[Model], Agent | Graph | Swarm]

_FAILED = "The agent failed before it had an answer."
_CANCELLED = "The agent was cancelled."
_ASKED = "The agent wanted to ask the user something, which it cannot do here."
_CANCEL_SECONDS = 0.1
_TOOL_SECONDS = 86_400.0  # the guard of the delegate ends its tools much earlier

_log = logging.getLogger(__name__)


class DelegateFailed(ValueError):
    """The delegate gave no answer; the text is for the model that asked it."""


def delegate(name: str, description: str, build: Build) -> AgentTool:
    """Make a tool that hands its ``input``, a text, to another agent and gives its answer.

    Args:
        name: of the tool, and of the subagent that clients are shown.
        description: what the model chooses the tool by.
        build: makes the agent, for each call anew and without waiting for anything. It is given the
            text model of the agent that calls the tool; in a live conversation, whose own model
            speaks, that of the gateway. A graph answers with its last nodes, a swarm with its last
            agent.
    """
    return Delegate(name, description, build)


class Delegate(AgentTool):
    """A tool whose work is done by an agent that is made for the call."""

    def __init__(self, name: str, description: str, build: Build) -> None:
        super().__init__()
        self._name = name
        self._description = description
        self._build = build
        self._threads = ToolThreads()

    @property
    @override
    def tool_name(self) -> str:
        return self._name

    @property
    @override
    def tool_spec(self) -> ToolSpec:
        task = {"type": "string", "description": "The task, with all that has to be known for it."}
        schema = {"type": "object", "properties": {"input": task}, "required": ["input"]}
        return {
            "name": self._name,
            "description": self._description,
            "inputSchema": {"json": schema},
        }

    @property
    @override
    def tool_type(self) -> str:
        return "delegate"

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        """Run the delegate: what it does, how it ended, and the result or an interrupt.

        Raises:
            DelegateFailed: it gave no answer.
        """
        worker = self._build(await _text_model(invocation_state))
        for agent in _agents(worker):
            _keep_safe(agent, self._threads)
        yield self._told({})
        ask = self._ask_agent if isinstance(worker, Agent) else self._ask_team
        async with aclosing(ask(cast(Any, worker), tool_use, invocation_state)) as events:
            async for event in events:
                yield event

    async def _ask_agent(
        self, worker: Agent, tool_use: ToolUse, invocation_state: dict[str, Any]
    ) -> AsyncGenerator[Any]:
        """Let strands run the agent as a tool: it links the cancellation and keeps interrupts."""
        parent = invocation_state.get("agent")
        tool = worker.as_tool(name=self._name, description=self._description)
        async with aclosing(cast(Any, tool.stream(tool_use, invocation_state))) as events:
            async for event in events:
                if isinstance(event, ToolStreamEvent):
                    told = event["tool_stream_event"]["data"]
                    if is_worth_telling(told):
                        yield self._told(told)
                elif isinstance(event, ToolInterruptEvent):
                    if not isinstance(parent, Agent):
                        yield DelegateEnded("failed")
                        raise DelegateFailed(_ASKED)
                    asked = tuple(interrupt.id for interrupt in event.interrupts)
                    yield DelegateEnded("suspended", asked)
                    yield event
                else:
                    # Its text may be that of an exception.
                    if event.tool_result["status"] == "error":
                        yield DelegateEnded(_failure(_cancel_signal(parent)))
                        raise DelegateFailed(_text_of_failure(_cancel_signal(parent)))
                    yield DelegateEnded()
                    yield _trimmed(event)

    async def _ask_team(
        self, worker: Graph | Swarm, tool_use: ToolUse, invocation_state: dict[str, Any]
    ) -> AsyncGenerator[Any]:
        signal = _cancel_signal(invocation_state.get("agent"))
        result: MultiAgentResult | None = None
        watching = asyncio.create_task(_cancel_with(signal, worker))
        try:
            stream = worker.stream_async(_task(tool_use))
            async with aclosing(cast(Any, stream)) as events:
                async for event in events:
                    if event.get("type") == "multiagent_result":
                        result = event["result"]
                    elif is_worth_telling(event):
                        yield self._told(event)
        except Exception as error:  # noqa: BLE001  # whatever a node raises ends its team
            _log.warning("the team %s failed: %s", self._name, type(error).__name__)
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        if result is None or result.status is not Status.COMPLETED or _is_set(signal):
            yield DelegateEnded(_failure(signal))
            is_asking = result is not None and result.status is Status.INTERRUPTED
            raise DelegateFailed(_ASKED if is_asking else _text_of_failure(signal))
        yield DelegateEnded()
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "success",
                "content": [{"text": _answer(result)}],
            }
        )

    def _told(self, event: dict[str, Any]) -> DelegateTold:
        return DelegateTold(self._name, self._description, event)


async def _text_model(invocation_state: dict[str, Any]) -> Model:
    """Give the model of the agent that calls, or the one that a live conversation lends."""
    agent = invocation_state.get("agent")
    if isinstance(agent, Agent):
        return agent.model
    lend = invocation_state.get(TEXT_MODEL)
    if lend is None:
        raise DelegateFailed("There is no text model here for another agent to work with.")
    lent: Model = await lend()
    return lent


def _agents(worker: Any) -> Iterator[Agent]:
    """Find the agents of a team, those of the teams in it included."""
    if isinstance(worker, Agent):
        yield worker
    elif isinstance(worker, Graph | Swarm):
        for node in worker.nodes.values():
            yield from _agents(node.executor)
    elif not isinstance(worker, MultiAgentBase):
        raise TypeError(f"build gave {type(worker).__name__}; it has to give an agent or a team")


def _keep_safe(agent: Agent, threads: ToolThreads) -> None:
    """Guard an agent's tools, and keep it from printing; the caller's guard limits its time."""
    if isinstance(agent.callback_handler, PrintingCallbackHandler):
        agent.callback_handler = null_callback_handler
    registry = agent.tool_registry.registry
    for name, tool in registry.items():
        inner = getattr(tool, "agent", None)
        if isinstance(inner, Agent):
            _keep_safe(inner, threads)
        if not isinstance(tool, GuardedTool):
            registry[name] = GuardedTool(tool, _TOOL_SECONDS, threads)


async def _cancel_with(signal: Event | None, worker: Graph | Swarm) -> None:
    """Cancel a team when its caller is: unlike an agent, it takes no signal."""
    if signal is None:
        return
    while not signal.is_set():  # noqa: ASYNC110 - strands' signal is one for threads
        await asyncio.sleep(_CANCEL_SECONDS)
    for agent in _agents(worker):
        agent.cancel()


def _cancel_signal(parent: Any) -> Event | None:
    return getattr(parent, "cancel_signal", None)


def _is_set(signal: Event | None) -> bool:
    return signal is not None and signal.is_set()


def _failure(signal: Event | None) -> DelegateOutcome:
    return "cancelled" if _is_set(signal) else "failed"


def _text_of_failure(signal: Event | None) -> str:
    return _CANCELLED if _is_set(signal) else _FAILED


def _task(tool_use: ToolUse) -> str:
    given = tool_use["input"]
    return str(given.get("input", "") if isinstance(given, dict) else given)


def _trimmed(event: ToolResultEvent) -> ToolResultEvent:
    """Take away the line feed that strands puts behind an answer."""
    result = event.tool_result
    content: Any = [
        {"text": block["text"].strip()} if "text" in block else block for block in result["content"]
    ]
    return ToolResultEvent({**result, "content": content})


def _answer(result: MultiAgentResult) -> str:
    """What the last nodes said, each under its name if they are several."""
    last = _last_nodes(result)
    said = {name: _words(result.results[name].result) for name in last if name in result.results}
    if len(said) == 1:
        return next(iter(said.values()))
    return "\n\n".join(f"{name}: {words}" for name, words in said.items() if words)


def _words(result: Any) -> str:
    return _answer(result) if isinstance(result, MultiAgentResult) else str(result).strip()


def _last_nodes(result: MultiAgentResult) -> list[str]:
    if isinstance(result, SwarmResult):
        return [node.node_id for node in result.node_history[-1:]]
    if not isinstance(result, GraphResult):
        return list(result.results)
    ran = list(dict.fromkeys(node.node_id for node in result.execution_order))
    left = {start.node_id for start, end in result.edges if end.node_id in ran}
    return [name for name in ran if name not in left] or ran[-1:]
