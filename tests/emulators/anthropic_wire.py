"""Messages as Anthropic streams them; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.emulators.text_answers import Answer, flat

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicWire:
    """``POST /v1/messages`` with ``stream``."""

    content_type = "text/event-stream"

    def said(self, body: Mapping[str, Any]) -> str:
        """What the user said last."""
        return flat(body["messages"][-1]["content"])

    def results(self, body: Mapping[str, Any]) -> list[str]:
        """What tools answered since."""
        content = body["messages"][-1]["content"]
        return [flat(part["content"]) for part in content if part["type"] == "tool_result"]

    def frames(self, answer: Answer) -> Iterator[bytes]:
        """The pieces of an answer, as they are sent one by one."""
        counted = {"input_tokens": 20, "output_tokens": 1}
        cached = {"cache_read_input_tokens": 8, "cache_creation_input_tokens": 4}
        message: dict[str, Any] = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counted | cached,
        }
        yield _event("message_start", message=message)
        if answer.words:
            yield from _words(answer)
        for index, call in enumerate(answer.calls, 1 if answer.words else 0):
            use = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            yield _event("content_block_start", index=index, content_block=use)
            pieces = {"type": "input_json_delta", "partial_json": json.dumps(call.input)}
            yield _event("content_block_delta", index=index, delta=pieces)
            yield _event("content_block_stop", index=index)
        stop = answer.stop or ("tool_use" if answer.calls else "end_turn")
        delta = {"stop_reason": stop, "stop_sequence": None}
        yield _event("message_delta", delta=delta, usage={"output_tokens": 10})
        yield _event("message_stop")

    def error(self, answer: Answer) -> Mapping[str, Any]:
        """The body of a refusal."""
        kind = _TYPES.get(answer.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": answer.message}}


def _words(answer: Answer) -> Iterator[bytes]:
    yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in answer.words:
        yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
    yield _event("content_block_stop", index=0)


def _event(name: str, **body: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **body})}\n\n".encode()
