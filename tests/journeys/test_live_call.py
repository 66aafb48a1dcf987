"""A call by a client that runs tools, is cut off, and comes back: aiortc and a real gateway."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.test_faults import becomes_idle
from tests.journeys.test_live_client import PAINT, seq_of
from tests.protocols.webrtc.calls import CLIENT_RATE, Client, Mouth, loud_seconds
from tests.server_process import serve

BOUND_SECONDS = 30


@pytest.fixture(scope="module")
def watchful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that notices at once when nothing comes from a client."""
    log = tmp_path_factory.mktemp("watchful") / "log"
    with serve(log, GATEWAY_VANISHED_SECONDS="1", GATEWAY_GRACE_SECONDS="15") as url:
        yield url
    assert "Traceback" not in Path(log).read_text(errors="replace")


@asynccontextmanager
async def calling(url: str, **data: Any) -> AsyncIterator[Client]:
    """A connected call, of a new session unless the data names a call."""
    client = Client(Mouth())
    asked = {"sdp": await client.offer(), "type": "offer", **data}
    if "pc_id" not in data:
        asked["sessionId"] = str(uuid4())
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        body = {"action": "offer", "data": asked}
        answer = (await http.post("/invocations", json=body)).json()
    client.pc_id = answer["pc_id"]
    await client.answered(answer)
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            await client.until_told("gateway.session")
            yield client
    finally:
        await client.aclose()


async def test_a_call_runs_a_tool_of_its_client(gateway: str) -> None:
    async with calling(gateway, tools=[PAINT]) as client:
        client.say(type="input.text", text="Please paint the page blue.")
        call = (await client.until_told("TOOL_CALL_START"))["toolCallId"]
        await client.until_told("TOOL_CALL_END")
        client.say(type="tool.result", toolCallId=call, content="painted it azure")
        assert (await client.until_told("TOOL_CALL_RESULT"))["content"] == "painted it azure"
        await client.until_told("RUN_FINISHED")
        client.say(type="tool.result", toolCallId=call, content="again")
        assert "already" in (await client.until_told("gateway.error"))["error"]


async def test_a_tool_that_a_call_names_as_ours_is_refused(gateway: str) -> None:
    client = Client(Mouth())
    async with httpx.AsyncClient(base_url=gateway, timeout=20) as http:
        data = {
            "sdp": await client.offer(),
            "type": "offer",
            "sessionId": str(uuid4()),
            "tools": [PAINT | {"name": "calculator"}],
        }
        refused = (await http.post("/invocations", json={"action": "offer", "data": data})).json()
    await client.aclose()
    assert refused["details"] == [{"path": "$.tools[0].name", "problem": "is taken"}]


async def test_a_caller_that_was_cut_off_hears_and_reads_the_rest(watchful: str) -> None:
    async with calling(watchful) as client:
        client.say(type="input.text", text="count from 1 to 5")
        await client.until_told("gateway.audio.start")
        client.vanish()
        last_seq = max(map(seq_of, client.documents))
        async with calling(watchful, pc_id=client.pc_id, lastSeq=last_seq) as again:
            assert (await again.until_told("gateway.session"))["resumed"] is True
            finished = await again.until_told("RUN_FINISHED")
            assert finished["outcome"] == {"type": "success"}
            numbers = [seq_of(document) for document in again.documents]
            assert numbers == list(range(last_seq, last_seq + len(numbers)))
            assert loud_seconds(bytes(again.heard), CLIENT_RATE) > 0.5
    async with httpx.AsyncClient(base_url=watchful, timeout=20) as http:
        await becomes_idle(http)
