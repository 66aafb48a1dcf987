"""A gateway on emulated models, and the wires that carry text: what a client sees on each."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect

from tests.emulators.emulator import clean
from tests.server_process import ROOT, free_port, stop, wait_until_healthy

SECONDS = 30


@contextmanager
def gateway_on(environment: Mapping[str, str], log: Path, **settings: str) -> Iterator[str]:
    """Serve with the variables of an emulator and some settings; yields the URL."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=ROOT,
            env={**clean(os.environ), **environment, "GATEWAY_PORT": str(port), **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, process, log)
        yield url
    finally:
        stop(process)


@dataclass(frozen=True)
class Seen:
    """What a client was told: words, and the code of the error that ended them.

    ``retryable`` is told by JSON alone, ``events`` by AG-UI alone.
    """

    words: str
    code: str | None = None
    retryable: bool | None = None
    events: Sequence[Mapping[str, Any]] = ()


type Wire = Callable[[str, Mapping[str, Any]], Awaitable[Seen]]


def run_input(*content: Any, thread: str | None = None, **more: Any) -> dict[str, Any]:
    """A run with one message of the user."""
    said = content[0] if len(content) == 1 and isinstance(content[0], str) else list(content)
    return {
        "threadId": thread or str(uuid4()),
        "runId": str(uuid4()),
        "messages": [{"id": str(uuid4()), "role": "user", "content": said}],
        "state": {},
        "tools": [],
        "context": [],
        "forwardedProps": {},
    } | more


async def http_json(url: str, run: Mapping[str, Any]) -> Seen:
    """A prompt as JSON, answered as JSON."""
    body = {"prompt": run["messages"][-1]["content"], "session_id": run["threadId"]}
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        reply = (await client.post(f"{url}/invocations", json=body)).json()
    if "error" in reply:
        return Seen("", reply["code"], reply["retryable"])
    return Seen(reply["response"])


async def ag_ui(url: str, run: Mapping[str, Any]) -> Seen:
    """A run of AG-UI as Server-Sent Events."""
    headers = {"Accept": "text/event-stream"}
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        reply = await client.post(f"{url}/invocations", json=run, headers=headers)
    lines = [line for line in reply.text.splitlines() if line.startswith("data: ")]
    return _seen([json.loads(line.removeprefix("data: ")) for line in lines])


async def web_socket(url: str, run: Mapping[str, Any]) -> Seen:
    """A run of AG-UI on the WebSocket."""
    events = []
    async with (
        asyncio.timeout(SECONDS),
        connect(f"{url}/ws".replace("http", "ws", 1)) as socket,
    ):
        await socket.send(json.dumps(run))
        async for frame in socket:
            events.append(json.loads(frame))
            if events[-1]["type"] in ("RUN_FINISHED", "RUN_ERROR"):
                break
    return _seen(events)


WIRES: Mapping[str, Wire] = {"http": http_json, "ag-ui": ag_ui, "websocket": web_socket}


def _seen(events: list[dict[str, Any]]) -> Seen:
    words = "".join(each["delta"] for each in events if each["type"] == "TEXT_MESSAGE_CONTENT")
    return Seen(words, events[-1].get("code"), events=events)
