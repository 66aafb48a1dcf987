"""A reply as Converse and as ConverseStream send it; pure."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.emulators.converse.checks import reasoning_signature
from tests.emulators.converse.scripts import (
    Block,
    CitedText,
    Reasoning,
    RedactedReasoning,
    Reply,
    Text,
    ToolUse,
    Usage,
)

_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PIECE_CHARACTERS = 12

type Event = tuple[str, dict[str, Any]]


def stream_events(reply: Reply) -> Iterator[Event]:
    """The events of a stream, in order, with the padding that Bedrock adds to each."""
    for index, (name, body) in enumerate(_events(reply)):
        yield name, body | {"p": _PADDING[: 1 + index % len(_PADDING)]}


def whole_response(reply: Reply) -> dict[str, Any]:
    """The body of Converse."""
    content = [_whole_block(block) for block in reply.blocks]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _stop_reason(reply),
        "usage": _usage(reply.usage),
        "metrics": {"latencyMs": 42},
        **_trace(reply),
    }


def _events(reply: Reply) -> Iterator[Event]:
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(reply.blocks):
        here = {"contentBlockIndex": index}
        if isinstance(block, ToolUse):
            started = {"toolUse": {"toolUseId": _id(block), "name": block.name}}
            yield "contentBlockStart", here | {"start": started}
        for delta in _deltas(block):
            yield "contentBlockDelta", here | {"delta": delta}
        yield "contentBlockStop", here
    yield "messageStop", {"stopReason": _stop_reason(reply)}
    yield (
        "metadata",
        {"usage": _usage(reply.usage), "metrics": {"latencyMs": 42}, **_trace(reply)},
    )


def _deltas(block: Block) -> Iterator[dict[str, Any]]:  # noqa: C901 - one arm a kind of block
    match block:
        case Text(text):
            for word in _words(text):
                yield {"text": word}
        case Reasoning(text):
            for word in _words(text):
                yield {"reasoningContent": {"text": word}}
            yield {"reasoningContent": {"signature": reasoning_signature(text)}}
        case RedactedReasoning(data):
            yield {"reasoningContent": {"redactedContent": base64.b64encode(data).decode()}}
        case CitedText(text, citations):
            for word in _words(text):
                yield {"text": word}
            for citation in citations:
                yield {"citation": dict(citation)}
        case ToolUse(input=arguments):
            written = json.dumps(arguments)
            for start in range(0, len(written), _PIECE_CHARACTERS):
                yield {"toolUse": {"input": written[start : start + _PIECE_CHARACTERS]}}


def _whole_block(block: Block) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"text": text}
        case Reasoning(text):
            signed = {"text": text, "signature": reasoning_signature(text)}
            return {"reasoningContent": {"reasoningText": signed}}
        case RedactedReasoning(data):
            return {"reasoningContent": {"redactedContent": base64.b64encode(data).decode()}}
        case CitedText(text, citations):
            cited = {"content": [{"text": text}], "citations": [*map(dict, citations)]}
            return {"citationsContent": cited}
        case ToolUse(name=name, input=arguments):
            return {"toolUse": {"toolUseId": _id(block), "name": name, "input": dict(arguments)}}


def _words(text: str) -> Iterator[str]:
    """Words with the space before them, as tokens mostly are."""
    for index, word in enumerate(text.split(" ")):
        yield f" {word}" if index else word


def _id(tool_use: ToolUse) -> str:
    return tool_use.id or f"tooluse_{uuid4().hex[:22]}"


def _stop_reason(reply: Reply) -> str:
    calls = any(isinstance(block, ToolUse) for block in reply.blocks)
    return reply.stop_reason or ("tool_use" if calls else "end_turn")


def _usage(usage: Usage) -> dict[str, int]:
    counted = {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
    }
    if usage.cache_read_tokens or usage.cache_write_tokens:
        counted["cacheReadInputTokens"] = usage.cache_read_tokens
        counted["cacheWriteInputTokens"] = usage.cache_write_tokens
        counted["totalTokens"] += usage.cache_read_tokens + usage.cache_write_tokens
    return counted


def _trace(reply: Reply) -> dict[str, Any]:
    return {} if reply.trace is None else {"trace": {"guardrail": dict(reply.trace)}}
