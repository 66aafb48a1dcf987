"""A tool that cannot break the turn it is called in.

Whatever happens in the tool (it raises, ends in silence, runs over its time, ignores that it was
cancelled), the model sees a result: an error result says what went wrong in words that are safe to
show. Only two things pass: the cancellation of the turn itself, and the interrupts of strands.

The tool runs in a task of its own, so that the turn goes on although the tool does not stop.
Functions that are not ``async`` run in ``ToolThreads``.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, override

from strands.interrupt import InterruptException
from strands.tools.decorator import DecoratedFunctionTool
from strands.types._events import (
    AgentAsToolStreamEvent,
    ToolInterruptEvent,
    ToolResultEvent,
    ToolStreamEvent,
)
from strands.types.tools import AgentTool, ToolGenerator, ToolResult, ToolSpec, ToolUse

from observability.tools import observe_tool
from tools.delegate_events import DelegateTold
from tools.plain import plain_json, plain_text
from tools.threads import NoThreadFree, ToolThreads
from tools.wording import INTERNAL, error_text, seconds_text

WAITING_EVENTS = 16
"""Events of a tool that wait to be read; the tool waits when there are more."""
GRACE_SECONDS = 1.0
"""How long a tool may take to end after it was cancelled; then it is left behind."""
MAXIMUM_LEFT_BEHIND = 16
"""Calls left behind by one tool; when they are this many, it is not called any more."""

LAST = (ToolResultEvent, ToolInterruptEvent)
_AGENT = "agent"  # the type of Agent.as_tool()

logger = logging.getLogger(__name__)


class OverTime(Exception):
    """The tool ran longer than it may."""


class AgentFailed(Exception):
    """An agent of strands that serves as a tool failed; its result tells the exception's text."""


class _Ended:
    """The last item of a tool's queue."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class GuardedTool(AgentTool):
    """A strands tool with a limit of time, whose every failure is an error result."""

    def __init__(self, tool: AgentTool, timeout_seconds: float, threads: ToolThreads) -> None:
        super().__init__()
        self.tool = tool
        self._timeout_seconds = timeout_seconds
        self._runnable = _in_thread(tool, threads)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    @override
    def tool_name(self) -> str:
        return self.tool.tool_name

    @property
    @override
    def tool_spec(self) -> ToolSpec:
        return self.tool.tool_spec

    @property
    @override
    def tool_type(self) -> str:
        return self.tool.tool_type

    @override
    def get_display_properties(self) -> dict[str, str]:
        return self.tool.get_display_properties()

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        """Run the tool; the last event is always its result, or an interrupt."""
        last: Any = None
        # Strands stops reading at the last event: everything is closed before it is handed out.
        with observe_tool(self.tool_name) as call:
            try:
                async with aclosing(self._events(tool_use, invocation_state, kwargs)) as events:
                    async for event in events:
                        last = event
                        if isinstance(event, LAST):
                            break
                        yield _streamed(tool_use, event)
                last = _last(tool_use, last)
                if self.tool_type == _AGENT and _is_error(last):
                    raise AgentFailed
            except InterruptException:
                raise
            except Exception as error:  # noqa: BLE001  # the edge: a tool never breaks its turn
                last = _failed(tool_use, error)
            if isinstance(last, ToolResultEvent) and _is_error(last):
                call.failed("timeout" if isinstance(last.exception, OverTime) else "error")
        if isinstance(last, ToolResultEvent) and last.exception is not None:
            last = self._safe(last)
        yield _plain(last)

    async def _events(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], options: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        left_behind = sum(1 for task in self._tasks if task.cancelling())
        if left_behind >= MAXIMUM_LEFT_BEHIND:
            raise NoThreadFree(f"{left_behind} calls that were given up still run")
        queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=WAITING_EVENTS)
        stream = self._runnable.stream(tool_use, invocation_state, **options)
        task = asyncio.create_task(_read(stream, queue), name=f"tool-{self.tool_name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        deadline = asyncio.get_running_loop().time() + self._timeout_seconds
        event: Any = None
        try:
            while not isinstance(event := await self._next(queue, deadline), _Ended):
                yield event
            if event.error is not None:
                raise event.error
        finally:
            # After its result a tool may still clean up.
            if not isinstance(event, LAST):
                task.cancel()
            await self._end(task)

    async def _next(self, queue: asyncio.Queue[Any], deadline: float) -> Any:
        try:
            async with asyncio.timeout_at(deadline):
                return await queue.get()
        except TimeoutError as error:
            raise OverTime from error

    async def _end(self, task: asyncio.Task[None]) -> None:
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        if not task.done():
            task.cancel()
            logger.warning("the tool %s goes on although it was cancelled", self.tool_name)

    def _safe(self, event: ToolResultEvent) -> ToolResultEvent:
        """Replace what a tool's exception says by what the model may read."""
        error = event.exception
        if isinstance(error, OverTime):
            text = f"The tool did not finish within {seconds_text(self._timeout_seconds)}."
        elif isinstance(error, NoThreadFree):
            text = "The tool cannot run now: too many earlier calls are still running."
        else:
            text = error_text(error)
        if text == INTERNAL:
            logger.warning("the tool %s failed", self.tool_name, exc_info=error)
        result = _error_result(event.tool_result["toolUseId"], text)
        return ToolResultEvent(result, exception=error)


