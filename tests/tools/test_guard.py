import asyncio
from collections.abc import Iterator
from typing import Any, override

import pytest
from strands import tool
from strands.interrupt import Interrupt, InterruptException
from strands.types._events import ToolInterruptEvent, ToolResultEvent, ToolStreamEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from observability.tools import observe_tool
from tests.tools.failing_tools import (
    LIMIT_SECONDS,
    OVER_TIME,
    SHORT_SECONDS,
    counts,
    hangs,
    keeps,
    opened,
    raises,
    refuses,
    sleeps,
    stubborn,
)
from tools import guard
from tools.guard import GuardedTool
from tools.threads import ToolThreads
from tools.wording import INTERNAL

USE: ToolUse = {"toolUseId": "call-1", "name": "tool", "input": {}}


@pytest.fixture(autouse=True)
def _open() -> Iterator[None]:
    """Let every thread that waits go when its test is over."""
    opened.clear()
    yield
    opened.set()


class Raw(AgentTool):
    """A tool that is not decorated: it gives these events, and raises those that are errors."""

    def __init__(self, *events: Any) -> None:
        super().__init__()
        self.events = events
        self.cleaned = False

    @property
    @override
    def tool_name(self) -> str:
        return "raw"

    @property
    @override
    def tool_spec(self) -> ToolSpec:
        return {"name": "raw", "description": "Raw.", "inputSchema": {"json": {"type": "object"}}}

    @property
    @override
    def tool_type(self) -> str:
        return "raw"

    @override
    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        try:
            for event in self.events:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            await asyncio.sleep(0)
            self.cleaned = True


def guarded(inner: Any, seconds: float = LIMIT_SECONDS, **limits: int) -> GuardedTool:
    return GuardedTool(inner, seconds, ToolThreads(**limits))


async def events_of(guarded_tool: GuardedTool) -> list[Any]:
    async with asyncio.timeout(LIMIT_SECONDS):
        return [event async for event in guarded_tool.stream(USE, {})]


async def result_of(guarded_tool: GuardedTool) -> tuple[str, str]:
    """The status and text that the model sees."""
    last = (await events_of(guarded_tool))[-1]
    assert isinstance(last, ToolResultEvent)
    result = last.tool_result
    assert result["toolUseId"] == "call-1"
    return result["status"], result["content"][0]["text"]


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "GRACE_SECONDS", SHORT_SECONDS)


def test_a_guarded_tool_looks_like_the_tool_it_guards() -> None:
    seen = guarded(keeps)
    assert (seen.tool_name, seen.tool_spec, seen.tool_type) == (
        "keeps",
        keeps.tool_spec,
        "function",
    )
    assert seen.get_display_properties() == keeps.get_display_properties()


async def test_events_before_the_result_pass() -> None:
    *before, last = await events_of(guarded(counts))
    data = [event["tool_stream_event"]["data"] for event in before]
    assert all(isinstance(event, ToolStreamEvent) for event in before)
    assert data == ["one", "two", "done"]
    assert last.tool_result["content"] == [{"text": "done"}]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([{"status": "success", "content": [{"text": "yes"}]}], ("success", "yes")),
        ([{"status": "error", "content": [{"text": "no"}]}], ("error", "no")),
        ([], ("error", "The tool ended without a result.")),
        (["words"], ("error", "The tool ended without a result.")),
        ([ValueError("Not today.")], ("error", "Not today.")),
        (["words", OSError("/srv/app/x")], ("error", INTERNAL)),
    ],
)
async def test_tools_that_are_not_decorated_have_a_result_too(
    events: list[Any], expected: tuple[str, str]
) -> None:
    assert await result_of(guarded(Raw(*events))) == expected


async def test_interrupts_pass() -> None:
    interrupt = Interrupt("i", "approval")
    with pytest.raises(InterruptException):
        await events_of(guarded(Raw(InterruptException(interrupt))))
    events = await events_of(guarded(Raw(ToolInterruptEvent(USE, [interrupt]))))
    assert [type(event) for event in events] == [ToolInterruptEvent]


async def test_a_tool_may_clean_up_after_its_result() -> None:
    inner = Raw({"status": "success", "content": []}, "never")
    result = ToolResultEvent({"toolUseId": "call-1", "status": "success", "content": []})
    inner.events = (result, "never")
    assert await events_of(guarded(inner)) == [result]
    assert inner.cleaned


async def test_everything_is_over_when_the_result_is_handed_out() -> None:
    # Strands stops reading at the result and leaves the rest to the garbage collector.
    before = asyncio.all_tasks()
    stream = guarded(counts).stream(USE, {})
    async for event in stream:
        if isinstance(event, ToolResultEvent):
            break
    assert asyncio.all_tasks() == before
    await stream.aclose()


async def test_a_turn_that_is_cancelled_ends_its_tools() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    @tool
    async def waits() -> str:
        """Wait."""
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "late"

    async with asyncio.timeout(LIMIT_SECONDS):
        turn = asyncio.create_task(events_of(guarded(waits)))
        await started.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
    assert ended.is_set()


async def test_threads_of_calls_given_up_are_bounded() -> None:
    short = guarded(hangs, SHORT_SECONDS, maximum_abandoned=1)
    assert await result_of(short) == ("error", OVER_TIME)
    refused = ("error", "The tool cannot run now: too many earlier calls are still running.")
    assert await result_of(short) == refused


@pytest.mark.usefixtures("short_grace")
async def test_tasks_of_calls_given_up_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAXIMUM_LEFT_BEHIND", 1)
    short = guarded(stubborn, SHORT_SECONDS)
    assert await result_of(short) == ("error", OVER_TIME)
    refused = ("error", "The tool cannot run now: too many earlier calls are still running.")
    assert await result_of(short) == refused
    opened.set()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
        await asyncio.wait({task}, timeout=LIMIT_SECONDS)
    assert await result_of(guarded(counts)) == ("success", "done")


@pytest.mark.parametrize(
    ("inner", "seconds", "outcomes"),
    [
        (counts, LIMIT_SECONDS, [None]),
        (refuses, LIMIT_SECONDS, ["error"]),
        (sleeps, SHORT_SECONDS, ["timeout"]),
    ],
)
async def test_calls_are_observed(
    inner: Any, seconds: float, outcomes: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    observe = observe_tool

    def observing(name: str) -> Any:
        observation = observe(name)

        class Spy:
            def __enter__(self) -> Any:
                seen.append(observation.__enter__())
                return seen[-1]

            def __exit__(self, *raised: Any) -> Any:
                return observation.__exit__(*raised)

        return Spy()

    monkeypatch.setattr(guard, "observe_tool", observing)
    await events_of(guarded(inner, seconds))
    assert [call.outcome for call in seen] == outcomes


async def test_failures_of_the_inside_are_logged_with_their_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await result_of(guarded(raises))
    await result_of(guarded(refuses))
    (record,) = [record for record in caplog.records if record.name == "tools.guard"]
    assert record.getMessage() == "the tool raises failed"
    assert record.exc_info is not None


async def test_ctrl_c_passes() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue()
    with pytest.raises(KeyboardInterrupt):
        await guard._read(Raw(KeyboardInterrupt()).stream(USE, {}), queue)
    assert queue.empty()


async def test_a_result_holds_only_what_can_be_written_down() -> None:
    content = [{"text": "x\ud83d"}, {"json": {"a": {1}, "b": object()}}]
    last = (await events_of(guarded(Raw({"status": "success", "content": content}))))[-1]
    assert last.tool_result["content"] == [
        {"text": "x\ufffd"},
        {"json": {"a": [1], "b": "(object)"}},
    ]
