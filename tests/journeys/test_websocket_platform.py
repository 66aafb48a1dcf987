"""What AgentCore's platform and browsers ask of a WebSocket, on the real process."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.journeys.wires import websocket_url
from tests.server_process import serve

_SECONDS = 60
PROMPT = json.dumps({"prompt": "hello"})


async def test_nothing_is_compressed_even_if_the_client_could(gateway: str) -> None:
    async with connect(websocket_url(gateway), compression="deflate") as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_pages_of_other_origins_are_refused_before_the_upgrade(gateway: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(websocket_url(gateway), origin="https://evil.example")  # type: ignore[arg-type]  # an origin is a string
    assert refused.value.response.status_code == 403
    async with connect(websocket_url(gateway), origin=gateway) as socket:  # type: ignore[arg-type]
        await socket.send(PROMPT)
        async with asyncio.timeout(_SECONDS):
            assert "response" in json.loads(await socket.recv())


async def test_an_impossible_session_is_refused_before_the_upgrade(gateway: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{websocket_url(gateway)}?session_id={'x' * 300}")
    assert refused.value.response.status_code == 403


async def test_a_text_that_is_no_utf_8_is_closed_and_no_fault_of_the_server(gateway: str) -> None:
    # The log of this gateway is looked through for tracebacks when it ends.
    async with asyncio.timeout(_SECONDS), connect(websocket_url(gateway)) as socket:
        await socket.send(b'{"prompt": "\xff"}', text=True)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007


async def test_a_run_is_cancelled_by_the_action_and_the_next_one_runs_on_the_same_socket(
    gateway: str,
) -> None:
    thread = str(uuid4())

    async def run(socket: ClientConnection, name: str, words: str, until: str) -> Any:
        question = {"id": name, "role": "user", "content": words}
        body = {"threadId": thread, "runId": name, "messages": [question]}
        await socket.send(json.dumps(body))
        while (event := json.loads(await socket.recv()))["type"] != until:
            pass
        return event

    async with (
        asyncio.timeout(_SECONDS),
        httpx.AsyncClient(base_url=gateway) as client,
        connect(websocket_url(gateway)) as socket,
    ):
        await run(socket, "one", "count from 1 to 400", "TEXT_MESSAGE_CONTENT")
        cancel = {"action": "cancel", "session_id": thread}
        told = (await client.post("/invocations", json=cancel)).json()
        assert told == {"status": "success", "cancelled": True}
        while (event := json.loads(await socket.recv()))["type"] != "RUN_FINISHED":
            pass
        assert (event["runId"], event["outcome"]) == ("one", {"type": "cancelled"})
        event = await run(socket, "two", "what is 6 times 7", "RUN_FINISHED")
        assert (event["runId"], event["outcome"]) == ("two", {"type": "success"})


RUN: dict[str, Any] = {"threadId": "t", "runId": "r", "messages": []}
STOP = [{"type": "session.start", "audio": False}, {"type": "session.stop"}]
CLOSES: list[tuple[list[Any], int, str]] = [
    (STOP, 1000, ""),
    ([{"type": "hello"}], 1003, "VALIDATION_ERROR"),
    ([RUN | {"messages": 7}], 1003, "VALIDATION_ERROR"),
    ([], 1008, "TIMED_OUT"),
    (STOP[:1], 1008, "TIMED_OUT"),
    ([{"event": {"sessionStart": {}}}], 1008, "TIMED_OUT"),
    ([{"type": "config"}, {"type": "text_input", "text": "x" * 2000}], 1009, "PAYLOAD_TOO_LARGE"),
    ([{"event": {"sessionStart": {}, "x": "x" * 2000}}], 1009, "PAYLOAD_TOO_LARGE"),
]


async def test_every_end_has_its_code_and_its_reason(tmp_path: Path) -> None:
    seconds = dict.fromkeys(("GATEWAY_FIRST_MESSAGE_SECONDS", "GATEWAY_IDLE_SECONDS"), "1")
    limits = {"GATEWAY_MAX_FRAME_BYTES": "1024", **seconds}
    with serve(tmp_path / "log", **limits) as url:
        for messages, code, reason in CLOSES:
            async with asyncio.timeout(_SECONDS), connect(websocket_url(url)) as socket:
                with pytest.raises(ConnectionClosed) as closed:
                    for message in messages:
                        await socket.send(json.dumps(message))
                    while True:
                        await socket.recv()
            assert closed.value.rcvd is not None, messages
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason), messages
    assert "Traceback" not in (tmp_path / "log").read_text()
