"""A conversation as an AG-UI client keeps it: the client owns the history and sends all of it.

Pure: events in, messages out, by the rules of the AG-UI reducer.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec

from gateway.cli.received import (
    EncryptedValue,
    MessagesSnapshot,
    Question,
    ReasoningAdded,
    ReasoningStarted,
    Received,
    RunFinished,
    TextAdded,
    TextStarted,
    ToolCallArguments,
    ToolCallResult,
    ToolCallStarted,
)

type Message = dict[str, Any]

_YES, _NO = frozenset({"y", "yes"}), frozenset({"n", "no"})


def new_identifier() -> str:
    """Make an identifier; AgentCore wants at least 33 characters for a session."""
    return str(uuid4())


class Conversation:
    """One thread.

    Args:
        thread_id: the session's id.
        new_id: makes the identifiers of messages and runs.
    """

    def __init__(self, thread_id: str, new_id: Callable[[], str] = new_identifier) -> None:
        self.thread_id = thread_id
        self.messages: list[Message] = []
        self._new_id = new_id
        self._questions: list[Question] = []
        self._answers: list[dict[str, Any]] = []

    def ask(self, text: str) -> dict[str, Any] | None:
        """Add the user's words; give the input of the run that answers them.

        While the agent waits for answers, the words are the answer to its first question: ``yes``,
        ``no``, a JSON value or a text. None is given until all are answered.
        """
        if self._questions:
            return self._answer(text)
        self.messages.append({"id": self._new_id(), "role": "user", "content": text})
        return self._run_input()

    def _answer(self, text: str) -> dict[str, Any] | None:
        if len(self._answers) == len(self._questions):
            self._answers = []  # sent before, to a run that did not come to its end
        self._answers.append(_entry(self._questions[len(self._answers)], text))
        if len(self._answers) < len(self._questions):
            return None
        return self._run_input() | {"resume": list(self._answers)}

    def _run_input(self) -> dict[str, Any]:
        return {
            "threadId": self.thread_id,
            "runId": self._new_id(),
            "messages": list(self.messages),
            "tools": [],
            "context": [],
            "state": {},
            "forwardedProps": {},
        }

    def retract(self) -> None:
        """Take back what was last said: it was refused before a run began."""
        if self._questions:
            self._answers = []
        else:
            self.messages.pop()

    def knows(self, snapshot: MessagesSnapshot) -> bool:
        """Tell whether a snapshot holds no message that is new here."""
        known = {message["id"] for message in self.messages}
        return known.issuperset(message.get("id") for message in snapshot.messages)

    def apply(self, event: Received) -> None:  # noqa: C901 - one arm per kind that changes the history
        """Follow one event."""
        match event:
            case TextStarted():
                self._open(event.message_id, event.role)
            case ReasoningStarted():
                self._open(event.message_id, "reasoning")
            case TextAdded() | ReasoningAdded():
                message = self._find(event.message_id)
                if message is not None:
                    message["content"] = message.get("content", "") + event.delta
            case ToolCallStarted():
                self._start_call(event)
            case ToolCallArguments():
                call = self._find_call(event.tool_call_id)
                if call is not None:
                    call["function"]["arguments"] += event.delta
            case ToolCallResult():
                self._add_result(event)
            case EncryptedValue():
                self._encrypt(event)
            case MessagesSnapshot():
                self._replace(event.messages)
            case RunFinished():
                self._questions, self._answers = list(event.outcome.interrupts), []
            case _:
                pass

    def _open(self, identifier: str, role: str) -> None:
        if self._find(identifier) is None:
            self.messages.append({"id": identifier, "role": role, "content": ""})

    def _find(self, identifier: str | None) -> Message | None:
        return next((known for known in self.messages if known["id"] == identifier), None)

    def _find_call(self, identifier: str) -> dict[str, Any] | None:
        calls = (call for message in self.messages for call in message.get("toolCalls", ()))
        return next((call for call in calls if call["id"] == identifier), None)

    def _start_call(self, event: ToolCallStarted) -> None:
        parent = self._find(event.parent_message_id)
        if parent is None or parent["role"] != "assistant":
            identifier = event.tool_call_id if parent else event.parent_message_id
            parent = {"id": identifier or event.tool_call_id, "role": "assistant"}
            self.messages.append(parent)
        function = {"name": event.tool_call_name, "arguments": ""}
        call = {"id": event.tool_call_id, "type": "function", "function": function}
        parent.setdefault("toolCalls", []).append(call)

    def _add_result(self, event: ToolCallResult) -> None:
        """Place the result behind its call's message and the results already there."""
        place = len(self.messages)
        for index, message in enumerate(self.messages):
            if any(call["id"] == event.tool_call_id for call in message.get("toolCalls", ())):
                place = index + 1
                break
        while place < len(self.messages) and self.messages[place]["role"] == "tool":
            place += 1
        result = {"id": event.message_id, "role": "tool", "toolCallId": event.tool_call_id}
        self.messages.insert(place, result | {"content": event.content})

    def _encrypt(self, event: EncryptedValue) -> None:
        by_subtype = {"message": self._find, "tool-call": self._find_call}
        find = by_subtype.get(event.subtype)
        entity = None if find is None else find(event.entity_id)
        if entity is not None:
            entity["encryptedValue"] = event.encrypted_value

    def _replace(self, snapshot: list[Message]) -> None:
        """Take a snapshot: known messages in place, new ones behind, missing ones dropped.

        Reasoning stays if the snapshot holds none.
        """
        given = {
            message["id"]: message
            for message in snapshot
            if isinstance(message.get("id"), str) and isinstance(message.get("role"), str)
        }
        has_reasoning = any(message["role"] == "reasoning" for message in given.values())
        kept = [
            given.pop(message["id"], message)
            for message in self.messages
            if message["id"] in given or (message["role"] == "reasoning" and not has_reasoning)
        ]
        self.messages = [*kept, *given.values()]


def _entry(question: Question, text: str) -> dict[str, Any]:
    """Write an answer as AG-UI does; who says no has it not done."""
    entry: dict[str, Any] = {"interruptId": question.id, "status": "resolved"}
    word = text.strip().casefold()
    if word in _NO:
        return entry | {"status": "cancelled"}
    return entry if word in _YES else entry | {"payload": _value(text)}


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
