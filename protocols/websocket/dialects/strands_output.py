"""What the clients of AWS's Strands ``BidiAgent`` sample are told, from native messages. Pure.

The old vocabulary of ``strands.experimental.bidi``. A transcript comes in sentences (``is_final``
false) and once more as a whole (``is_final`` true, with ``current_transcript``), as Nova Sonic's
does there; what the user said comes as a whole only.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from protocols.websocket.dialects.sentences import Sentences
from protocols.websocket.dialects.vocabulary import Document, audio_pieces, text_of

_READY = "The session is ready. Speak, or send text_input."
_DRAINING = "The server stops soon: the answer is heard to its end, nothing new is taken."
_LONGEST_TRANSCRIPT = 4_000  # characters: it stands in a final message three times

_CLOSE_REASONS = {
    "stopped": "client_request",
    "ended": "complete",
    "failed": "error",
    "draining": "complete",
}


class _Transcript:
    """What is being said in one message."""

    def __init__(self, role: Literal["user", "assistant"]) -> None:
        self.role = role
        self._sentences = Sentences()
        self._whole = ""
        self._sent = 0

    def add(self, delta: str) -> list[Document]:
        if self.role == "user":
            self._whole += delta
            return self._end() if len(self._whole) > _LONGEST_TRANSCRIPT else []
        return [event for piece in self._sentences.add(delta) for event in self._piece(piece)]

    def spoken(self) -> list[Document]:
        return self._piece(self._sentences.spoken())

    def end(self) -> list[Document]:
        return [*self._piece(self._sentences.rest()), *self._end()]

    def _piece(self, text: str) -> list[Document]:
        if not text:
            return []
        written = self._end() if len(self._whole) + len(text) > _LONGEST_TRANSCRIPT else []
        self._whole += text
        return [*written, self._event(text, is_final=False)]

    def _end(self) -> list[Document]:
        whole, self._whole = self._whole, ""
        return [self._event(whole, is_final=True)] if whole else []

    def _event(self, text: str, *, is_final: bool) -> Document:
        return {
            "type": "bidi_transcript_stream",
            "delta": {"text": text},
            "text": text,
            "role": self.role,
            "is_final": is_final,
            "current_transcript": text if is_final else None,
        }


class StrandsWriter:
    """Writes to one connection."""

    def __init__(self) -> None:
        self._connection_id = ""
        self._sample_rate = 0
        self._response_id = ""
        self._transcripts: dict[str, _Transcript] = {}
        self._calls: dict[str, tuple[str, str]] = {}  # id → name, arguments so far

    def say(self, document: Document) -> list[Document]:
        """Translate a native message; there are no words for what subagents do."""
        write = _WORDS.get(document["type"])
        return [] if write is None or "subagentRunId" in document else write(self, document)

    def play(self, pcm: bytes) -> list[Document]:
        """Write sound, behind the words that it says."""
        written = [event for said in self._transcripts.values() for event in said.spoken()]
        for piece in audio_pieces(pcm):
            audio = {"type": "bidi_audio_stream", "audio": piece, "format": "pcm"}
            written.append(audio | {"sample_rate": self._sample_rate, "channels": 1})
        return written

    def _greet(self, document: Document) -> list[Document]:
        self._connection_id = document["sessionId"]
        self._sample_rate = document["outputSampleRate"]
        connection = {"connection_id": self._connection_id, "model": document["model"]}
        return [
            {"type": "system", "message": _READY},
            {"type": "bidi_connection_start", **connection},
        ]

    def _start_response(self, document: Document) -> list[Document]:
        self._response_id = document["runId"]
        self._calls.clear()
        return [{"type": "bidi_response_start", "response_id": self._response_id}]

    def _finish_response(self, document: Document) -> list[Document]:
        outcome = document["outcome"]
        reason = "interrupted" if outcome["type"] == "cancelled" else "complete"
        if outcome.get("pendingToolCallIds"):
            reason = "tool_use"
        return [*_usage(document), self._complete(reason)]

    def _fail_response(self, document: Document) -> list[Document]:
        error = {"type": "bidi_error", "message": document["message"], "code": document["code"]}
        return [error | {"details": None}, *_usage(document), self._complete("error")]

    def _complete(self, reason: str) -> Document:
        complete = {"type": "bidi_response_complete", "response_id": self._response_id}
        return complete | {"stop_reason": reason}

    def _start_text(self, document: Document) -> list[Document]:
        self._transcripts[document["messageId"]] = _Transcript(document["role"])
        return []

    def _add_text(self, document: Document) -> list[Document]:
        said = self._transcripts.get(document["messageId"])
        return [] if said is None else said.add(document["delta"])

    def _end_text(self, document: Document) -> list[Document]:
        said = self._transcripts.pop(document["messageId"], None)
        return [] if said is None else said.end()

    def _start_call(self, document: Document) -> list[Document]:
        self._calls[document["toolCallId"]] = (document["toolCallName"], "")
        return []

    def _add_arguments(self, document: Document) -> list[Document]:
        name, arguments = self._calls.get(document["toolCallId"], ("", ""))
        self._calls[document["toolCallId"]] = (name, arguments + document["delta"])
        return []

    def _use_tool(self, document: Document) -> list[Document]:
        identifier = document["toolCallId"]
        name, arguments = self._calls.pop(identifier, ("", ""))
        use = {"toolUseId": identifier, "name": name, "input": _json_or_text(arguments)}
        delta = {"toolUse": {"input": arguments}}
        return [{"type": "tool_use_stream", "delta": delta, "current_tool_use": use}]

    def _give_result(self, document: Document) -> list[Document]:
        failed = document.get("metadata", {}).get("gateway", {}).get("error", False)
        result = {
            "toolUseId": document["toolCallId"],
            "status": "error" if failed else "success",
            "content": [{"text": text_of(document["content"])}],
        }
        return [{"type": "tool_result", "tool_result": result}]

    def _interrupt(self, document: Document) -> list[Document]:
        reason = "error" if document["reason"] == "failed" else "user_speech"
        return [{"type": "bidi_interruption", "reason": reason}]

    def _restart(self, document: Document) -> list[Document]:
        restart = {"type": "bidi_connection_restart", "connection_id": self._connection_id}
        return [restart | {"reason": "timeout"}]

    def _warn(self, document: Document) -> list[Document]:
        return [{"type": "system", "message": _DRAINING}]

    def _refuse(self, document: Document) -> list[Document]:
        return [{"type": "error", "message": document["error"], "code": document["code"]}]

    def _close(self, document: Document) -> list[Document]:
        if not self._connection_id:
            return []
        close = {"type": "bidi_connection_close", "connection_id": self._connection_id}
        return [close | {"reason": _CLOSE_REASONS[document["reason"]]}]


_WORDS: Mapping[str, Callable[[StrandsWriter, Document], list[Document]]] = {
    # The table of this class, hence its private methods.
    "gateway.session": StrandsWriter._greet,
    "RUN_STARTED": StrandsWriter._start_response,
    "RUN_FINISHED": StrandsWriter._finish_response,
    "RUN_ERROR": StrandsWriter._fail_response,
    "TEXT_MESSAGE_START": StrandsWriter._start_text,
    "TEXT_MESSAGE_CONTENT": StrandsWriter._add_text,
    "TEXT_MESSAGE_END": StrandsWriter._end_text,
    "TOOL_CALL_START": StrandsWriter._start_call,
    "TOOL_CALL_ARGS": StrandsWriter._add_arguments,
    "TOOL_CALL_END": StrandsWriter._use_tool,
    "TOOL_CALL_RESULT": StrandsWriter._give_result,
    "gateway.audio.flush": StrandsWriter._interrupt,
    "gateway.reconnecting": StrandsWriter._restart,
    "gateway.draining": StrandsWriter._warn,
    "gateway.error": StrandsWriter._refuse,
    "gateway.end": StrandsWriter._close,
}


def _usage(document: Document) -> list[Document]:
    names = ("inputTokens", "outputTokens", "totalTokens")
    return [
        {"type": "bidi_usage", **{name: spent.get(name, 0) for name in names}}
        for spent in document.get("usage", ())
    ]


def _json_or_text(arguments: str) -> Any:
    try:
        return msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        return arguments
