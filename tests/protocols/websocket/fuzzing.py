"""Frames as nobody should send them: whole, damaged, or noise, of every dialect."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

type Message = Mapping[str, Any]

_NESTED: Any = json.loads("[" * 300 + "]" * 300)
_TOOL = {"name": "t", "description": "d", "parameters": 5}
_CONTENT = {"promptName": "p", "contentName": "c"}
_SOUND = "AAAA" * 400

DIALECTS: Mapping[str, Sequence[Message]] = {
    "native": [
        {"type": "session.start", "inputSampleRate": 8000, "outputSampleRate": 16000},
        {"type": "session.start", "audio": False, "inputSampleRate": 16000},
        {"type": "session.start", "sessionId": "s", "context": [{"description": "a"}]},
        {"type": "session.start", "resumeToken": "t", "lastSeq": 7},
        {"type": "session.start", "tools": [{"name": "t", "description": "d"}]},
        {"type": "session.start", "tools": [_TOOL], "audio": False},
        {"type": "session.start", "state": _NESTED, "audio": False},
        {"type": "input.text", "text": "hello"},
        {"type": "input.audio", "data": _SOUND},
        {"type": "input.image", "mimeType": "image/png", "data": "AAAA"},
        {"type": "tool.result", "toolCallId": "c", "content": None},
        {"type": "playback", "playedMs": 12},
        {"type": "response.cancel"},
        {"type": "session.stop"},
        {"type": "RUN_STARTED"},
    ],
    "ag_ui": [
        {"threadId": "t", "runId": "r", "messages": [{"id": "1", "role": "user", "content": ""}]},
        {"threadId": "", "runId": "", "messages": [], "tools": [], "state": {"a": 1}},
        {"threadId": "t", "runId": "r", "messages": [], "tools": [_TOOL]},
        {"threadId": "t", "runId": "r", "messages": [], "state": _NESTED},
    ],
    "prompt": [
        {"prompt": "hi", "session_id": None},
        {"prompt": "hi", "session_id": "s"},
        {"prompt": "", "resume": [{"interruptId": "q", "status": "resolved"}]},
        {"response": "hi", "session_id": "s", "message_type": "agent_response"},
    ],
    "strands": [
        {"type": "config", "voice": "tiffany", "input_sample_rate": 16000},
        {"type": "text_input", "text": "hello"},
        {"type": "bidi_audio_input", "audio": _SOUND, "sample_rate": 16000, "channels": 1},
        {"type": "bidi_image_input", "image": "AAAA", "mime_type": "image/png"},
        {"type": "bidi_audio_stream", "audio": "AAAA"},
    ],
    "sonic": [
        {"event": {"sessionStart": {"inferenceConfiguration": {"maxTokens": 1}}}},
        {"event": {"promptStart": _CONTENT | {"audioOutputConfiguration": {}}}},
        {"event": {"contentStart": _CONTENT | {"type": "AUDIO", "role": "USER"}}},
        {"event": {"audioInput": _CONTENT | {"content": _SOUND}}},
        {"event": {"contentEnd": _CONTENT}},
        {"event": {"contentStart": _CONTENT | {"role": "USER", "interactive": True}}},
        {"event": {"textInput": _CONTENT | {"content": "hello"}}},
        {"event": {"contentEnd": _CONTENT}},
        {"event": {"promptEnd": _CONTENT}},
        {"event": {"sessionEnd": {}}},
        {"body": json.dumps({"event": {"sessionStart": {}}})},
        {"event": {"audioOutput": {"content": "AAAA"}}},
        {"event": {}},
    ],
}

_SPLINTERS = [b'"', b"[" * 50, b"{" * 50, b"\\ud800", b"null", b"-1e999", b"\0", b"\xff", b"9" * 40]


class Fuzzer:
    """Makes frames; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._seeds = {
            name: [json.dumps(message).encode() for message in messages]
            for name, messages in DIALECTS.items()
        }

    def connection(self, frames: int) -> list[str | bytes]:
        """All that one connection sends: mostly of one dialect, mostly begun in order."""
        dice = self._dice
        mine = self._seeds[dice.choice(list(self._seeds))]
        opening = mine[: dice.choice([0, 1, 1, 3, 3])]
        sent: list[str | bytes] = [message.decode() for message in opening]
        while len(sent) < frames:
            if dice.random() < 0.05:
                mine = self._seeds[dice.choice(list(self._seeds))]
            sent.append(self._frame(mine))
        return sent[:frames]

    def _frame(self, seeds: Sequence[bytes]) -> str | bytes:
        dice = self._dice
        if dice.random() < 0.08:
            return dice.randbytes(dice.randrange(2000))
        data = self._damaged(bytearray(dice.choice(seeds)))
        if dice.random() < 0.05:
            return data
        return data.decode(errors="replace")

    def _damaged(self, data: bytearray) -> bytes:
        dice = self._dice
        for _ in range(dice.choice([0, 0, 0, 1, 2, 8])):
            place = dice.randrange(len(data) + 1)
            match dice.randrange(4):
                case 0:
                    data[place : place + 1] = bytes([dice.randrange(128)])
                case 1:
                    del data[place : place + dice.choice([1, 1, 20])]
                case 2:
                    data[place:place] = data[: dice.randrange(len(data) + 1)]
                case _:
                    data[place:place] = dice.choice(_SPLINTERS)
        return bytes(data)
