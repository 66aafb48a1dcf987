"""Delegates of a voice: Nova Sonic calls a tool, and agents with the text model do the work."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from tests.ag_ui_verifier import verify
from tests.emulators.bedrock_gateway import Gateway, gateway_on
from tests.emulators.converse.scripts import says
from tests.emulators.emulator import AwsEmulator
from tests.emulators.sonic.hearing import tone
from tests.emulators.sonic.scripts import Session, ToolCall, Turn

pytestmark = pytest.mark.slow

_SECONDS = 20
SPEECH = tone(440, 0.5, 16000) + bytes(16000 * 2)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    log = tmp_path_factory.mktemp("gateway") / "log"
    with AwsEmulator() as aws, gateway_on(aws, log, GATEWAY_TOOLS="tests.tools.teams:TOOLS") as up:
        yield up


async def spoken_turn(gateway: Gateway, tool: str) -> list[Mapping[str, Any]]:
    """Ask aloud for a tool; gives what the client is shown of the turn."""
    turn = Turn(
        heard="Ask them.",
        tools=(ToolCall(tool, {"input": "Go."}),),
        say=lambda results: (f"They say: {results[0]['text']}",),
    )
    gateway.aws.sonic.scripts.add(Session(turns=(turn,)))
    start = {"type": "session.start", "sessionId": str(uuid4())}
    shown: list[Mapping[str, Any]] = []
    url = f"{gateway.url}/ws".replace("http", "ws")
    async with asyncio.timeout(_SECONDS), connect(url) as ws:
        await ws.send(json.dumps(start))
        for begin in range(0, len(SPEECH), 3200):
            await ws.send(SPEECH[begin : begin + 3200])
        async for frame in ws:
            message = json.loads(frame) if isinstance(frame, str) else {"type": "gateway.audio"}
            if not message["type"].startswith("gateway."):
                shown.append(message)
            if message["type"] == "RUN_FINISHED":
                break
    return shown


def said(shown: list[Mapping[str, Any]], owner: str | None = None) -> str:
    return "".join(
        event["delta"]
        for event in shown
        if event["type"] == "TEXT_MESSAGE_CONTENT" and event.get("subagentRunId") == owner
    )


async def test_a_team_works_for_a_voice_and_its_answer_is_spoken(gateway: Gateway) -> None:
    shown = await spoken_turn(gateway, "panel")
    verify([dict(event) for event in shown])
    names = {e["name"]: e["subagentRunId"] for e in shown if e["type"] == "SUBAGENT_STARTED"}
    assert set(names) == {"panel", "left", "right", "judge"}
    assert said(shown, names["left"]) == "left 1, left 2"
    assert said(shown) == "Ask them.They say: Both are right."
    steps = [event["stepName"] for event in shown if event["type"] == "STEP_FINISHED"]
    assert sorted(steps) == ["judge", "left", "right"]


async def test_the_voice_lends_the_text_model(gateway: Gateway) -> None:
    gateway.aws.converse.scripts.add(says("All is well."))
    shown = await spoken_turn(gateway, "helper")
    verify([dict(event) for event in shown])
    assert said(shown) == "Ask them.They say: All is well."
    (call,) = gateway.aws.converse.calls.all()
    (asked,) = call.body["messages"]
    assert (asked["role"], asked["content"][0]) == ("user", {"text": "Go."})


async def test_a_team_that_fails_is_told_to_the_voice_without_its_secrets(gateway: Gateway) -> None:
    shown = await spoken_turn(gateway, "broken_relay")
    verify([dict(event) for event in shown])
    assert said(shown).endswith("They say: The agent failed before it had an answer.")
    assert "swordfish" not in json.dumps(shown)
