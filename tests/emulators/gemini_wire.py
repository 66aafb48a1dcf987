"""Gemini's ``streamGenerateContent`` as Server-Sent Events; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.emulators.text_answers import Answer

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


class GeminiWire:
    """``POST /v1beta/models/{model}:streamGenerateContent?alt=sse``."""

    content_type = "text/event-stream"

    def said(self, body: Mapping[str, Any]) -> str:
        """What the user said last."""
        return "".join(part.get("text", "") for part in body["contents"][-1]["parts"])

    def results(self, body: Mapping[str, Any]) -> list[str]:
        """What tools answered since."""
        parts = body["contents"][-1]["parts"]
        answered = [part["functionResponse"] for part in parts if "functionResponse" in part]
        return [_words(each["response"]) for each in answered]

    def frames(self, answer: Answer) -> Iterator[bytes]:
        """The pieces of an answer, as they are sent one by one."""
        for word in answer.words:
            yield _event([{"text": word}])
        for call in answer.calls:
            yield _event([{"functionCall": {"name": call.name, "args": dict(call.input)}}])
        usage = {"promptTokenCount": 20, "candidatesTokenCount": 10, "totalTokenCount": 30}
        yield _event([], finishReason=answer.stop or "STOP", usage=usage)

    def error(self, answer: Answer) -> Mapping[str, Any]:
        """The body of a refusal."""
        status = _STATUSES.get(answer.status, "INTERNAL")
        return {"error": {"code": answer.status, "message": answer.message, "status": status}}


def _words(response: Mapping[str, Any]) -> str:
    """The text of a tool's answer, wherever the library put it."""
    output = response.get("output", response)
    return (
        "".join(part.get("text", "") for part in output)
        if isinstance(output, list)
        else str(output)
    )


def _event(
    parts: list[dict[str, Any]], *, usage: Mapping[str, Any] | None = None, **more: Any
) -> bytes:
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
    counted = {} if usage is None else {"usageMetadata": usage}
    return f"data: {json.dumps({'candidates': [candidate], **counted})}\n\n".encode()
