"""What the emulated Nova Sonic does when no script tells it: enough to develop against, by hand."""

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.emulators.sonic.scripts import ToolCall, Turn, UserTurn

_CALL = re.compile(r"call (?P<name>[A-Za-z0-9_-]+)\s*(?P<input>\{.*\})?", re.DOTALL)


def demonstrate(user: UserTurn) -> Turn:
    """Give speech back; call the tool named in a typed ``call NAME {json}``; else echo text."""
    if user.text is None:
        heard = f"{user.seconds:.1f} seconds of speech"
        return Turn(heard=heard, say=(f"I heard {heard}.",), seconds=None)
    found = _CALL.search(user.text)
    if found is None or found["name"] not in user.tools:
        return Turn(say=(f"You wrote: {user.text}",))
    call = ToolCall(found["name"], json.loads(found["input"] or "{}"))
    return Turn(tools=(call,), say=_tell)


def _tell(results: Sequence[Any]) -> tuple[str, ...]:
    return (f"The tool answered: {'; '.join(json.dumps(result) for result in results)}",)
