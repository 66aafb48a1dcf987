"""Histories: contract messages ↔ strands messages, and what a text model may be shown of a voice's.

Pure. A model provider refuses a history in which a tool call has no answer, an answer has no
call, or the roles do not alternate; clients and interrupted turns produce all three, so
``repaired`` mends them instead of refusing the turn.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast
from uuid import uuid4

from msgspec import DecodeError
from msgspec.json import decode
from strands.types.content import ContentBlock, Message, Messages
from strands.types.tools import ToolUse

from gateway.agents.citations import cited_text, noted_block, noted_citations
from gateway.agents.media_blocks import media_block, media_part, named_apart, with_words
from protocols.contract import inputs
from tools.plain import has_half_characters, plain_json, plain_text

_REDACTED = "redacted:"  # no signature begins so: they are base64
_UNANSWERED = "No answer was given to this call."


def to_strands(messages: Iterable[inputs.Message]) -> Messages:
    """Show a contract history to strands."""
    shown: Messages = []
    for message in messages:
        content = content_blocks(message.content)
        if content:
            shown.append({"role": message.role, "content": content, "tracking_id": message.id})
    return shown


def content_blocks(content: Iterable[inputs.Part]) -> list[ContentBlock]:
    """Show the parts of one message as strands content blocks."""
    return with_words([block for part in content for block in _block(part)])


def from_strands(messages: Sequence[Message]) -> tuple[inputs.Message, ...]:
    """Show a strands history as the contract does; identifiers are made where there are none."""
    shown = []
    for message in messages:
        parts = tuple(part for block in message["content"] for part in _parts(block))
        if parts:
            shown.append(inputs.Message(message_id(message), message["role"], parts))
    return tuple(shown)


def message_id(message: Message) -> str:
    """Tell a message's identifier, as strands names it; one is made where it has none."""
    return message.setdefault("tracking_id", str(uuid4()))


def mend_characters(message: Message) -> None:
    """Take halves of characters out of what a model wrote; providers refuse to be shown them."""
    if not has_half_characters(message["content"]):
        return
    for block in message["content"]:
        if "text" in block:
            block["text"] = plain_text(block["text"])
        elif "toolUse" in block:
            block["toolUse"]["input"] = plain_json(block["toolUse"]["input"])


def repaired(messages: Iterable[Message]) -> Messages:
    """Mend a history for a text model.

    Drops what voice agents record beside the conversation (pending and empty messages,
    placeholders of running tools), answers open tool calls as failed, drops answers without a
    call, joins neighbours of one role and numbers documents of one name.
    """
    mended: Messages = []
    open_calls: list[str] = []
    for message in _joined(_without_placeholders(list(messages))):
        content = _kept_blocks(message, open_calls)
        if not content:
            continue
        if open_calls and message["role"] == "user":
            answered = {b["toolResult"]["toolUseId"] for b in content if "toolResult" in b}
            missing = [_no_answer(call) for call in open_calls if call not in answered]
            content = missing + content
            open_calls = []
        elif open_calls:
            mended.append({"role": "user", "content": [_no_answer(call) for call in open_calls]})
            open_calls = []
        open_calls = [block["toolUse"]["toolUseId"] for block in content if "toolUse" in block]
        _append(mended, cast(Message, {**message, "content": content}))
    if open_calls:
        mended.append({"role": "user", "content": [_no_answer(call) for call in open_calls]})
    if mended and mended[0]["role"] == "assistant":
        mended.insert(0, {"role": "user", "content": [{"text": "(The assistant speaks first.)"}]})
    names: set[str] = set()
    return [_with_names_apart(message, names) for message in mended]


def _joined(messages: Iterable[Message]) -> Messages:
    """Join the calls of one turn, and the answers to them: clients may send each as a message.

    Answers come first in a message and once for each call, as providers want them.
    """
    joined: Messages = []
    for message in messages:
        content = list(message["content"])
        goes_on = bool(joined) and joined[-1]["role"] == message["role"]
        if goes_on and (message["role"] == "user" or any("toolUse" in block for block in content)):
            joined[-1]["content"].extend(content)
        else:
            joined.append(cast(Message, {**message, "content": content}))
    for message in joined:
        if message["role"] == "user":
            message["content"] = _answered_once(message["content"])
    return joined


def _answered_once(content: Sequence[ContentBlock]) -> list[ContentBlock]:
    """Put the answers first; of several to one call the last counts."""
    answers = {b["toolResult"]["toolUseId"]: b for b in content if "toolResult" in b}
    return [*answers.values(), *(block for block in content if "toolResult" not in block)]


def _with_names_apart(message: Message, names: set[str]) -> Message:
    return cast(Message, {**message, "content": named_apart(message["content"], names)})


def _append(mended: Messages, message: Message) -> None:
    """Add a message; joined to the last one if both are of one role, calls excepted."""
    last = mended[-1] if mended else None
    if last is None or last["role"] != message["role"]:
        mended.append(message)
        return
    # The list is ours: _kept_blocks made it. Copying it for each neighbour would be quadratic.
    last["content"].extend(message["content"])


def _kept_blocks(message: Message, open_calls: Sequence[str]) -> list[ContentBlock]:
    kept = []
    for block in message["content"]:
        if "toolResult" in block and block["toolResult"]["toolUseId"] not in open_calls:
            continue
        if "text" in block and not block["text"].strip():
            continue
        kept.append(_plain(block))
    return kept


