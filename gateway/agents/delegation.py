"""What the tools of an agent tell while they run: their progress, and the work of delegates.

Pure. A delegate (``tools.delegation``) is an agent, or a team of agents, that works for the call of
a tool. It may delegate in turn, so the work of each agent is translated by one of these again, and
handed up with the identifier of who did it. Its words are no part of the answer; its tokens are
counted.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from protocols.contract import events
from tools.delegate_events import DelegateEnded, DelegateTold
from tools.plain import plain_json
from tools.sharing import Progress


class Translates(Protocol):
    """Translates the events of one agent, in order."""

    def translate(self, event: Mapping[str, Any]) -> list[events.Event]:
        """Give what one strands event means."""
        ...


type _OfACall = (
    events.ToolStarted
    | events.ToolArguments
    | events.ToolRequested
    | events.ToolFinished
    | events.SubagentStarted
)
type MakeTranslation = Callable[[str], Translates]


class Delegations:
    """The running tools of one agent.

    Args:
        make_translation: makes what translates another agent, whose identifier it is given.
        owner: identifier of the agent whose tools these are; None for the one that was asked.
    """

    def __init__(self, make_translation: MakeTranslation, owner: str | None = None) -> None:
        self._make_translation = make_translation
        self._prefix = "" if owner is None else f"{owner}/"
        self._workers: dict[str, _Worker] = {}
        self._calls: Counter[str] = Counter()

    def told(self, told: Mapping[str, Any], message_id: str) -> list[events.Event]:
        """Give what a running tool tells; whatever else it yields is its own.

        Args:
            told: strands' ``tool_stream_event``.
            message_id: the message in which the tool was called.
        """
        call, data = told["tool_use"]["toolUseId"], told.get("data")
        match data:
            case Progress():
                content = plain_json(data.content)
                shown = content if isinstance(content, dict) else {"value": content}
                return [events.ActivityChanged(f"{call}-{data.kind}", data.kind, shown)]
            case DelegateTold():
                return self._work(call, data, message_id)
            case DelegateEnded():
                return self._end(call, data.outcome, data.interrupt_ids)
            case _:
                return []

    def finished(self, result: events.ToolFinished) -> list[events.Event]:
        """Give the end of a delegate that did not tell it: it was given up, or just stopped."""
        return self._end(result.tool_call_id, "failed" if result.error else "completed")

    def _work(self, call: str, told: DelegateTold, message_id: str) -> list[events.Event]:
        worker = self._workers.get(call)
        if worker is not None:
            return worker.translate(told.event)
        worker = self._workers[call] = _Worker(self._identifier(call), self._make_translation)
        begun = events.SubagentStarted(
            worker.identifier, told.name, told.description or None, call, message_id
        )
        return [begun, *worker.translate(told.event)]

    def _end(
        self, call: str, outcome: events.SubagentOutcome, interrupt_ids: tuple[str, ...] = ()
    ) -> list[events.Event]:
        worker = self._workers.pop(call, None)
        if worker is None:
            return []
        return [events.SubagentEnded(worker.identifier, outcome, interrupt_ids)]

    def _identifier(self, call: str) -> str:
        """The same for a call that a later turn goes on with; never twice in one turn.

        AG-UI 1.0, subagents: who was suspended goes on under the same identifier.
        """
        self._calls[call] += 1
        again = f"#{self._calls[call]}" if self._calls[call] > 1 else ""
        return f"{self._prefix}{call}{again}"


class _Worker:
    """An agent or a team at work; the members of a team are workers of their own."""

    def __init__(self, identifier: str, make_translation: MakeTranslation) -> None:
        self.identifier = identifier
        self._make_translation = make_translation
        self._translation = make_translation(identifier)
        self._members: dict[str, _Worker] = {}
        self._visits: Counter[str] = Counter()

    def translate(self, event: Mapping[str, Any]) -> list[events.Event]:
        """Give what one event of a strands ``Agent``, ``Graph`` or ``Swarm`` means."""
        match event.get("type"):
            case "multiagent_node_start":
                return self._member_started(event["node_id"])
            case "multiagent_node_stream":
                member = self._members.get(event["node_id"])
                return [] if member is None else member.translate(event["event"])
            case "multiagent_node_stop":
                is_done = event["node_result"].status.value == "completed"
                return self._member_ended(event["node_id"], "completed" if is_done else "failed")
            case _:
                translated = self._translation.translate(event)
                return [each for told in translated for each in _attributed(self.identifier, told)]

    def _member_started(self, name: str) -> list[events.Event]:
        self._visits[name] += 1
        again = f"#{self._visits[name]}" if self._visits[name] > 1 else ""
        member = _Worker(f"{self.identifier}/{name}{again}", self._make_translation)
        self._members[name] = member
        return [
            events.Delegated(self.identifier, events.StepStarted(name)),
            events.Delegated(self.identifier, events.SubagentStarted(member.identifier, name)),
        ]

    def _member_ended(self, name: str, outcome: events.SubagentOutcome) -> list[events.Event]:
        member = self._members.pop(name, None)
        if member is None:
            return []
        ended = events.SubagentEnded(member.identifier, outcome)
        return [
            events.Delegated(self.identifier, ended),
            events.Delegated(self.identifier, events.StepEnded(name)),
        ]


def _attributed(owner: str, event: events.Event) -> list[events.Event]:
    """Say whose event it is.

    Models name calls as they like: two agents may use the same identifier at once, so those of a
    delegate are put under its own.
    """
    match event:
        case events.Delegated() | events.UsageReported():
            return [event]
        case events.ToolStarted() | events.ToolArguments() | events.ToolRequested():
            return [events.Delegated(owner, _under(owner, event))]
        case events.ToolFinished() | events.SubagentStarted():
            return [events.Delegated(owner, _under(owner, event))]
        case events.ActivityChanged():
            activity_id = f"{owner}/{event.activity_id}"
            moved = msgspec.structs.replace(event, activity_id=activity_id)
            return [events.Delegated(owner, moved)]
        case events.TextDelta() | events.ReasoningDelta() | events.Cited() | events.SubagentEnded():
            return [events.Delegated(owner, event)]
        case _:
            return []


def _under[E: _OfACall](owner: str, event: E) -> E:
    return msgspec.structs.replace(event, tool_call_id=f"{owner}/{event.tool_call_id}")