def _in_thread(tool: AgentTool, threads: ToolThreads) -> AgentTool:
    """Let a decorated plain function run in our threads instead of the event loop's pool."""
    if not isinstance(tool, DecoratedFunctionTool):
        return tool
    function: Callable[..., Any] = tool._tool_func  # the decorator has no public way to it
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return tool

    async def call(**arguments: Any) -> Any:
        return await threads.run(function, **arguments)

    call.__name__ = getattr(function, "__name__", tool.tool_name)
    return DecoratedFunctionTool(tool.tool_name, tool.tool_spec, call, tool._metadata)


async def _read(stream: AsyncGenerator[Any, None], queue: asyncio.Queue[Any]) -> None:
    """Carry the events of a tool to its queue, and how it ended."""
    ended = _Ended()
    try:
        async with aclosing(stream):
            async for event in stream:
                await queue.put(event)
                if isinstance(event, LAST):
                    return
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        ended = _Ended(_as_exception(error))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001  # SystemExit, panics of extensions: all carried
        ended = _Ended(_as_exception(error))
    await queue.put(ended)


def _as_exception(error: BaseException) -> Exception:
    """What would end more than the tool's call (``SystemExit``) does not leave it as it is."""
    if isinstance(error, Exception):
        return error
    wrapped = RuntimeError(f"the tool raised {type(error).__name__}")
    wrapped.__cause__ = error
    return wrapped


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_error(event: ToolResultEvent | ToolInterruptEvent) -> bool:
    return isinstance(event, ToolResultEvent) and event.tool_result["status"] == "error"


def _streamed(tool_use: ToolUse, event: Any) -> ToolStreamEvent:
    if isinstance(event, AgentAsToolStreamEvent):
        spec = event.agent_as_tool.tool_spec
        data = event["tool_stream_event"]["data"]
        return ToolStreamEvent(tool_use, DelegateTold(spec["name"], spec["description"], data))
    return event if isinstance(event, ToolStreamEvent) else ToolStreamEvent(tool_use, event)


def _last(tool_use: ToolUse, event: Any) -> ToolResultEvent | ToolInterruptEvent:
    """The result; tools that are not decorated may give it as a plain mapping."""
    if isinstance(event, LAST):
        return event
    if isinstance(event, dict) and event.get("status") and isinstance(event.get("content"), list):
        result: ToolResult = {
            "toolUseId": tool_use["toolUseId"],
            "status": "error" if event["status"] == "error" else "success",
            "content": event["content"],
        }
        return ToolResultEvent(result)
    return _failed(tool_use, ValueError("The tool ended without a result."))


def _plain(event: ToolResultEvent | ToolInterruptEvent) -> ToolResultEvent | ToolInterruptEvent:
    """Let a result hold only what every model and wire can write down."""
    if isinstance(event, ToolInterruptEvent):
        return event
    content: Any = [_plain_block(block) for block in event.tool_result["content"]]
    return ToolResultEvent({**event.tool_result, "content": content}, exception=event.exception)


def _plain_block(block: Any) -> Any:
    if "json" in block:
        return {**block, "json": plain_json(block["json"])}
    return {**block, "text": plain_text(str(block["text"]))} if "text" in block else block


def _failed(tool_use: ToolUse, error: Exception) -> ToolResultEvent:
    return ToolResultEvent(_error_result(tool_use["toolUseId"], INTERNAL), exception=error)


def _error_result(tool_use_id: str, text: str) -> ToolResult:
    return {"toolUseId": tool_use_id, "status": "error", "content": [{"text": text}]}
