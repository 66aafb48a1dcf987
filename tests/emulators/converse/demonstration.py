"""What the emulated model says when no script tells it: enough to develop against, by hand."""

import json
import re
from typing import Any

from msgspec import UNSET

from tests.emulators.converse.scripts import Reply, Text, ToolUse, calls, says
from tests.emulators.converse.shapes import ConverseRequest, Message, ToolResult

_CALL = re.compile(r"call (?P<name>[A-Za-z0-9_-]+)\s*(?P<input>\{.*\})?", re.DOTALL)


def demonstrate(request: ConverseRequest) -> Reply:
    """Tell the results of tools; call the tool named in ``call NAME {json}``; else echo."""
    last = request.messages[-1]
    results = [block.tool_result for block in last.content if block.tool_result is not UNSET]
    if results:
        return says(f"The tools answered: {'; '.join(_shown(result) for result in results)}")
    said = _words(last)
    uses = tuple(
        ToolUse(found["name"], _arguments(found["input"]))
        for found in _CALL.finditer(said)
        if found["name"] in request.tool_names
    )
    if uses:
        return calls(*uses)
    return Reply((Text(f"You said: {said}"),))


def _words(message: Message) -> str:
    return " ".join(block.text for block in message.content if isinstance(block.text, str))


def _shown(result: ToolResult) -> str:
    parts = [json.dumps(c.json) if c.json is not UNSET else str(c.text) for c in result.content]
    return " ".join(parts)


def _arguments(written: str | None) -> dict[str, Any]:
    try:
        arguments = json.loads(written or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}
