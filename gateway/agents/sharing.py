"""Notices when a tool has changed the state that client and agent share."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType
from strands.types.agent import LocalAgent

from protocols.contract.events import Event, StateChanged
from protocols.contract.inputs import Json
from tools.delegate_events import DelegateTold
from tools.sharing import STATE_KEY, state_of


class SharedState:
    """The state as the client was last told it.

    Args:
        agent: whose state it is.
        given: what the client brought; UNSET leaves what the session has, which the client need not
            know: it is then told the whole state first.
    """

    def __init__(self, agent: LocalAgent, given: Json | UnsetType = UNSET) -> None:
        self._agent = agent
        if given is not UNSET:
            agent.state.set(STATE_KEY, given)
        self._is_known = given is not UNSET
        self._told = state_of(agent)
        self._version = _version_of(agent)

    def changes(self, strands_event: Mapping[str, Any]) -> list[Event]:
        """Tell a change, if this event is one after which there may be one."""
        version = _version_of(self._agent)
        if version == self._version or not _is_of_a_tool(strands_event):
            return []
        self._version = version
        before, after = self._told, state_of(self._agent)
        if _is_same(before, after):
            return []
        self._told, is_known, self._is_known = after, self._is_known, True
        return [StateChanged(before if is_known else None, after)]


def _version_of(agent: LocalAgent) -> int:
    """Count the changes of a state: a large one takes long to be read (strands copies it)."""
    return agent.state._get_version()


def _is_same(before: Any, after: Any) -> bool:
    """Compare JSON values; for Python 1 is True, for JSON it is not."""
    return before == after and json.dumps(before, sort_keys=True) == json.dumps(
        after, sort_keys=True
    )


def _is_of_a_tool(strands_event: Mapping[str, Any]) -> bool:
    """Tell the events after which a tool may have changed the state.

    The last one is the only one after tools that ran beside one that asks. What delegates tell is
    left out: they have a state of their own, and tell every word.
    """
    if "tool_stream_event" in strands_event:
        return not isinstance(strands_event["tool_stream_event"].get("data"), DelegateTold)
    return "message" in strands_event or "result" in strands_event
