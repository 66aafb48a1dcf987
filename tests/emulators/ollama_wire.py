"""Chats as an Ollama server streams them, one JSON object a line; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.emulators.text_answers import Answer


class OllamaWire:
    """``POST /api/chat`` with ``stream``."""

    content_type = "application/x-ndjson"

    def said(self, body: Mapping[str, Any]) -> str:
        """What the user said last."""
        words = [m["content"] for m in body["messages"] if m["role"] == "user" and "content" in m]
        return str(words[-1])

    def results(self, body: Mapping[str, Any]) -> list[str]:
        """What tools answered since."""
        last = body["messages"][-1]
        return [last["content"]] if last["role"] == "tool" else []

    def frames(self, answer: Answer) -> Iterator[bytes]:
        """The pieces of an answer, as they are sent one by one."""
        for word in answer.words:
            yield _line({"content": word})
        for call in answer.calls:
            function = {"name": call.name, "arguments": dict(call.input)}
            yield _line({"content": "", "tool_calls": [{"function": function}]})
        counts = {"total_duration": 1_000_000, "prompt_eval_count": 20, "eval_count": 10}
        yield _line({"content": ""}, done=True, done_reason=answer.stop or "stop", **counts)

    def error(self, answer: Answer) -> Mapping[str, Any]:
        """The body of a refusal."""
        return {"error": answer.message}


def _line(message: Mapping[str, Any], *, done: bool = False, **more: Any) -> bytes:
    said = {"model": "m", "message": {"role": "assistant", **message}, "done": done, **more}
    return json.dumps(said).encode() + b"\n"