def _plain(block: ContentBlock) -> ContentBlock:
    """Cited words as text: not every model takes such a block."""
    if "citationsContent" not in block:
        return block
    return cast(ContentBlock, noted_block(cited_text(block["citationsContent"])))


def _without_placeholders(messages: list[Message]) -> list[Message]:
    """Drop what strands.bidi records while something is going on (its message metadata tells)."""
    kept: list[Message] = []
    for message in messages:
        marks = _bidi_marks(message)
        if marks.get("kind") == "tool_dispatch":
            if kept and any("toolUse" in block for block in kept[-1]["content"]):
                kept.pop()
            continue
        if marks.get("status") not in ("pending", "incomplete"):
            kept.append(message)
    return kept


def _bidi_marks(message: Message) -> dict[str, Any]:
    metadata = cast(dict[str, Any], message.get("metadata") or {})
    marks: dict[str, Any] = metadata.get("custom", {}).get("bidi", {})
    return marks


def _no_answer(tool_use_id: str) -> ContentBlock:
    return {
        "toolResult": {
            "toolUseId": tool_use_id,
            "status": "error",
            "content": [{"text": _UNANSWERED}],
        }
    }


def _block(part: inputs.Part) -> list[ContentBlock]:
    match part:
        case inputs.CitedText():
            return [cast(ContentBlock, noted_block(part))] if part.text else []
        case inputs.Text():
            return [{"text": part.text}] if part.text else []
        case inputs.Media():
            return [media_block(part)]
        case inputs.ToolCall():
            return [{"toolUse": _tool_use(part)}]
        case inputs.ToolResult():
            return [_result_block(part)]
        case inputs.Reasoning():
            return _reasoning_block(part)


def _reasoning_block(part: inputs.Reasoning) -> list[ContentBlock]:
    """Only signed thinking can be shown to a provider again; the rest is left out."""
    if part.signature is None:
        return []
    if part.signature.startswith(_REDACTED):
        return _redacted_block(part.signature.removeprefix(_REDACTED))
    text: Any = {"text": part.text, "signature": part.signature}
    return [{"reasoningContent": {"reasoningText": text}}]


def redacted_signature(data: bytes) -> str:
    """Write down thinking that only the provider can read, as the signature of an empty text."""
    return f"{_REDACTED}{b64encode(data).decode()}"


def _redacted_block(encoded: str) -> list[ContentBlock]:
    try:
        data = b64decode(encoded, validate=True)
    except ValueError:
        return []  # not what we wrote: a provider would refuse all of the conversation
    return [{"reasoningContent": {"redactedContent": data}}] if data else []


def _tool_use(part: inputs.ToolCall) -> ToolUse:
    use: ToolUse = {"toolUseId": part.id, "name": part.name, "input": _arguments(part.arguments)}
    if part.signature is not None:
        use["reasoningSignature"] = part.signature
    return use


def _result_block(part: inputs.ToolResult) -> ContentBlock:
    content: Any = [block for each in part.content for block in _block(each)] or [{"text": ""}]
    status: Literal["error", "success"] = "error" if part.error else "success"
    return {"toolResult": {"toolUseId": part.tool_call_id, "status": status, "content": content}}


def _arguments(text: str) -> Any:
    """Arguments of an old call; what is no JSON object is kept as text, for the model to see."""
    try:
        value = decode(text) if text else {}
    except DecodeError:
        return _with_half_characters(text)
    return value if isinstance(value, dict) else {"arguments": value}


def _with_half_characters(text: str) -> dict[str, Any]:
    """Read what msgspec does not: escapes of halves of characters, as models write them."""
    try:
        value = plain_json(json.loads(text))
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"arguments": text}


def _parts(block: ContentBlock) -> list[inputs.Part]:
    if "text" in block:
        citations = noted_citations(block)
        text = block["text"]
        return [inputs.CitedText(text, citations) if citations else inputs.Text(text)]
    if "citationsContent" in block:
        return [cited_text(block["citationsContent"])]
    if "toolUse" in block:
        use = block["toolUse"]
        arguments, signature = json.dumps(use["input"]), use.get("reasoningSignature")
        return [inputs.ToolCall(use["toolUseId"], use["name"], arguments, signature)]
    if "toolResult" in block:
        return [_result_part(cast(dict[str, Any], block["toolResult"]))]
    if "reasoningContent" in block:
        return [_reasoning_part(cast(dict[str, Any], block["reasoningContent"]))]
    media = media_part(block)
    return [] if media is None else [media]


def _reasoning_part(thought: dict[str, Any]) -> inputs.Reasoning:
    if thought.get("redactedContent"):
        return inputs.Reasoning("", redacted_signature(thought["redactedContent"]))
    said = thought.get("reasoningText") or {}
    return inputs.Reasoning(said.get("text", ""), said.get("signature"))


def _result_part(result: dict[str, Any]) -> inputs.ToolResult:
    return inputs.ToolResult(
        result["toolUseId"], tool_content(result["content"]), result.get("status") == "error"
    )


def tool_content(content: Sequence[Any]) -> tuple[inputs.Content, ...]:
    """Show a tool's result blocks as the contract does; JSON values become JSON text."""
    shown: list[inputs.Content] = []
    for block in content:
        if "text" in block:
            shown.append(inputs.Text(block["text"]))
        elif "json" in block:
            shown.append(inputs.Text(json.dumps(block["json"], ensure_ascii=False)))
        else:
            media = media_part(block)
            shown += [] if media is None else [media]
    return tuple(shown)
