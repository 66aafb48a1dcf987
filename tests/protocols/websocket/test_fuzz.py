"""Random and mutated frames: no hang, no traceback, and the next client is served."""

import asyncio
import json
import logging
import random
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from protocols.websocket.options import WebSocketOptions
from tests.protocols.scripted import ScriptedConversations
from tests.protocols.websocket.serving import Setting, serving, tell, told

_MESSAGES: list[dict[str, Any]] = [
    {"type": "session.start", "audio": False, "inputSampleRate": 16000},
    {"type": "session.start", "sessionId": "s", "context": [{"description": "a"}]},
    {"type": "input.text", "text": "hello"},
    {"type": "input.audio", "data": "AAAA"},
    {"type": "input.image", "mimeType": "image/png", "data": "AAAA"},
    {"type": "tool.result", "toolCallId": "c", "content": None},
    {"type": "playback", "playedMs": 12},
    {"type": "response.cancel"},
    {"type": "session.stop"},
    {"threadId": "t", "runId": "r", "messages": [{"id": "1", "role": "user", "content": ""}]},
    {"prompt": "hi", "session_id": None},
    {"type": "config"},
    {"event": {}},
    {"type": "RUN_STARTED"},
]
_SEEDS = [json.dumps(message).encode() for message in _MESSAGES]
_CONNECTIONS = 40
_FRAMES = 10


def frame(dice: random.Random) -> str | bytes:
    """A seed as it is or damaged, as text or bytes, or plain noise."""
    if dice.random() < 0.1:
        return dice.randbytes(dice.randrange(200))
    data = bytearray(dice.choice(_SEEDS))
    for _ in range(dice.choice([0, 0, 1, 2, 8])):
        place = dice.randrange(len(data))
        match dice.randrange(3):
            case 0:
                data[place] = dice.randrange(128)
            case 1:
                del data[place:][:1]
            case _:
                data[place:place] = dice.choice([b'"', b"[" * 50, b"\\ud800", b"null", b"-1e999"])
    if dice.random() < 0.05:
        return bytes(data)
    return data.decode(errors="replace")


async def test_any_frames_are_survived(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    dice = random.Random(2)  # noqa: S311 - reproducible on purpose
    conversations = ScriptedConversations()
    setting = Setting(options=WebSocketOptions(first_message_seconds=2))
    async with serving(conversations, setting) as site:
        for _ in range(_CONNECTIONS):
            async with site.connect() as client:
                try:
                    for _ in range(_FRAMES):
                        await client.send(frame(dice))
                except ConnectionClosed:
                    pass
        async with asyncio.timeout(5):
            while conversations.busy:
                conversations.freed.clear()
                await conversations.freed.wait()
        async with site.connect() as client:
            await tell(client, {"prompt": "alive"})
            assert (await told(client))["response"] == "echo alive"
    assert [record.getMessage() for record in caplog.records if record.levelno >= 30] == []
