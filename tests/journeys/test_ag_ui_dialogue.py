"""What voice wires tell beside the sound are AG-UI runs, which the published client can read."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.ag_ui_consumer import Consumer, Run, consuming
from tests.journeys.test_call import call
from tests.journeys.wires import websocket_url

_SECONDS = 40

ASKED = ("What is 42 times 17?", "Count from 1 to 3.")


@pytest.fixture(scope="module")
def consumer() -> Iterator[Consumer]:
    """The published client."""
    with consuming() as started:
        yield started


def judged(consumer: Consumer, messages: Sequence[Mapping[str, Any]]) -> Run:
    """Let the client read a conversation; what is not of a run is left out."""
    events = [each for each in messages if not each["type"].startswith("gateway.")]
    thread = events[0]["threadId"]
    return consumer.judge(events, {"threadId": thread, "runId": "r", "messages": []})


def check_both_are_answered(run: Run) -> None:
    assert [end["type"] for end in run.all("RUN_FINISHED", "outcome")] == ["success"] * 2
    assert run.one("TOOL_CALL_RESULT")["content"] == "714"
    answers = [each.get("content") for each in run.messages if each["role"] == "assistant"]
    assert ("714" in str(answers), "1, 2, 3" in str(answers[-1])) == (True, True)


@pytest.mark.feature("data-channel")
async def test_a_call_tells_runs_on_its_data_channel(gateway: str, consumer: Consumer) -> None:
    async with (
        httpx.AsyncClient(base_url=gateway, timeout=20) as client,
        call(client) as (caller, _),
    ):
        for count, words in enumerate(ASKED, 1):
            caller.tell({"type": "input.text", "text": words})
            await caller.until("RUN_FINISHED", count)
    check_both_are_answered(judged(consumer, [message for _, message in caller.log]))


@pytest.mark.parametrize("audio", [True, False], ids=["spoken", "written"])
async def test_the_native_dialect_tells_runs_between_its_own_messages(
    gateway: str, consumer: Consumer, audio: bool
) -> None:
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(_SECONDS), connect(websocket_url(gateway)) as socket:
        await socket.send(json.dumps({"type": "session.start", "audio": audio}))
        for words in ASKED:
            await socket.send(json.dumps({"type": "input.text", "text": words}))
            while not told or told[-1]["type"] != "RUN_FINISHED":
                message = await socket.recv()
                if isinstance(message, str):
                    told.append(json.loads(message))
            told.append({"type": "gateway.heard"})
    check_both_are_answered(judged(consumer, told))
