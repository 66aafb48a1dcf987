"""The web page of AWS's WebRTC sample, message by message, against a running gateway.

``sample_page.json`` holds its requests as it makes them, with what a browser makes fresh each time
left open. The page has no data channel, sends its candidates one by one after the offer, repeats
``turnOnly`` in every request, and never says goodbye.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from protocols.streaming import SESSION_HEADER
from protocols.webrtc.ice import offer_loopback
from tests.journeys.test_call import Mouth
from tests.journeys.test_faults import becomes_idle
from tests.server_process import serve

RECORDING = json.loads((Path(__file__).parent / "sample_page.json").read_text())
PAGE = "http://localhost:3000"  # where it is served from; the gateway is another origin
LOUD = 1_000


@pytest.fixture(scope="module")
def other_origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("page") / "log"
    with serve(log, GATEWAY_ALLOWED_ORIGINS=PAGE) as url:
        yield url


class Page:
    """What the page does, in its order."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.mouth = Mouth()
        self.heard = asyncio.Event()
        self.values: dict[str, Any] = {}
        self.connection = RTCPeerConnection()
        self._client = client
        self._candidates: list[str] = []
        self._changed = asyncio.Event()
        self._ears: asyncio.Task[None] | None = None
        self.connection.on("track", self._listen)
        self.connection.on("connectionstatechange", self._changed.set)

    async def connect(self) -> None:
        await self._replay(RECORDING[0])
        self.connection.addTransceiver(self.mouth, direction="sendrecv")
        offer_loopback(self.connection)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        lines = self.connection.localDescription.sdp.splitlines()
        # The page sends the offer as it was before anything was gathered.
        bare = [line for line in lines if not line.startswith(("a=candidate", "a=end-of"))]
        self.values["$offer"] = "\r\n".join([*bare, ""])
        await self._replay(RECORDING[1])
        answer = RTCSessionDescription(self.values["$answer"], "answer")
        await self.connection.setRemoteDescription(answer)
        for line in lines:
            if line.startswith("a=candidate"):
                self.values["$candidate"] = line.removeprefix("a=")
                await self._replay(RECORDING[2])
        while self.connection.connectionState != "connected":
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        """As the page's button does: nothing is said to the gateway."""
        await self.connection.close()
        if self._ears is not None:
            self._ears.cancel()
            await asyncio.gather(self._ears, return_exceptions=True)

    async def _replay(self, step: dict[str, Any]) -> None:
        response = await self._client.post("/invocations", json=self._filled(step["send"]))
        assert response.status_code == 200
        self._match(step["answer"], response.json())

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        return self.values.get(value, value) if isinstance(value, str) else value

    def _match(self, pattern: Any, answer: Any) -> None:
        assert sorted(answer) == sorted(pattern), answer
        for name, expected in pattern.items():
            if isinstance(expected, str) and expected.startswith("$"):
                self.values[expected] = answer[name]
            else:
                assert answer[name] == expected

    def _listen(self, track: Any) -> None:
        self._ears = asyncio.create_task(self._hear(track))

    async def _hear(self, track: Any) -> None:
        while True:
            if (await track.recv()).to_ndarray().max() > LOUD:
                self.heard.set()


async def speak(client: httpx.AsyncClient) -> None:
    page = Page(client)
    try:
        async with asyncio.timeout(50):
            await page.connect()
            assert page.values["$ice_servers"] == []
            assert (await client.get("/ping")).json()["status"] == "HealthyBusy"
            page.mouth.say("multiply")
            await page.heard.wait()
    finally:
        await page.close()
    await becomes_idle(client)


async def test_a_page_of_another_origin_speaks_and_hears(other_origin: str) -> None:
    headers = {"Origin": PAGE}
    async with httpx.AsyncClient(base_url=other_origin, timeout=20, headers=headers) as client:
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        allowed = await client.options("/invocations", headers=asked)
        assert allowed.is_success
        assert allowed.headers["access-control-allow-origin"] == PAGE
        await speak(client)


async def test_through_the_runtime_the_session_is_named_by_its_header(other_origin: str) -> None:
    headers = {SESSION_HEADER: str(uuid4())}
    async with httpx.AsyncClient(base_url=other_origin, timeout=20, headers=headers) as client:
        await speak(client)
