"""OpenAI's Responses as Server-Sent Events; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.emulators.openai_wire import OpenAiWire
from tests.emulators.text_answers import Answer, flat


class ResponsesWire:
    """``POST /v1/responses`` with ``stream``."""

    content_type = "text/event-stream"

    def said(self, body: Mapping[str, Any]) -> str:
        """What the user said last."""
        return flat(next(i["content"] for i in reversed(body["input"]) if i.get("role") == "user"))

    def results(self, body: Mapping[str, Any]) -> list[str]:
        """What tools answered since."""
        last = body["input"][-1]
        return [flat(last["output"])] if last.get("type") == "function_call_output" else []

    def frames(self, answer: Answer) -> Iterator[bytes]:
        """The pieces of an answer, as they are sent one by one."""
        response = {"id": "r", "object": "response", "model": "m", "output": []}
        yield _event("response.created", response={**response, "status": "in_progress"})
        for word in answer.words:
            yield _event("response.output_text.delta", item_id="i", delta=word)
        for call in answer.calls:
            item = {"type": "function_call", "id": "f", "call_id": call.id, "name": call.name}
            yield _event("response.output_item.added", item={**item, "arguments": ""})
            written = json.dumps(call.input)
            yield _event("response.function_call_arguments.done", item_id="f", arguments=written)
        usage = {
            "input_tokens": 20,
            "input_tokens_details": {"cached_tokens": 8},
            "output_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 30,
        }
        ended = {**response, "status": "completed", "usage": usage}
        yield _event("response.completed", response=ended)

    def error(self, answer: Answer) -> Mapping[str, Any]:
        """The body of a refusal."""
        return OpenAiWire().error(answer)


def _event(name: str, **body: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **body})}\n\n".encode()
