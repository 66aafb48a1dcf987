"""Tools that do what no tool should, and one that keeps something."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator

import pytest
from strands import ToolContext, tool

from tools.wording import INTERNAL

LIMIT_SECONDS = 10
SHORT_SECONDS = 0.05
OVER_TIME = "The tool did not finish within 0.05 seconds."
opened = threading.Event()
"""Lets every tool go that waits; a test opens it at its end."""


@tool
def hangs() -> str:
    """Wait in a thread."""
    opened.wait(LIMIT_SECONDS)
    return "late"


@tool
async def sleeps() -> str:
    """Wait on the event loop."""
    await asyncio.Event().wait()
    return "late"


@tool
async def stubborn() -> str:
    """Ignore that it is cancelled."""
    while not opened.is_set():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            if opened.is_set():
                raise
    return "late"


@tool
def raises() -> str:
    """Raise something of the inside."""
    raise RuntimeError("the password in /etc/app/secret is hunter2")


@tool
async def refuses() -> str:
    """Refuse with its own words."""
    raise ValueError("There is no such thing.")


@tool
def leaves() -> str:
    """Ask the process to end."""
    sys.exit(3)


@tool
async def cancels_itself() -> str:
    """Raise what only a turn may be ended by."""
    raise asyncio.CancelledError


@tool
async def counts() -> AsyncIterator[str]:
    """Stream before the result."""
    yield "one"
    yield "two"
    yield "done"


@tool(context=True)
def keeps(text: str, tool_context: ToolContext) -> str:
    """Keep a text in the state.

    Args:
        text: What to keep.
        tool_context: Given by strands.
    """
    tool_context.agent.state.set("kept", text)
    return f"kept {text} by {tool_context.tool_use['toolUseId']}"


FAILURES = [
    pytest.param(raises, LIMIT_SECONDS, INTERNAL, id="raises"),
    pytest.param(refuses, LIMIT_SECONDS, "There is no such thing.", id="refuses"),
    pytest.param(leaves, LIMIT_SECONDS, INTERNAL, id="leaves"),
    pytest.param(cancels_itself, LIMIT_SECONDS, INTERNAL, id="cancels itself"),
    pytest.param(hangs, SHORT_SECONDS, OVER_TIME, id="hangs in a thread"),
    pytest.param(sleeps, SHORT_SECONDS, OVER_TIME, id="sleeps"),
    pytest.param(stubborn, SHORT_SECONDS, OVER_TIME, id="ignores cancellation"),
]
