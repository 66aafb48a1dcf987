"""Turns that wait for the user: a tool asked something, and the next turn brings the answer.

strands stops an agent whose tool raises an interrupt and goes on from its interrupt state, which is
JSON: what is kept of such a turn is only that. The tool then runs again from its beginning, once,
and is given the answer where it asked (AG-UI 1.0, interrupts and resume).
"""

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct
from strands import Agent, Snapshot
from strands.hooks import BeforeToolCallEvent, HookCallback, MessageAddedEvent
from strands.types.content import ContentBlock, Message, Messages
from strands.types.tools import ToolUse

from gateway.agents.history import repaired
from protocols.contract.events import InputRequested, ToolResumed
from protocols.contract.inputs import InterruptAnswer, UserTurn
from tools.plain import plain_json

_log = logging.getLogger(__name__)

_NOTHING_SAID = "…"
_DECLINED = "The user declined: this was not done."
_SNAPSHOT_VERSION = "1.0"


class Suspended(Struct, frozen=True):
    """What a turn that waits for answers left: strands' interrupt state and the open questions."""

    state: dict[str, Any]
    questions: tuple[InputRequested, ...]

    @property
    def waiting_message(self) -> Message:
        """The model's message whose calls are not all answered."""
        return cast(Message, self.state["pending_tool_execution"]["assistant_message"])

    def covered_by(self, answers: Iterable[InterruptAnswer]) -> bool:
        """Tell whether every question is answered; answers to others are of no use here."""
        answered = {answer.interrupt_id for answer in answers}
        return all(question.interrupt_id in answered for question in self.questions)


def suspended_by(agent: Agent, questions: Sequence[InputRequested]) -> Suspended | None:
    """Tell what has to be kept of an agent that stopped with these questions; None for none."""
    if not questions:
        return None
    snapshot = agent.take_snapshot(include=["interrupt_state"])
    return Suspended(snapshot.data["interrupt_state"], tuple(questions))


def is_suspended(agent: Agent) -> bool:
    """Tell whether an agent still waits for an answer, or for the tools that were given one."""
    snapshot = agent.take_snapshot(include=["interrupt_state"])
    return bool(snapshot.data["interrupt_state"]["activated"])


def asked(strands_event: Mapping[str, Any]) -> list[InputRequested]:
    """Translate strands' event of a tool that asks."""
    call = strands_event["tool_use"]["toolUseId"]
    return [_question(interrupt, call) for interrupt in strands_event["interrupts"]]


def _question(interrupt: Any, tool_call_id: str) -> InputRequested:
    """Read an interrupt; its reason is a text, or the object that ``tools.asking`` makes."""
    reason = plain_json(interrupt.reason)
    if isinstance(reason, str):
        return InputRequested(interrupt.id, interrupt.name, reason, tool_call_id)
    if not isinstance(reason, dict):
        more = None if reason is None else {"reason": reason}
        return InputRequested(interrupt.id, interrupt.name, None, tool_call_id, metadata=more)
    more = dict(reason)
    message, schema = more.pop("message", None), more.pop("responseSchema", None)
    return InputRequested(
        interrupt.id,
        interrupt.name,
        message if isinstance(message, str) else None,
        tool_call_id,
        schema if isinstance(schema, dict) else None,
        more or None,
    )


class Opening(Struct, frozen=True):
    """How a turn begins: the history it is shown, and the turn it goes on with, if one waits."""

    messages: Messages
    answers: tuple[InterruptAnswer, ...] = ()
    suspended: Suspended | None = None
    results: Mapping[str, Any] = {}
    meanwhile: tuple[ContentBlock, ...] = ()
    """What the user said while the question was open."""

    @property
    def questions(self) -> tuple[InputRequested, ...]:
        """What waits for an answer."""
        return self.suspended.questions if self.suspended is not None else ()

    @property
    def resumed(self) -> tuple[ToolResumed, ...]:
        """The calls that are taken up again."""
        if self.suspended is None:
            return ()
        return tuple(
            ToolResumed(use["toolUseId"], use["name"], json.dumps(use["input"]))
            for use in _uses(self.suspended.waiting_message)
        )

    def answered_by_client(self, client_tools: Collection[str]) -> frozenset[str]:
        """Give the calls taken up again that the client with these tools answers, now or later."""
        return frozenset(
            call.tool_call_id
            for call in self.resumed
            if call.name in client_tools or call.tool_call_id in self.results
        )

    @property
    def asks_again(self) -> bool:
        """Whether an answer is missing: nothing is done then, and nothing taken for declined."""
        return self.suspended is not None and not self.suspended.covered_by(self.answers)

    def prompt(self, agent: Agent, content: Sequence[ContentBlock]) -> list[Any] | None:
        """Give what the agent, whose history is ours, is to be asked: the content, or to go on."""
        if self.suspended is None:
            return _asked_anew(content, agent.messages)
        if content:
            _say_with_results(agent, content)
        return _resume(agent, self.suspended, self.answers, self.results)


