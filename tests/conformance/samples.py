"""Clients of AWS's WebSocket samples, as far as the checks need them."""

import base64
import json
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection

from tests.conformance.deployment import WAIT_SECONDS, Deployment

INPUT_RATE = 16_000
PIECE_SECONDS = 0.1

type Message = dict[str, Any]

_RECORDINGS = Path(__file__).resolve().parents[1] / "audio"


class Client:
    """Speaks JSON, and keeps what it was sent."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[str] = []

    def send(self, *messages: Message) -> None:
        """Send JSON objects."""
        for message in messages:
            self.socket.send(json.dumps(message))

    def receive(self) -> Message:
        """Wait for the next message."""
        frame = self.socket.recv(WAIT_SECONDS)
        assert isinstance(frame, str)
        self.frames.append(frame)
        message: Message = json.loads(frame)
        return message

    def until(self, name: str) -> list[Message]:
        """Collect messages up to the first of a name."""
        messages = [self.receive()]
        while name_of(messages[-1]) != name:
            messages.append(self.receive())
        return messages

    def say(self, recording: str, wrap: Callable[[str], Message]) -> None:
        """Say a recording and a second of silence, as fast as one speaks."""
        with wave.open(str(_RECORDINGS / f"{recording}.wav")) as file:
            assert file.getframerate() == INPUT_RATE
            pcm = file.readframes(file.getnframes()) + bytes(2 * INPUT_RATE)
        step = int(INPUT_RATE * PIECE_SECONDS) * 2
        started_at = time.monotonic()
        for number, start in enumerate(range(0, len(pcm), step)):
            wait_seconds = started_at + number * PIECE_SECONDS - time.monotonic()
            time.sleep(max(0.0, wait_seconds))  # a microphone is no faster
            self.send(wrap(base64.b64encode(pcm[start : start + step]).decode()))


def name_of(message: Message) -> str:
    """What a message is called, in either vocabulary."""
    return str(message.get("type") or next(iter(message["event"])))


def names_of(messages: list[Message]) -> list[str]:
    """What messages are called, each run of the same name once."""
    names: list[str] = []
    for message in messages:
        if not names or name_of(message) != names[-1]:
            names.append(name_of(message))
    return names


CONFIG: Message = {
    "type": "config",
    "voice": "tiffany",
    "model_id": "amazon.nova-2-sonic-v1:0",
    "region": "us-east-1",
    "input_sample_rate": INPUT_RATE,
    "output_sample_rate": 16_000,
}


def strands_audio(content: str) -> Message:
    """Sound as the Strands sample sends it."""
    form = {"format": "pcm", "sample_rate": INPUT_RATE, "channels": 1}
    return {"type": "bidi_audio_input", "audio": content} | form


def strands_words(messages: list[Message], role: str) -> str:
    """What somebody said."""
    said = (m for m in messages if m["type"] == "bidi_transcript_stream" and m["is_final"])
    return " ".join(m["text"] for m in said if m["role"] == role)


@contextmanager
def strands(deployment: Deployment) -> Iterator[Client]:
    """A client of the Strands sample whose session is open."""
    with deployment.websocket() as socket:
        client = Client(socket)
        client.send(CONFIG)
        client.until("bidi_connection_start")
        yield client


_PROMPT = {"promptName": "prompt"}

SONIC_START: list[Message] = [
    {"sessionStart": {"inferenceConfiguration": {"maxTokens": 1024, "topP": 0.95}}},
    {
        "promptStart": _PROMPT
        | {
            "textOutputConfiguration": {"mediaType": "text/plain"},
            "audioOutputConfiguration": {
                "mediaType": "audio/lpcm",
                "sampleRateHertz": 24_000,
                "sampleSizeBits": 16,
                "channelCount": 1,
                "voiceId": "tiffany",
                "encoding": "base64",
                "audioType": "SPEECH",
            },
            "toolConfiguration": {"tools": []},
        }
    },
    {
        "contentStart": _PROMPT
        | {"contentName": "system", "type": "TEXT", "interactive": True, "role": "SYSTEM"}
    },
    {"textInput": _PROMPT | {"contentName": "system", "content": "Answer everything with: no."}},
    {"contentEnd": _PROMPT | {"contentName": "system"}},
]

SONIC_MICROPHONE: Message = {
    "contentStart": _PROMPT
    | {
        "contentName": "microphone",
        "type": "AUDIO",
        "interactive": True,
        "role": "USER",
        "audioInputConfiguration": {
            "mediaType": "audio/lpcm",
            "sampleRateHertz": INPUT_RATE,
            "sampleSizeBits": 16,
            "channelCount": 1,
            "audioType": "SPEECH",
            "encoding": "base64",
        },
    }
}

SONIC_END: list[Message] = [
    {"contentEnd": _PROMPT | {"contentName": "microphone"}},
    {"promptEnd": _PROMPT},
    {"sessionEnd": {}},
]


def sonic_text(words: str, name: str = "typed") -> list[Message]:
    """A typed question as the Nova Sonic sample sends it."""
    content = _PROMPT | {"contentName": name}
    start = {"type": "TEXT", "interactive": True, "role": "USER"}
    return [
        {"contentStart": content | start},
        {"textInput": content | {"content": words}},
        {"contentEnd": content},
    ]


def sonic_audio(content: str) -> Message:
    """Sound as the Nova Sonic sample sends it."""
    return bare({"audioInput": _PROMPT | {"contentName": "microphone", "content": content}})


def bare(event: Message) -> Message:
    """An event as it is."""
    return {"event": event}


def wrapped(event: Message) -> Message:
    """An event as a string in a body."""
    return {"body": json.dumps(bare(event))}


def sonic_words(messages: list[Message], role: str, stage: str = "FINAL") -> str:
    """What somebody said."""
    events = [message["event"] for message in messages if "event" in message]
    fields = json.dumps({"generationStage": stage}, separators=(",", ":"))
    contents = {
        each["contentStart"]["contentId"]
        for each in events
        if each.get("contentStart", {}).get("additionalModelFields") == fields
    }
    said = [each["textOutput"] for each in events if "textOutput" in each]
    return " ".join(
        text["content"] for text in said if text["role"] == role and text["contentId"] in contents
    )


@contextmanager
def sonic(deployment: Deployment) -> Iterator[Client]:
    """A client of the Nova Sonic sample whose session is begun."""
    with deployment.websocket() as socket:
        client = Client(socket)
        client.send(*map(bare, SONIC_START))
        yield client
