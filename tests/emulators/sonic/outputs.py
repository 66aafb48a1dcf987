"""The events Nova Sonic sends, as its guide and other clients describe them; pure."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from tests.emulators.sonic.scripts import ToolCall

_PIECE_SECONDS = 0.1
_TEXT = {"mediaType": "text/plain"}

type Stop = Literal["PARTIAL_TURN", "END_TURN", "INTERRUPTED"]
type Stage = Literal["SPECULATIVE", "FINAL"]


@dataclass(frozen=True)
class Frame:
    """One event to send; ``pause_seconds`` pass before it. ``pcm`` is the audio in it."""

    name: str
    body: Mapping[str, Any]
    pause_seconds: float = 0.0
    pcm: bytes = b""

    @property
    def json(self) -> bytes:
        """The event as the service writes it."""
        return json.dumps({"event": {self.name: dict(self.body)}}).encode()


@dataclass
class Outputs:
    """Makes the events of one session, with the identifiers that all of them carry."""

    prompt_name: str
    sample_rate: int
    session_id: str = field(default_factory=lambda: str(uuid4()))
    completion_id: str = field(default_factory=lambda: str(uuid4()))
    totals: dict[str, int] = field(default_factory=dict)

    def frame(self, name: str, **body: Any) -> Frame:
        """Any event."""
        common = {
            "sessionId": self.session_id,
            "promptName": self.prompt_name,
            "completionId": self.completion_id,
        }
        return Frame(name, common | body)

    def text(self, role: str, stage: Stage, text: str, stop: Stop) -> list[Frame]:
        """A transcript, or words planned or spoken."""
        identifier = str(uuid4())
        return [
            self.frame(
                "contentStart",
                contentId=identifier,
                type="TEXT",
                role=role,
                additionalModelFields=json.dumps({"generationStage": stage}),
                textOutputConfiguration=_TEXT,
            ),
            self.frame("textOutput", contentId=identifier, role=role, content=text),
            self.frame("contentEnd", contentId=identifier, type="TEXT", stopReason=stop),
        ]

    def audio(self, pcm: bytes, stop: Stop, pause_seconds: float) -> list[Frame]:
        """Speech, in pieces of 100 ms."""
        identifier = str(uuid4())
        configuration = {
            "mediaType": "audio/lpcm",
            "sampleRateHertz": self.sample_rate,
            "sampleSizeBits": 16,
            "encoding": "base64",
            "channelCount": 1,
        }
        size = int(self.sample_rate * _PIECE_SECONDS) * 2
        pieces = [pcm[start : start + size] for start in range(0, len(pcm), size)]
        return [
            self.frame(
                "contentStart",
                contentId=identifier,
                type="AUDIO",
                role="ASSISTANT",
                audioOutputConfiguration=configuration,
            ),
            *(self._audio_piece(identifier, piece, pause_seconds) for piece in pieces),
            self.audio_end(identifier, stop),
        ]

    def audio_end(self, identifier: str, stop: Stop) -> Frame:
        """The end of speech, as planned or not."""
        return self.frame("contentEnd", contentId=identifier, type="AUDIO", stopReason=stop)

    def tool_use(self, call: ToolCall, tool_use_id: str) -> list[Frame]:
        """A call of a tool."""
        identifier = str(uuid4())
        content = json.dumps(dict(call.input))
        if call.is_encoded_twice:
            content = json.dumps(content)
        return [
            self.frame(
                "contentStart",
                contentId=identifier,
                type="TOOL",
                role="TOOL",
                toolUseOutputConfiguration={"mediaType": "application/json"},
            ),
            self.frame(
                "toolUse",
                contentId=identifier,
                role="TOOL",
                toolUseId=tool_use_id,
                toolName=call.name,
                content=content,
            ),
            self.frame("contentEnd", contentId=identifier, type="TOOL", stopReason="TOOL_USE"),
        ]

    def interrupted(self) -> list[Frame]:
        """The user has cut in."""
        return self.text("ASSISTANT", "FINAL", '{ "interrupted" : true }', "INTERRUPTED")

    def usage(self, **delta: int) -> Frame:
        """Tokens used: ``speech_in``, ``text_in``, ``speech_out``, ``text_out``."""
        for name, count in delta.items():
            self.totals[name] = self.totals.get(name, 0) + count
        total_in = self.totals.get("speech_in", 0) + self.totals.get("text_in", 0)
        total_out = self.totals.get("speech_out", 0) + self.totals.get("text_out", 0)
        return self.frame(
            "usageEvent",
            details={"delta": _tokens(delta), "total": _tokens(self.totals)},
            totalInputTokens=total_in,
            totalOutputTokens=total_out,
            totalTokens=total_in + total_out,
        )

    def _audio_piece(self, identifier: str, pcm: bytes, pause_seconds: float) -> Frame:
        made = self.frame(
            "audioOutput", contentId=identifier, content=base64.b64encode(pcm).decode()
        )
        return Frame(made.name, made.body, pause_seconds, pcm)


def _tokens(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    return {
        way: {
            "speechTokens": counts.get(f"speech_{short}", 0),
            "textTokens": counts.get(f"text_{short}", 0),
        }
        for way, short in (("input", "in"), ("output", "out"))
    }
