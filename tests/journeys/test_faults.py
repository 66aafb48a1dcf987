"""What goes wrong on a running gateway, and what the client and ``/ping`` see of it."""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from gateway.cli.talk import read_question
from protocols.streaming import SESSION_HEADER
from tests.journeys.wires import AUDIO, websocket_url, words

MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "malformed JSON": ({"content": b'{"prompt": ', "type": "application/json"}, "VALIDATION_ERROR"),
    "a prompt of a wrong type": ({"json": {"prompt": {"a": 1}}}, "VALIDATION_ERROR"),
    "an empty prompt": ({"json": {"prompt": "  "}}, "VALIDATION_ERROR"),
    "nothing to do": ({"json": {"hello": "world"}}, "VALIDATION_ERROR"),
    "an unknown action": ({"json": {"action": "dance"}}, "VALIDATION_ERROR"),
    "an SDP of garbage": (
        {"json": {"action": "offer", "data": {"sdp": "v=0 garbage", "type": "offer"}}},
        "VALIDATION_ERROR",
    ),
    "an offer without an SDP": ({"json": {"action": "offer", "data": {}}}, "VALIDATION_ERROR"),
    "a candidate for nobody": (
        {"json": {"action": "ice_candidate", "data": {"pc_id": "x", "candidates": []}}},
        "NOT_FOUND",
    ),
    "a WAV that is not one": ({"content": b"RIFF....", "type": "audio/wav"}, "VALIDATION_ERROR"),
    "XML": ({"content": b"<a/>", "type": "application/xml"}, "UNSUPPORTED_MEDIA_TYPE"),
    "a run with messages of a wrong type": (
        {"json": {"threadId": "t", "runId": "r", "messages": "x"}},
        "VALIDATION_ERROR",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_malformed_input_gets_its_error_and_the_gateway_stays_healthy(
    gateway: str, case: str
) -> None:
    sent, code = MALFORMED[case]
    async with httpx.AsyncClient(base_url=gateway, timeout=10) as client:
        headers = {"Content-Type": sent["type"]} if "type" in sent else {}
        body = {key: sent[key] for key in ("content", "json") if key in sent}
        reply = await client.post("/invocations", headers=headers, **body)
        assert reply.status_code < 500
        assert f'"code":"{code}"' in reply.text.replace(" ", "")
        assert "Traceback" not in reply.text
        await is_healthy_at_once(client)


async def is_healthy_at_once(client: httpx.AsyncClient) -> None:
    """The fastest of a few pings: one may have had to wait for another process."""
    fastest = 1.0
    for _ in range(5):
        begun = time.monotonic()
        reply = await client.get("/ping")
        assert reply.json()["status"] == "Healthy"
        fastest = min(fastest, time.monotonic() - begun)
    assert fastest <= 0.1


@pytest.mark.parametrize(
    "argument",
    ["What is 9 ** 9 ** 9 ** 9?", "What is 1 / 0?", "What time is it in Atlantis?"],
)
async def test_a_tool_argument_out_of_range_is_an_error_the_model_tells(
    gateway: str, argument: str
) -> None:
    async with httpx.AsyncClient(base_url=gateway, timeout=10) as client:
        reply = (await client.post("/invocations", json={"prompt": argument})).json()
        assert [call["status"] for call in reply["tool_calls"]] == ["error"]
        assert reply["stop_reason"] == "end_turn"
        assert reply["response"]
        await is_healthy_at_once(client)


async def test_of_two_turns_at_once_on_a_session_one_works_and_the_other_is_busy(
    gateway: str,
) -> None:
    session = str(uuid4())
    async with httpx.AsyncClient(base_url=gateway, timeout=30) as client:
        long = {"prompt": "count from 1 to 60", "session_id": session}
        headers = {"Accept": "text/event-stream"}
        async with client.stream("POST", "/invocations", json=long, headers=headers) as first:
            lines = first.aiter_lines()
            assert "RUN_STARTED" in await anext(lines)
            second = await client.post("/invocations", json=long)
            assert (second.status_code, second.json()["code"]) == (409, "SESSION_BUSY")
            rest = [line async for line in lines if line]
        assert "RUN_FINISHED" in rest[-1]
        assert (await client.post("/invocations", json=long | {"prompt": "hi"})).status_code == 200


async def test_a_cancelled_run_ends_as_cancelled(gateway: str) -> None:
    session = str(uuid4())
    async with httpx.AsyncClient(base_url=gateway, timeout=30) as client:
        run = {
            "threadId": session,
            "runId": "r",
            "messages": [{"id": "u", "role": "user", "content": "count from 1 to 400"}],
        }
        async with client.stream("POST", "/invocations", json=run) as stream:
            lines = stream.aiter_lines()
            while "TEXT_MESSAGE_CONTENT" not in await anext(lines):
                pass
            cancel = {"action": "cancel"}
            reply = await client.post(
                "/invocations", json=cancel, headers={SESSION_HEADER: session}
            )
            assert reply.json() == {"status": "success", "cancelled": True}
            last = [line async for line in lines if line][-1]
    assert json.loads(last.removeprefix("data: "))["outcome"] == {"type": "cancelled"}


async def test_a_client_that_leaves_frees_its_session(gateway: str) -> None:
    session = str(uuid4())
    async with httpx.AsyncClient(base_url=gateway, timeout=30) as client:
        long = {"prompt": "count from 1 to 400", "session_id": session}
        headers = {"Accept": "text/event-stream"}
        async with client.stream("POST", "/invocations", json=long, headers=headers) as first:
            await anext(first.aiter_lines())
        await becomes_idle(client)
        assert (await client.post("/invocations", json=long | {"prompt": "hi"})).status_code == 200


async def becomes_idle(client: httpx.AsyncClient, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while (await client.get("/ping")).json()["status"] != "Healthy":  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.05)


class Caller:
    """A native WebSocket client that speaks recordings and takes down what it hears."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.log: list[dict[str, Any]] = []
        self.changed = asyncio.Event()

    async def listen(self) -> None:
        async for message in self._socket:
            if isinstance(message, bytes):
                self.log.append({"type": "audio", "bytes": len(message)})
            else:
                self.log.append(json.loads(message))
            self.changed.set()

    async def until(self, kind: str, count: int = 1, seconds: float = 40.0) -> int:
        """Wait for the n-th of a kind; gives its place."""
        async with asyncio.timeout(seconds):
            while len(places := self.places(kind)) < count:
                self.changed.clear()
                await self.changed.wait()
        return places[count - 1]

    def places(self, kind: str) -> list[int]:
        return [place for place, each in enumerate(self.log) if each["type"] == kind]

    async def say(self, phrase: str) -> None:
        """Speak in real time: 20 ms a frame, and half a second of silence at the end."""
        question = await asyncio.to_thread(read_question, AUDIO / f"{phrase}.wav")
        frame = question.sample_rate // 50 * 2
        pcm = question.pcm + bytes(question.sample_rate)
        for start in range(0, len(pcm), frame):
            await self._socket.send(pcm[start : start + frame])
            await asyncio.sleep(0.02)


async def test_speaking_over_the_answer_stops_it_and_is_answered(gateway: str) -> None:
    async with connect(websocket_url(gateway)) as socket:
        caller = Caller(socket)
        listening = asyncio.create_task(caller.listen())
        await socket.send(json.dumps({"type": "session.start", "inputSampleRate": 16000}))
        await caller.say("count")
        await caller.until("audio")
        await caller.say("multiply")
        flushed = await caller.until("gateway.audio.flush")
        ended = await caller.until("RUN_FINISHED")
        assert caller.log[ended]["outcome"] == {"type": "cancelled"}
        resumed = await caller.until("gateway.audio.start", count=2)
        between = caller.log[flushed:resumed]
        assert [each for each in between if each["type"] == "audio"] == []
        await caller.until("RUN_FINISHED", count=2)
        results = [each["content"] for each in caller.log if each["type"] == "TOOL_CALL_RESULT"]
        assert results == ["714"]
        listening.cancel()
    async with httpx.AsyncClient(base_url=gateway, timeout=10) as client:
        await becomes_idle(client)


async def test_hanging_up_in_the_middle_of_the_answer_frees_everything(gateway: str) -> None:
    async with httpx.AsyncClient(base_url=gateway, timeout=10) as client:
        socket = await connect(websocket_url(gateway))
        caller = Caller(socket)
        listening = asyncio.create_task(caller.listen())
        await socket.send(json.dumps({"type": "session.start"}))
        await socket.send(json.dumps({"type": "input.text", "text": words("count")}))
        await caller.until("audio")
        assert (await client.get("/ping")).json()["status"] == "HealthyBusy"
        await socket.close()
        await asyncio.gather(listening, return_exceptions=True)
        await becomes_idle(client)