def _asked_anew(content: Sequence[ContentBlock], history: Messages) -> list[Any] | None:
    """Give what is asked as a message of its own; None where a message of the user's is the last.

    It is the last when a call has no answer, or the model failed: what is asked joins it then.
    Providers refuse neighbours of one role, and conversations that do not end with the user.
    """
    if history and history[-1]["role"] == "user":
        history[-1]["content"].extend(content)
        return None
    return list(content) or [{"text": _NOTHING_SAID}]


def open_turn(said: UserTurn, history: Messages, suspended: Suspended | None) -> Opening:
    """Find out how a turn begins.

    A client that owns the history may have taken the call out that waits. This is an edit of the
    conversation, which the model has to see: the question is void then. So it is when its call has
    a result, for the turn that brought it may have failed later.
    """
    place = None if suspended is None else _place(history, suspended)
    if suspended is None or place is None:
        if said.answers:
            _log.warning("%d answers to questions that nobody asked", len(said.answers))
        return Opening(repaired(history))
    before, after = place
    messages = _with_waiting(repaired(before), suspended.waiting_message)
    blocks = [
        block for message in after if message["role"] == "user" for block in message["content"]
    ]
    results = {
        block["toolResult"]["toolUseId"]: block["toolResult"]
        for block in blocks
        if "toolResult" in block
    }
    if any(question.tool_call_id in results for question in suspended.questions):
        return Opening(repaired(history))
    meanwhile = tuple(block for block in blocks if "toolResult" not in block)
    return Opening(messages, said.answers, suspended, results, meanwhile)


def _place(history: Messages, suspended: Suspended) -> tuple[Messages, Messages] | None:
    """Give what stands before and after the message that waits; None if it is there no more.

    Clients show one message of the model as several: its thinking, its words, its calls.
    """
    calls = _calls(suspended.waiting_message)
    index = len(history) - 1
    while index >= 0 and not calls & _calls(history[index]):
        index -= 1
    if index < 0:
        return None
    first = index
    while first > 0 and _is_part(history[first - 1], suspended.waiting_message):
        first -= 1
    return history[:first], history[index + 1 :]


def _is_part(message: Message, waiting: Message) -> bool:
    """Tell whether a client's message shows the thinking, words or calls of the one that waits."""
    words = "".join(block.get("text", "") for block in waiting["content"])
    return (
        message["role"] == "assistant"
        and _calls(message) <= _calls(waiting)
        and all(block.get("text", "") in words for block in message["content"])
    )


def _with_waiting(before: Messages, waiting: Message) -> Messages:
    """Put the message that waits last; what the model said right before joins it."""
    if not before or before[-1]["role"] != "assistant":
        return [*before, waiting]
    content = [*before[-1]["content"], *waiting["content"]]
    return [*before[:-1], cast(Message, {**waiting, "content": content})]


def _resume(
    agent: Agent,
    suspended: Suspended,
    answers: Iterable[InterruptAnswer],
    results: Mapping[str, Any],
) -> list[Any]:
    """Put an agent back to where its turn stopped; gives the prompt that lets it go on."""
    given = {answer.interrupt_id: answer for answer in answers}
    declined = {
        question.tool_call_id
        for question in suspended.questions
        if given[question.interrupt_id].status == "cancelled"
    }
    agent.load_snapshot(
        Snapshot("agent", _SNAPSHOT_VERSION, {"interrupt_state": _with(suspended, results)}, {})
    )
    agent.add_hook(_declining(declined), BeforeToolCallEvent)
    return [_response(given[question.interrupt_id]) for question in suspended.questions]


def _say_with_results(agent: Agent, content: Sequence[ContentBlock]) -> None:
    """Let what the user said besides stand in the message that brings the tools' results."""
    waiting = list(content)

    def add(event: MessageAddedEvent) -> None:
        if waiting and any("toolResult" in block for block in event.message["content"]):
            event.message["content"].extend(waiting)
            waiting.clear()

    agent.add_hook(add, MessageAddedEvent)


def _with(suspended: Suspended, results: Mapping[str, Any]) -> dict[str, Any]:
    """The interrupt state with the client's own results in place of their placeholders."""
    pending = suspended.state["pending_tool_execution"]
    completed = [
        results.get(result["toolUseId"], result) for result in pending["completed_tool_results"]
    ]
    return {
        **suspended.state,
        "pending_tool_execution": {**pending, "completed_tool_results": completed},
    }


def _declining(calls: Collection[str | None]) -> HookCallback[BeforeToolCallEvent[Any]]:
    def decline(event: BeforeToolCallEvent[Any]) -> None:
        if event.tool_use["toolUseId"] in calls:
            event.cancel_tool = _DECLINED

    return decline


def _response(answer: InterruptAnswer) -> dict[str, Any]:
    """For strands None is no answer for no answer; who agrees without saying more has said yes."""
    payload = True if answer.payload is None else answer.payload
    return {"interruptResponse": {"interruptId": answer.interrupt_id, "response": payload}}


def _calls(message: Message) -> set[str]:
    return {use["toolUseId"] for use in _uses(message)}


def _uses(message: Message) -> list[ToolUse]:
    return [block["toolUse"] for block in message["content"] if "toolUse" in block]
