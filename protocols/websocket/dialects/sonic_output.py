"""What the clients of AWS's native Nova Sonic sample are told, from native messages. Pure.

The events are those of Bedrock's bidirectional stream, each with a ``timestamp``. As in Nova Sonic,
what the assistant says comes in sentences ahead of their sound (stage ``SPECULATIVE``) and again
when it was spoken (``FINAL``); some clients show the one, some the other. Contents do not overlap:
sound that goes on behind new words is another content.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from protocols.websocket.dialects.sentences import Sentences
from protocols.websocket.dialects.vocabulary import Document, audio_pieces, text_of

_TEXT = {"mediaType": "text/plain"}
_INTERRUPTED = '{ "interrupted" : true }'
_LONGEST_CONTENT = 4_000  # characters of text in one event


class _Speech:
    """What the assistant is saying in one message."""

    def __init__(self) -> None:
        self.sentences = Sentences()
        self.whole = ""


class SonicWriter:
    """Writes to one connection.

    Args:
        prompt_name: what the client calls its prompt, at the time.
        new_id: makes identifiers.
        now_milliseconds: Unix time.
    """

    def __init__(
        self,
        prompt_name: Callable[[], str],
        new_id: Callable[[], str],
        now_milliseconds: Callable[[], int],
    ) -> None:
        self._prompt_name = prompt_name
        self._new_id = new_id
        self._now_milliseconds = now_milliseconds
        self._session_id = ""
        self._completion_id = ""
        self._sample_rate = 0
        self._totals = {"input": 0, "output": 0}
        self._heard: dict[str, str] = {}
        self._speech: dict[str, _Speech] = {}
        self._planned: list[str] = []  # SPECULATIVE texts that wait for the next sound
        self._spoken: list[str] = []  # FINAL texts that wait for the end of theirs
        self._audio: str | None = None  # contentId
        self._calls: dict[str, tuple[str, str]] = {}  # id → name, arguments so far

    def say(self, document: Document) -> list[Document]:
        """Translate a native message; there are no words for what subagents do."""
        write = _WORDS.get(document["type"])
        return [] if write is None or "subagentRunId" in document else write(self, document)

    def play(self, pcm: bytes) -> list[Document]:
        """Write sound, behind the words that it says."""
        written: list[Document] = []
        for speech in self._speech.values():
            written += self._plan(speech, speech.sentences.spoken())
        if self._planned:
            written += [*self._end_audio("PARTIAL_TURN"), *self._plans()]
        if self._audio is None:
            written += self._start_audio()
        for piece in audio_pieces(pcm):
            written.append(self._event("audioOutput", contentId=self._audio, content=piece))
        return written

    def _greet(self, document: Document) -> list[Document]:
        self._session_id = document["sessionId"]
        self._sample_rate = document["outputSampleRate"]
        self._completion_id = ""
        self._totals = {"input": 0, "output": 0}
        return []

    def _start_run(self, document: Document) -> list[Document]:
        if self._completion_id:
            return []
        self._completion_id = self._new_id()
        return [self._event("completionStart")]

    def _finish_run(self, document: Document) -> list[Document]:
        return [*self._end_turn("END_TURN"), *self._usage(document)]

    def _fail_run(self, document: Document) -> list[Document]:
        error = {"message": document["message"], "code": document["code"]}
        ended = [*self._end_turn("INTERRUPTED"), *self._usage(document)]
        return [*ended, self._stamped({"event": {"error": error}})]

    def _start_text(self, document: Document) -> list[Document]:
        if document["role"] == "user":
            self._heard[document["messageId"]] = ""
        else:
            self._speech[document["messageId"]] = _Speech()
        return []

    def _add_text(self, document: Document) -> list[Document]:
        identifier, delta = document["messageId"], document["delta"]
        if identifier in self._heard:
            self._heard[identifier] += delta
            return []
        speech = self._speech.get(identifier)
        if speech is None:
            return []
        return [e for piece in speech.sentences.add(delta) for e in self._plan(speech, piece)]

    def _end_text(self, document: Document) -> list[Document]:
        identifier = document["messageId"]
        words = self._heard.pop(identifier, "")
        if words:
            return self._text("USER", "FINAL", words)
        speech = self._speech.pop(identifier, None)
        if speech is None:
            return []
        written = self._plan(speech, speech.sentences.rest())
        if speech.whole:
            self._spoken.append(speech.whole)
        return written

    def _plan(self, speech: _Speech, words: str) -> list[Document]:
        if not words:
            return []
        speech.whole += words
        self._planned.append(words)
        return self._plans() if self._audio is None else []

    def _plans(self) -> list[Document]:
        planned, self._planned = self._planned, []
        return [e for words in planned for e in self._text("ASSISTANT", "SPECULATIVE", words)]

    def _finals(self, stop: str) -> list[Document]:
        spoken, self._spoken = self._spoken, []
        return [
            event for words in spoken for event in self._text("ASSISTANT", "FINAL", words, stop)
        ]

    def _end_turn(self, stop: str) -> list[Document]:
        final = "END_TURN" if stop == "END_TURN" else "PARTIAL_TURN"
        return [*self._end_audio(stop), *self._plans(), *self._finals(final)]

    def _start_audio(self) -> list[Document]:
        self._audio = self._new_id()
        configuration = {
            "mediaType": "audio/lpcm",
            "sampleRateHertz": self._sample_rate,
            "sampleSizeBits": 16,
            "encoding": "base64",
            "channelCount": 1,
        }
        start = {"contentId": self._audio, "type": "AUDIO", "role": "ASSISTANT"}
        return [self._event("contentStart", **start, audioOutputConfiguration=configuration)]

    def _part_audio(self, document: Document) -> list[Document]:
        return self._end_audio("PARTIAL_TURN")

    def _end_audio(self, stop: str) -> list[Document]:
        if self._audio is None:
            return []
        ended, self._audio = self._audio, None
        return [self._event("contentEnd", contentId=ended, type="AUDIO", stopReason=stop)]

    def _interrupt(self, document: Document) -> list[Document]:
        return [
            *self._plans(),
            *self._finals("PARTIAL_TURN"),
            *self._text("ASSISTANT", "FINAL", _INTERRUPTED, "INTERRUPTED"),
            *self._end_audio("INTERRUPTED"),
        ]

    def _start_call(self, document: Document) -> list[Document]:
        self._calls[document["toolCallId"]] = (document["toolCallName"], "")
        return self._end_audio("PARTIAL_TURN")

    def _add_arguments(self, document: Document) -> list[Document]:
        name, arguments = self._calls.get(document["toolCallId"], ("", ""))
        self._calls[document["toolCallId"]] = (name, arguments + document["delta"])
        return []

    def _use_tool(self, document: Document) -> list[Document]:
        identifier = document["toolCallId"]
        name, arguments = self._calls.pop(identifier, ("", ""))
        content = {"contentId": self._new_id()}
        use = {"role": "TOOL", "toolUseId": identifier, "toolName": name}
        return [
            self._event(
                "contentStart",
                **content,
                type="TOOL",
                role="TOOL",
                toolUseOutputConfiguration={"mediaType": "application/json"},
            ),
            self._event("toolUse", **content, **use, content=arguments or "{}"),
            self._event("contentEnd", **content, type="TOOL", stopReason="TOOL_USE"),
        ]

    def _give_result(self, document: Document) -> list[Document]:
        """Copy what the model is told, as the sample does."""
        names = {"promptName": self._prompt_name(), "contentName": self._new_id()}
        configuration = {
            "toolUseId": document["toolCallId"],
            "type": "TEXT",
            "textInputConfiguration": _TEXT,
        }
        start = {"interactive": False, "type": "TOOL", "role": "TOOL"}
        start |= {"toolResultInputConfiguration": configuration}
        result = msgspec.json.encode({"text": text_of(document["content"])}).decode()
        return [
            self._stamped({"event": {"contentStart": names | start}}),
            *(
                self._stamped({"event": {"toolResult": names | {"content": piece}}})
                for piece in _pieces(result)
            ),
            self._stamped({"event": {"contentEnd": names}}),
        ]

    def _refuse(self, document: Document) -> list[Document]:
        refused = {"type": "error", "message": document["error"], "code": document["code"]}
        return [self._stamped(refused)]

    def _end(self, document: Document) -> list[Document]:
        written = self._end_turn("INTERRUPTED")
        if self._completion_id:
            written.append(self._event("completionEnd", stopReason="END_TURN"))
        self._completion_id = ""
        self._heard.clear()
        self._speech.clear()
        self._calls.clear()
        return written

    def _usage(self, document: Document) -> list[Document]:
        written: list[Document] = []
        for spent in document.get("usage", ()):
            delta = {"input": spent.get("inputTokens", 0), "output": spent.get("outputTokens", 0)}
            for way, tokens in delta.items():
                self._totals[way] += tokens
            totals = {
                "totalInputTokens": self._totals["input"],
                "totalOutputTokens": self._totals["output"],
                "totalTokens": sum(self._totals.values()),
            }
            details = {"delta": _tokens(delta), "total": _tokens(self._totals)}
            written.append(self._event("usageEvent", details=details, **totals))
        return written

    def _text(
        self, role: str, stage: str, words: str, stop: str = "PARTIAL_TURN"
    ) -> list[Document]:
        content = {"contentId": self._new_id()}
        fields = msgspec.json.encode({"generationStage": stage}).decode()
        start = {"type": "TEXT", "role": role, "additionalModelFields": fields}
        return [
            self._event("contentStart", **content, **start, textOutputConfiguration=_TEXT),
            *(
                self._event("textOutput", **content, role=role, content=piece)
                for piece in _pieces(words)
            ),
            self._event("contentEnd", **content, type="TEXT", stopReason=stop),
        ]

    def _event(self, name: str, **body: Any) -> Document:
        identifiers = {
            "sessionId": self._session_id,
            "promptName": self._prompt_name(),
            "completionId": self._completion_id,
        }
        return self._stamped({"event": {name: identifiers | body}})

    def _stamped(self, document: Document) -> Document:
        return document | {"timestamp": self._now_milliseconds()}


_WORDS: Mapping[str, Callable[[SonicWriter, Document], list[Document]]] = {
    "gateway.session": SonicWriter._greet,
    "RUN_STARTED": SonicWriter._start_run,
    "RUN_FINISHED": SonicWriter._finish_run,
    "RUN_ERROR": SonicWriter._fail_run,
    "TEXT_MESSAGE_START": SonicWriter._start_text,
    "TEXT_MESSAGE_CONTENT": SonicWriter._add_text,
    "TEXT_MESSAGE_END": SonicWriter._end_text,
    "gateway.audio.start": SonicWriter._part_audio,
    "gateway.audio.flush": SonicWriter._interrupt,
    "TOOL_CALL_START": SonicWriter._start_call,
    "TOOL_CALL_ARGS": SonicWriter._add_arguments,
    "TOOL_CALL_END": SonicWriter._use_tool,
    "TOOL_CALL_RESULT": SonicWriter._give_result,
    "gateway.error": SonicWriter._refuse,
    "gateway.end": SonicWriter._end,
}


def _pieces(text: str) -> list[str]:
    return [
        text[start : start + _LONGEST_CONTENT] for start in range(0, len(text), _LONGEST_CONTENT)
    ]


def _tokens(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Nova Sonic tells speech and text apart; what is known here is their sum."""
    return {way: {"speechTokens": 0, "textTokens": tokens} for way, tokens in counts.items()}
