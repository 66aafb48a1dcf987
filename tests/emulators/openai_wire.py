"""Chat Completions as OpenAI and all compatible servers stream them; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.emulators.text_answers import Answer, flat

_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


class OpenAiWire:
    """``POST /v1/chat/completions`` with ``stream``."""

    content_type = "text/event-stream"

    def said(self, body: Mapping[str, Any]) -> str:
        """What the user said last."""
        return flat(next(m["content"] for m in reversed(body["messages"]) if m["role"] == "user"))

    def results(self, body: Mapping[str, Any]) -> list[str]:
        """What tools answered since."""
        last = body["messages"][-1]
        return [flat(last["content"])] if last["role"] == "tool" else []

    def frames(self, answer: Answer) -> Iterator[bytes]:
        """The pieces of an answer, as they are sent one by one."""
        yield _chunk({"role": "assistant", "content": ""})
        for word in answer.words:
            yield _chunk({"content": word})
        for index, call in enumerate(answer.calls):
            function = {"name": call.name, "arguments": ""}
            begun = {"index": index, "id": call.id, "type": "function", "function": function}
            yield _chunk({"tool_calls": [begun]})
            arguments = {"arguments": json.dumps(call.input)}
            yield _chunk({"tool_calls": [{"index": index, "function": arguments}]})
        yield _chunk({}, answer.stop or ("tool_calls" if answer.calls else "stop"))
        usage = {
            "prompt_tokens": 20,
            "completion_tokens": 10,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 8},
        }
        yield _event({**_HEAD, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def error(self, answer: Answer) -> Mapping[str, Any]:
        """The body of a refusal."""
        code = _CODES.get(answer.status)
        return {"error": {"message": answer.message, "type": "error", "code": code}}


_HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def _chunk(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    return _event({**_HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _event(chunk: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()
