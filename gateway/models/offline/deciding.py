"""What the offline model does with a conversation: the words it says and the tools it calls.

Pure: the same conversation and tools always give the same reply. After the results of tools it
answers in words, so that a call is never repeated for ever.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.models.offline.answers import answer
from gateway.models.offline.arguments import fill
from gateway.models.offline.choosing import Choice, choose
from gateway.models.offline.conversation import Conversation
from gateway.models.offline.language import joined
from gateway.models.offline.memory import (
    Fact,
    asked,
    background_facts,
    name_of,
    noted,
    recall,
    told,
)
from gateway.models.offline.parameters import Parameter
from gateway.models.offline.request import Request
from gateway.models.offline.small_talk import (
    abilities,
    about_myself,
    count,
    echo,
    is_call_for_help,
    not_understood,
    repeated,
    small_talk,
)
from gateway.models.offline.spoken_arithmetic import said_of
from gateway.models.offline.toolbox import Tool

MAXIMUM_CLAUSES = 6

_CLAUSE = re.compile(
    r"(?<=[.!?;])\s+|\n+|(?:,\s+|(?:\s*,)?\s+(?:and(?:\s+then|\s+also)?|then|also)\s+)(?="
    r"(?:what|what's|who|where|when|how|which|tell|convert|calculate|compute|make|note|roll|show|"
    r"list|count|say|remind|please|give|set|turn|send|search|translate|delete|multiply|divide|"
    r"subtract|add|remember)\b)",
    re.IGNORECASE,
)
_ASKED_BEFORE = re.compile(r"What (?P<what>[^?]{1,200}) should I use for (?P<tool>[^?]{1,100})\?$")
_ECHO_FIRST = re.compile(r"\b(?:repeat|echo|reply|respond|answer)\b", re.IGNORECASE)
_ANSWERS = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_PLEASE = re.compile(r"[\s,]+please$|^please[\s,]+", re.IGNORECASE)
_SEVERAL = re.compile(r"\s+and\s+", re.IGNORECASE)


class Call(NamedTuple):
    """A tool to be called."""

    tool: str
    arguments: Mapping[str, Any]


class Decision(NamedTuple):
    """What is said, and then called."""

    text: str
    calls: tuple[Call, ...] = ()


def decide(
    conversation: Conversation, tools: Sequence[Tool], *, must_call: bool = False
) -> Decision:
    """Answer the last message of a conversation; ``must_call``: by a tool, if one can be filled."""
    return _Mind(conversation, tools).decide(must_call=must_call)


class _Mind:
    """One decision: the conversation, the tools, and what is remembered (read when needed)."""

    def __init__(self, conversation: Conversation, tools: Sequence[Tool]) -> None:
        self._conversation = conversation
        self._tools = tools

    def decide(self, *, must_call: bool) -> Decision:
        said = self._conversation
        if must_call and (choice := choose(Request(said.request), self._tools, at_least=None)):
            return _called(choice)
        understood = self._understand_all(said.request) if said.request else None
        if understood is None:
            understood = self._answer_to_question(said.request)
        if understood is None and said.outcomes:
            return Decision(" ".join(answer(outcome) for outcome in said.outcomes))
        if said.media:
            return self._with_media(understood)
        return understood or self._not_understood()

    def _understand_all(self, text: str) -> Decision | None:
        """Understand a request that may ask for several things."""
        parts = [part.strip() for part in _CLAUSE.split(text, MAXIMUM_CLAUSES) if part.strip()]
        if len(parts) < 2:
            return self._understand(text)
        decisions = [self._understand(part) for part in parts]
        if not all(decisions) and (whole := self._understand(text)) is not None:
            return whole
        understood = [decision for decision in decisions if decision is not None]
        return _together(understood) if understood else None

    def _understand(self, text: str) -> Decision | None:
        for says in (self._says_without_tools, self._uses_tool, self._says_after_tools):
            if (decision := says(text)) is not None:
                return decision
        return None

    def _says_without_tools(self, text: str) -> Decision | None:
        if any(tool.is_named_in(text) for tool in self._tools):
            return None
        said = (
            count(text)
            or about_myself(text)
            or (self._abilities() if is_call_for_help(text) else None)
            or small_talk(text, self._name(text))
            or (echo(text) if _ECHO_FIRST.search(text) else None)
            or noted(told(text))
            or self._recalled(text)
        )
        return Decision(said) if said else None

    def _uses_tool(self, text: str) -> Decision | None:
        choice = choose(Request(text), self._tools)
        return None if choice is None else _called(choice)

    def _says_after_tools(self, text: str) -> Decision | None:
        said = repeated(text, self._conversation.last_answer, self._last_request()) or echo(text)
        if said is None and (question := asked(text)) is not None:
            said = f"You have not told me {question.subject} yet."
        return Decision(said) if said else None

    def _answer_to_question(self, text: str) -> Decision | None:
        """Take a text as what this model has just asked for."""
        before = _ASKED_BEFORE.search(self._conversation.last_answer)
        tool = next((one for one in self._tools if before and before["tool"] == one.spoken), None)
        if tool is None or not text:
            return None
        request = Request(self._last_request())
        filled = fill(tool.schema, request, frozenset(tool.weights), tool.name_stems)
        arguments = dict(filled.arguments)
        missing = []
        for parameter, part in zip(filled.missing, _parts(text, len(filled.missing)), strict=True):
            value = _value_of(parameter, tool, part) if part else None
            if value is None:
                missing.append(parameter)
            else:
                arguments[parameter.name] = value
        return _asking(tool, missing) if missing else Decision("", (Call(tool.name, arguments),))

    def _with_media(self, understood: Decision | None) -> Decision:
        seen = joined(self._conversation.media)
        honest = f"I cannot see the {seen} you sent: I am an offline demonstration model."
        if understood is None:
            return Decision(honest)
        return Decision(f"{honest} {understood.text}".strip(), understood.calls)

    def _not_understood(self) -> Decision:
        request = Request(self._conversation.request)
        if not request.text.strip("… "):
            return Decision("I did not get any words to answer.")
        if request.arithmetic is not None and request.arithmetic.certain:
            sum_said = said_of(request.arithmetic.expression)
            return Decision(f"I have no tool here that works out {sum_said}.")
        return Decision(not_understood([tool.spoken for tool in self._tools]))

    def _abilities(self) -> str:
        return abilities([tool.spoken for tool in self._tools])

    def _last_request(self) -> str:
        return next(reversed(self._conversation.earlier_requests), "")

    def _facts(self) -> list[Fact]:
        said = self._conversation
        texts = [*said.earlier_requests, said.request]
        return background_facts(said.background) + [fact for text in texts for fact in told(text)]

    def _name(self, text: str) -> str:
        return name_of(self._facts()) if len(text) <= 60 else ""

    def _recalled(self, text: str) -> str | None:
        question = asked(text)
        return recall(self._facts(), question) if question else None


def _called(choice: Choice) -> Decision:
    if choice.filled.missing:
        return _asking(choice.tool, choice.filled.missing)
    return Decision("", tuple(_calls(choice)))


def _calls(choice: Choice) -> Iterator[Call]:
    """One call, or one for each of several places."""
    arguments = choice.filled.arguments
    for parameter in choice.tool.parameters:
        value = arguments.get(parameter.name)
        if parameter.is_place() and isinstance(value, str) and _SEVERAL.search(value):
            for one in _SEVERAL.split(value):
                yield Call(choice.tool.name, {**arguments, parameter.name: one})
            return
    yield Call(choice.tool.name, arguments)


def _asking(tool: Tool, missing: Sequence[Parameter]) -> Decision:
    wanted = joined(parameter.spoken for parameter in missing)
    return Decision(f"What {wanted} should I use for {tool.spoken}?")


def _parts(text: str, count: int) -> list[str]:
    """Divide an answer among the things asked for; what was left out is empty."""
    said = _ANSWERS.split(text, count - 1) if count > 1 else [text]
    return [*said, *[""] * count][:count]


def _value_of(parameter: Parameter, tool: Tool, text: str) -> Any:
    """Read the value of one parameter from the answer to a question for it."""
    schema = {**tool.schema, "properties": {parameter.name: parameter.schema}}
    schema["required"] = [parameter.name]
    said = _PLEASE.sub("", text.strip(" .!?"))
    if parameter.kind == "string" and not (parameter.choices or parameter.is_date()):
        filled = fill(schema, Request(said)) if parameter.is_place() else None
        return filled.arguments.get(parameter.name, said) if filled else said
    return fill(schema, Request(said)).arguments.get(parameter.name)


def _together(decisions: Sequence[Decision]) -> Decision:
    calls: list[Call] = []
    for call in (call for decision in decisions for call in decision.calls):
        if call not in calls:
            calls.append(call)
    text = " ".join(decision.text for decision in decisions if decision.text)
    return Decision(text, tuple(calls))
