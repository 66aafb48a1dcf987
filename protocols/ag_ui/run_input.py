"""``RunAgentInput`` → ``UserTurn`` (pure).

Unknown members are ignored, known ones of a wrong shape are refused with the path of the fault
(specification, processing). The messages are the whole conversation: the model is shown exactly
them. The last message, if it is a user's, is the question; system and developer messages and the
context become instructions.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ag_ui.core import (
    AssistantMessage,
    Context,
    DeveloperMessage,
    ReasoningMessage,
    ResumeEntry,
    RunAgentInput,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from msgspec import UNSET, Struct
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from protocols.ag_ui.media import content_of
from protocols.ag_ui_history import citations_in
from protocols.contract.errors import Detail, InvalidInput, TooLarge
from protocols.contract.inputs import (
    CitedText,
    ClientTool,
    Content,
    InterruptAnswer,
    Message,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    UserTurn,
)

_SUPPORTED_MAJOR = 1
_MOST_DETAILS = 10
_RESUME = TypeAdapter(list[ResumeEntry])


class RunInput(Struct, frozen=True):
    """A run as the client asked for it: its identifiers, echoed exactly, and what it says."""

    thread_id: str
    run_id: str
    said: UserTurn
    messages: tuple[dict[str, Any], ...]


class RunLimits(Struct, frozen=True, kw_only=True):
    """How much a run may bring; each is a setting."""

    max_text_bytes: int = 1_000_000
    max_messages: int = 2_000
    max_client_tools: int = 128


DEFAULT_LIMITS = RunLimits()


def parse(document: Any, limits: RunLimits = DEFAULT_LIMITS) -> RunInput:
    """Read a run's input.

    Raises:
        InvalidInput: with the path of each fault.
        TooLarge: more was brought than may be.
    """
    # Before the model: it would read all of them first.
    _check_count(document, "messages", limits.max_messages)
    _check_count(document, "tools", limits.max_client_tools)
    try:
        run = RunAgentInput.model_validate(document)
    except ValidationError as error:
        raise InvalidInput("This is no valid AG-UI RunAgentInput.", _details(error)) from None
    _check_version(run.protocol_version)
    _check_lengths(run.messages, limits.max_text_bytes)
    # What subagents did is shown to the client only: the model was told their results.
    own = [each for each in run.messages if getattr(each, "subagent_run_id", None) is None]
    history, question = _split(own)
    return RunInput(
        run.thread_id,
        run.run_id,
        UserTurn(
            content=question,
            history=history,
            instructions=tuple(_instructions(own, run.context or ())),
            client_tools=tuple(
                ClientTool(tool.name, tool.description or "", tool.parameters)
                for tool in run.tools or ()
            ),
            answers=answers_of(run.resume or ()),
            state=document.get("state", UNSET),
        ),
        tuple(_declared(message) for message in run.messages),
    )


def answers_of(entries: Sequence[ResumeEntry]) -> tuple[InterruptAnswer, ...]:
    """Read the answers to interrupts; of two to the same one the last counts."""
    return tuple(
        InterruptAnswer(entry.interrupt_id, entry.status, entry.payload) for entry in entries
    )


def _declared(value: Any) -> Any:
    """Write a message down again with the members of the protocol only, and none of them null."""
    if isinstance(value, BaseModel):
        members = {
            field.alias or name: getattr(value, name)
            for name, field in type(value).model_fields.items()
        }
        return {name: _declared(each) for name, each in members.items() if each is not None}
    if isinstance(value, list):
        return [_declared(each) for each in value]
    return value


def read_answers(entries: list[Any]) -> tuple[InterruptAnswer, ...]:
    """Read a list of resume entries, as a prompt may bring it.

    Raises:
        InvalidInput: with the path of each fault.
    """
    try:
        return answers_of(_RESUME.validate_python(entries))
    except ValidationError as error:
        details = [
            Detail(detail.path.replace("$", "$.resume", 1), detail.problem)
            for detail in _details(error)
        ]
        raise InvalidInput("The entries of resume are not as AG-UI has them.", details) from None


def read_content(parts: Sequence[Any]) -> tuple[Content, ...]:
    """Read a list of content parts, as a prompt may hold it.

    Raises:
        InvalidInput: with the path of each fault.
    """
    try:
        message = UserMessage.model_validate({"id": "", "role": "user", "content": list(parts)})
    except ValidationError as error:
        details = [
            Detail(detail.path.replace("$.content", "$.prompt", 1), detail.problem)
            for detail in _details(error)
        ]
        raise InvalidInput("The parts of the prompt are not as AG-UI has them.", details) from None
    content = tuple(_content(message.content))
    if not content:
        raise InvalidInput("The prompt holds nothing that can be read. Add text.")
    return content


def _check_version(version: str | None) -> None:
    """Only a major version that is not ours is refused (specification, versioning)."""
    major = (version or "").partition(".")[0]
    if major.isdecimal() and int(major) > _SUPPORTED_MAJOR:
        fault = Detail("$.protocolVersion", "major version above 1")
        raise InvalidInput("This gateway speaks AG-UI 1.0.", [fault])


def _check_count(document: Any, member: str, most: int) -> None:
    listed = document.get(member)
    if isinstance(listed, list) and len(listed) > most:
        setting = {"messages": "GATEWAY_MAX_MESSAGES", "tools": "GATEWAY_MAX_CLIENT_TOOLS"}[member]
        fault = Detail(f"$.{member}", f"{len(listed)} of them")
        raise TooLarge(f"A run may bring {most} {member} at most ({setting}).", [fault])


def _check_lengths(messages: Sequence[Any], max_text_bytes: int) -> None:
    for index, message in enumerate(messages):
        content = getattr(message, "content", None)
        texts = [content] if isinstance(content, str) else []
        if isinstance(content, list):
            texts = [part.text for part in content if part.type == "text"]
        if sum(len(text.encode()) for text in texts) > max_text_bytes:
            fault = Detail(f"$.messages[{index}].content", "too long")
            raise TooLarge(
                f"The text of a message is longer than {max_text_bytes} bytes "
                "(GATEWAY_MAX_TEXT_BYTES). Send less.",
                [fault],
            )


def _details(error: ValidationError) -> list[Detail]:
    faults = [
        fault
        for fault in error.errors(include_url=False)
        # That a list of parts is no string either is of no use to anybody.
        if not (fault["loc"][-1:] == ("str",) and isinstance(fault["input"], list))
    ]
    return [Detail(_path(fault["loc"]), _problem(fault)) for fault in faults[:_MOST_DETAILS]]


def _problem(fault: ErrorDetails) -> str:
    """Say what is wrong without what was sent: pydantic repeats a tag that nobody knows."""
    if fault["type"] == "union_tag_invalid":
        return f"must be one of {fault['ctx']['expected_tags']}"
    return fault["msg"]


def _path(places: Iterable[int | str]) -> str:
    """Write a place as a JSON path; names of union members that pydantic puts in are left out."""
    written, is_tag = "$", False
    for place in places:
        if isinstance(place, int):
            written += f"[{place}]"
        elif place.startswith("list["):
            is_tag = True  # the place after the index names the kind of part
        elif is_tag:
            is_tag = False
        elif not place[:1].isupper() and place not in _UNION_NAMES:
            written += f".{place}"
    return written


_UNION_NAMES = {
    "developer", "system", "assistant", "user", "tool", "activity", "reasoning",
    "str", "image", "audio", "video", "document", "data", "url", "file",
}  # fmt: skip


def _split(messages: Sequence[Any]) -> tuple[tuple[Message, ...], tuple[Content, ...]]:
    """Part the history from the question: the last message, if a user said it."""
    question: tuple[Content, ...] = ()
    earlier = list(messages)
    if earlier and isinstance(earlier[-1], UserMessage):
        question = tuple(_content(earlier.pop().content))
    history: list[Message] = []
    for message in earlier:
        shown = _message(message)
        if shown is not None:
            history.append(shown)
    return tuple(history), question


def _message(message: Any) -> Message | None:
    """Read one earlier message; instructions and activities are no part of the history."""
    parts: tuple[Part, ...]
    match message:
        case UserMessage():
            return Message(message.id, "user", tuple(_content(message.content)))
        case AssistantMessage():
            calls = tuple(
                ToolCall(call.id, call.function.name, call.function.arguments, call.encrypted_value)
                for call in message.tool_calls or ()
            )
            parts = (*_words(message), *calls)
            return Message(message.id, "assistant", parts)
        case ToolMessage():
            content = tuple(_content(message.content))
            if message.error:
                content = (*content, Text(f"Error: {message.error}"))
            result = ToolResult(message.tool_call_id, content, error=bool(message.error))
            return Message(message.id, "user", (result,))
        case ReasoningMessage():
            parts = (Reasoning(message.content, message.encrypted_value),)
            return Message(message.id, "assistant", parts)
        case _:
            return None


def _words(message: AssistantMessage) -> Iterable[Text]:
    if message.content:
        citations = citations_in(message.metadata)
        yield CitedText(message.content, citations) if citations else Text(message.content)


def _instructions(messages: Sequence[Any], context: Sequence[Context]) -> Iterable[str]:
    for message in messages:
        if isinstance(message, SystemMessage | DeveloperMessage):
            yield message.content
    for entry in context:
        yield f"{entry.description}: {entry.value}"


def _content(content: str | list[Any]) -> Iterable[Content]:
    """Read what can be read; a part that cannot must not fail the run, and is named instead."""
    if isinstance(content, str):
        yield Text(content)
        return
    for part in content:
        if part.type == "text":
            yield Text(part.text)
        else:
            yield content_of(part)
