import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator

import pytest

from tools.threads import NoThreadFree, ToolThreads

NAME = contextvars.ContextVar("NAME", default="nobody")
LIMIT_SECONDS = 5


class Gate:
    """A function that waits in its thread until the test opens it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.left = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        self.opened.wait(LIMIT_SECONDS)
        self.left.set()
        return "out"


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


async def threads_ended() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("tool-"):
            await asyncio.to_thread(thread.join, LIMIT_SECONDS)


async def given_up(threads: ToolThreads, gate: Gate) -> None:
    """Start a call and stop waiting for it while it runs."""
    task = asyncio.create_task(threads.run(gate))
    await asyncio.to_thread(gate.entered.wait, LIMIT_SECONDS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_function_runs_in_a_daemon_thread_with_the_context_of_its_caller() -> None:
    def look(greeting: str) -> tuple[str, bool]:
        return f"{greeting} {NAME.get()}", threading.current_thread().daemon

    NAME.set("Ada")
    threads = ToolThreads()
    assert await threads.run(look, greeting="Hello") == ("Hello Ada", True)
    assert (threads.running, threads.abandoned) == (0, 0)


async def test_an_error_reaches_the_caller() -> None:
    def fail() -> None:
        raise LookupError("nothing there")

    threads = ToolThreads()
    with pytest.raises(LookupError, match="nothing there"):
        await threads.run(fail)
    assert threads.running == 0


async def test_a_call_that_is_given_up_counts_until_it_returns(gate: Gate) -> None:
    threads = ToolThreads()
    await given_up(threads, gate)
    assert (threads.running, threads.abandoned) == (1, 1)
    gate.opened.set()
    await threads_ended()
    assert (threads.running, threads.abandoned) == (0, 0)


async def test_no_call_starts_while_too_many_were_given_up(gate: Gate) -> None:
    threads = ToolThreads(maximum_abandoned=1)
    await given_up(threads, gate)
    with pytest.raises(NoThreadFree):
        await threads.run(str)
    gate.opened.set()
    await threads_ended()
    assert await threads.run(str) == ""


async def test_no_call_starts_while_too_many_run(gate: Gate) -> None:
    threads = ToolThreads(maximum_running=1)
    task = asyncio.create_task(threads.run(gate))
    await asyncio.to_thread(gate.entered.wait, LIMIT_SECONDS)
    with pytest.raises(NoThreadFree):
        await threads.run(str)
    gate.opened.set()
    assert await task == "out"


async def test_a_system_without_threads_is_no_thread_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = ToolThreads()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(NoThreadFree):
            await threads.run(str)
    assert threads.running == 0


async def test_a_call_given_up_after_it_ended_is_not_counted() -> None:
    threads = ToolThreads()

    def fail() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await threads.run(fail)
    assert (threads.running, threads.abandoned) == (0, 0)
