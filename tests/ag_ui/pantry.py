"""The tools of these tests, as ``GATEWAY_TOOLS`` loads them: each does one thing a tool may do."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from strands import ToolContext, tool
from strands.types.tools import AgentTool

from tools.asking import ask
from tools.sharing import Progress, predict_state, share_state, shared_state

PLANTED = "xyzzy-4711"
"""A secret that no client may ever see."""

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=="
)


@tool
def weigh(thing: str) -> str:
    """Weigh something.

    Args:
        thing: What to weigh.
    """
    return f"The {thing} weighs {len(thing)} kg."


@tool
def refuse(thing: str) -> str:
    """Refuse something, and say why.

    Args:
        thing: What to refuse.
    """
    raise ValueError(f"There is no {thing} on Sundays.")


@tool
def spill() -> str:
    """Fail with a text that is nobody's business."""
    raise RuntimeError(f"the key {PLANTED} of /srv/keys.pem was refused")


@tool
def photograph(thing: str) -> dict[str, Any]:
    """Take a photograph.

    Args:
        thing: What to take it of.
    """
    image = {"format": "png", "source": {"bytes": PNG}}
    return {"status": "success", "content": [{"text": f"The {thing}:"}, {"image": image}]}


@tool
async def wait(seconds: float) -> str:
    """Do nothing for a while.

    Args:
        seconds: How long.
    """
    await asyncio.sleep(seconds)
    return "Waited."


@tool(context=True)
def put(place: str, thing: str, tool_context: ToolContext) -> str:
    """Put something into the shared state.

    Args:
        place: Where to put it.
        thing: What to put there.
    """
    state = shared_state(tool_context)
    kept = state if isinstance(state, dict) else {}
    share_state(tool_context, kept | {place: thing})
    return "Done."


@tool(context=True)
async def cook(steps: list[str], tool_context: ToolContext) -> AsyncIterator[Any]:
    """Cook in steps; state and progress are told while it works.

    Args:
        steps: What to do, in order.
    """
    for number, step in enumerate(steps, 1):
        yield Progress("cooking", {"step": step, "done": number / len(steps)})
        share_state(tool_context, {"done": steps[:number]})
        yield step
        await asyncio.sleep(0.05)
    yield "It is ready."


@tool(context=True)
def order(thing: str, tool_context: ToolContext) -> str:
    """Order something, if the user agrees.

    Args:
        thing: What to order.
    """
    agreed = ask(
        tool_context,
        f"Order {thing}?",
        reason="approval",
        schema={"type": "object", "properties": {"count": {"type": "integer"}}},
    )
    state = shared_state(tool_context) or {}
    share_state(tool_context, {**state, "ordered": [*state.get("ordered", []), thing]})
    return f"Ordered {thing}: {json.dumps(agreed)}."


@tool(context=True)
def write(text: str, tool_context: ToolContext) -> str:
    """Write a document.

    Args:
        text: All of it.
    """
    share_state(tool_context, {"document": text})
    return "Written."


predict_state(write, document="text")

TOOLS: list[AgentTool] = [weigh, refuse, spill, photograph, wait, put, cook, order, write]
