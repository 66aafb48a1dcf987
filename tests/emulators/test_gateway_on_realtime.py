"""A gateway whose voice is OpenAI Realtime, on each wire that carries voice."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from tests.emulators.realtime.service import Answer, RealtimeService, Session
from tests.journeys.wires import talk
from tests.server_process import serve

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 90
WIRES = ("http", "ws", "webrtc")
CUT = Session((Answer(heard="What is my name?", say="This is the beginning", cut=True),))


async def test_every_wire_speaks_with_it_and_outlives_a_cut(tmp_path: Path) -> None:
    service = RealtimeService()
    service.scripts.standing = Session((Answer(heard="What is my name?", say="You are Ada."),))
    async with asyncio.timeout(LIMIT_SECONDS), service.serving():
        gateway = serve(
            tmp_path / "log",
            GATEWAY_VOICE_MODEL="openai",
            OPENAI_API_KEY="sk-test",
            OPENAI_BASE_URL=service.url,
        )
        url = await asyncio.to_thread(gateway.__enter__)
        try:
            for via in WIRES:
                service.scripts.add(CUT)
                answer = await talk(via, url, str(uuid4()), "who_am_i")
                assert "What is my name?" in answer.question
                assert "You are Ada." in answer.reply
        finally:
            await asyncio.to_thread(gateway.__exit__, None, None, None)
    assert service.violations == []
    assert len(service.records) == 2 * len(WIRES)
