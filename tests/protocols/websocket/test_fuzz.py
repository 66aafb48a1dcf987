"""Random and mutated frames: no hang, no traceback, and the next client is served."""

import asyncio
import logging

import pytest
from websockets.exceptions import ConnectionClosed

from protocols.websocket.options import WebSocketOptions
from tests.protocols.scripted import ScriptedConversations
from tests.protocols.websocket.fuzzing import Fuzzer
from tests.protocols.websocket.serving import Setting, serving, tell, told

_CONNECTIONS = 60
_FRAMES = 12


async def test_any_frames_are_survived(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    fuzzer = Fuzzer(2)
    conversations = ScriptedConversations()
    setting = Setting(options=WebSocketOptions(first_message_seconds=2))
    async with serving(conversations, setting) as site:
        for _ in range(_CONNECTIONS):
            async with site.connect() as client:
                try:
                    for frame in fuzzer.connection(_FRAMES):
                        await client.send(frame)
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
