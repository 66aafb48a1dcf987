"""Histories and contents as AG-UI messages have them. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from protocols.contract.inputs import (
    Citation,
    CitedText,
    Content,
    Media,
    Message,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    code_units,
)


class _Passage(msgspec.Struct, frozen=True):
    text: str


class _ShownCitation(msgspec.Struct, frozen=True, rename="camel"):
    text_offset: int
    title: str | None = None
    source: str | None = None
    source_content: tuple[_Passage, ...] = ()
    location: dict[str, Any] | None = None


CITATIONS = "citations"
"""The key of a message's metadata, and the form of its value, that ``ag_ui_strands`` has too."""


def ag_ui_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Show a history as AG-UI messages; tool results become messages of their own."""
    shown: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "assistant":
            shown += [*_thoughts(message), _assistant_message(message)]
        else:
            shown += _user_messages(message)
    return shown


def content_value(content: Sequence[Content]) -> str | list[dict[str, Any]]:
    """Show content as AG-UI does: a string where there is only text, otherwise a list of parts."""
    if all(isinstance(part, Text) for part in content):
        return "".join(part.text for part in content if isinstance(part, Text))
    return [_content_part(part) for part in content]


def citations_metadata(citations: Iterable[Citation]) -> dict[str, Any]:
    """Show citations as the metadata of the message that they belong to."""
    return {CITATIONS: [_citation_value(citation) for citation in citations]}


def citations_in(metadata: Any) -> tuple[Citation, ...]:
    """Read the citations that a client brings back; what is none is left out."""
    values = metadata.get(CITATIONS) if isinstance(metadata, dict) else None
    read = map(_citation, values if isinstance(values, list) else ())
    return tuple(citation for citation in read if citation is not None)


def _citation_value(citation: Citation) -> dict[str, Any]:
    members = {
        "title": citation.title,
        "source": citation.source,
        "location": citation.location,
        "sourceContent": [{"text": passage} for passage in citation.passages] or None,
        "textOffset": citation.text_offset,
    }
    return {name: value for name, value in members.items() if value is not None}


def _citation(value: Any) -> Citation | None:
    try:
        shown = msgspec.convert(value, _ShownCitation)
    except msgspec.ValidationError:
        return None
    passages = tuple(passage.text for passage in shown.source_content)
    return Citation(shown.text_offset, shown.title, shown.source, passages, shown.location)


def _assistant_message(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": message.id, "role": "assistant"}
    text = "".join(part.text for part in message.content if isinstance(part, Text))
    if text:
        shown["content"] = text
    calls = [part for part in message.content if isinstance(part, ToolCall)]
    if calls:
        shown["toolCalls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **({} if call.signature is None else {"encryptedValue": call.signature}),
            }
            for call in calls
        ]
    citations = list(_citations(message))
    if citations:
        shown["metadata"] = citations_metadata(citations)
    return shown


def _citations(message: Message) -> Iterable[Citation]:
    """Give what the whole text of a message rests on: its parts count from their own beginning."""
    before = 0
    for part in message.content:
        if isinstance(part, CitedText):
            for citation in part.citations:
                offset = before + citation.text_offset
                yield msgspec.structs.replace(citation, text_offset=offset)
        if isinstance(part, Text):
            before += code_units(part.text)


def _thoughts(message: Message) -> Iterable[dict[str, Any]]:
    """Show thinking that can be continued; the rest is of no use to anybody any more."""
    thoughts = [part for part in message.content if isinstance(part, Reasoning)]
    for number, thought in enumerate(thoughts, 1):
        if thought.signature is not None:
            yield {
                "id": f"{message.id}-reasoning-{number}",
                "role": "reasoning",
                "content": thought.text,
                "encryptedValue": thought.signature,
            }


def _user_messages(message: Message) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    said: list[Content] = []
    for part in message.content:
        if isinstance(part, ToolResult):
            shown.append(_tool_message(message.id, part))
        elif isinstance(part, Text | Media):
            said.append(part)
    if said:
        shown.append({"id": message.id, "role": "user", "content": content_value(said)})
    return shown


def _tool_message(message_id: str, result: ToolResult) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": f"{message_id}-{result.tool_call_id}",
        "role": "tool",
        "toolCallId": result.tool_call_id,
        "content": content_value(result.content),
    }
    if result.error:
        shown["error"] = "The tool failed."
    return shown


def _content_part(part: Part) -> dict[str, Any]:
    if isinstance(part, Media):
        source = {"type": "data", "value": _base64(part.data), "mimeType": part.mime_type}
        return {"type": part.kind, "source": source}
    return {"type": "text", "text": part.text if isinstance(part, Text) else ""}


def _base64(data: bytes) -> str:
    return msgspec.to_builtins(data)  # type: ignore[no-any-return]  # bytes become base64 text
