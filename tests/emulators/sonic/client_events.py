"""Events as a client sends them, for tests that send none over a wire."""

import base64
from typing import Any

TEXT = {"textInputConfiguration": {"mediaType": "text/plain"}}
PCM_FORMAT = {
    "mediaType": "audio/lpcm",
    "sampleRateHertz": 16000,
    "sampleSizeBits": 16,
    "channelCount": 1,
    "audioType": "SPEECH",
    "encoding": "base64",
}
VOICE = {**PCM_FORMAT, "sampleRateHertz": 24000, "voiceId": "matthew"}
SPEC = {"name": "clock", "description": "Time.", "inputSchema": {"json": '{"type": "object"}'}}
PROMPT = {
    "promptName": "p",
    "textOutputConfiguration": {"mediaType": "text/plain"},
    "audioOutputConfiguration": VOICE,
    "toolUseOutputConfiguration": {"mediaType": "application/json"},
    "toolConfiguration": {"tools": [{"toolSpec": SPEC}]},
}

type Sent = tuple[str, dict[str, Any]]


def start(name: str, kind: str, role: str, interactive: bool, **more: Any) -> Sent:
    common = {"promptName": "p", "contentName": name, "type": kind, "role": role}
    return "contentStart", {**common, "interactive": interactive, **more}


def said(event: str, name: str, content: str) -> Sent:
    return event, {"promptName": "p", "contentName": name, "content": content}


def end(name: str) -> Sent:
    return "contentEnd", {"promptName": "p", "contentName": name}


def text(name: str, role: str, words: str = "Hi", *, interactive: bool = False) -> list[Sent]:
    return [
        start(name, "TEXT", role, interactive, **TEXT),
        said("textInput", name, words),
        end(name),
    ]


def result(name: str, identifier: str, content: str = '{"text":"4"}') -> list[Sent]:
    asked = {"toolUseId": identifier, "type": "TEXT", **TEXT}
    more = {"toolResultInputConfiguration": asked}
    return [
        start(name, "TOOL", "TOOL", False, **more),
        said("toolResult", name, content),
        end(name),
    ]


SETUP: list[Sent] = [("sessionStart", {}), ("promptStart", PROMPT), *text("s", "SYSTEM", "")]
MICROPHONE = start("m", "AUDIO", "USER", True, audioInputConfiguration=PCM_FORMAT)
SOUND = said("audioInput", "m", base64.b64encode(b"\x01\x00" * 4).decode())
FAREWELL: list[Sent] = [("promptEnd", {"promptName": "p"}), ("connectionEnd", {})]
