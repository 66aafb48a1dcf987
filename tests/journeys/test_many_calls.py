"""Calls come and go, and the gateway is as it was before.

CALLS=1000 makes it the measurement that the documentation quotes.
"""

import asyncio
import os
import subprocess
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from protocols.webrtc.ice import offer_loopback
from tests.journeys.test_call import Mouth
from tests.journeys.test_faults import becomes_idle
from tests.server_process import serve_process

CALLS = int(os.environ.get("CALLS", "40"))
WARM_UP = max(60, CALLS // 2)  # after so many, what is made once was made, in every thread
MOST_GROWTH_BYTES = 5 << 20
POOL = (os.cpu_count() or 1) + 4
BOUND_SECONDS = 20.0


class Resources:
    """What a process holds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        folder = Path(f"/proc/{process.pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        self.memory = int(status["VmRSS"].split()[0]) * 1024
        self.threads = int(status["Threads"])
        self.files = len(list((folder / "fd").iterdir()))


async def call(client: httpx.AsyncClient) -> None:
    """Connect, be heard for a moment, and hang up."""
    connection, connected = RTCPeerConnection(), asyncio.Event()
    connection.addTrack(Mouth())
    connection.createDataChannel("gateway").on("open", connected.set)
    offer_loopback(connection)
    try:
        await connection.setLocalDescription(await connection.createOffer())
        data = {"sdp": connection.localDescription.sdp, "sessionId": str(uuid4())}
        answer = await act(client, "offer", data)
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        async with asyncio.timeout(BOUND_SECONDS):
            await connected.wait()
        await act(client, "disconnect", {"pc_id": answer["pc_id"]})
    finally:
        await connection.close()


async def act(client: httpx.AsyncClient, action: str, data: dict[str, str]) -> dict[str, str]:
    response = await client.post("/invocations", json={"action": action, "data": data})
    answer: dict[str, str] = response.json()
    assert "error" not in answer, answer
    return answer


async def calls(client: httpx.AsyncClient, count: int) -> None:
    for _ in range(count):
        await call(client)
    await becomes_idle(client)


@pytest.mark.slow
async def test_calls_leave_no_file_no_thread_and_no_memory_behind(tmp_path: Path) -> None:
    settings = {"GATEWAY_MAX_SESSIONS": "10", "GATEWAY_LOG_LEVEL": "warning"}
    with serve_process(tmp_path / "log", **settings) as (url, process):
        async with httpx.AsyncClient(base_url=url, timeout=BOUND_SECONDS) as client:
            await calls(client, WARM_UP)
            before = Resources(process)
            await calls(client, CALLS)
            after = Resources(process)
    assert after.files <= before.files
    assert after.threads <= before.threads + POOL, "the pool of the event loop grows to its size"
    assert after.memory - before.memory <= MOST_GROWTH_BYTES
