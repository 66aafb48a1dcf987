"""How a client speaks on each wire: a phrase in, what the agent answered out.

Phrases are recordings of ``tests/audio``; the wires that carry text say the words of the recording.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect

from gateway.cli import talk_http, talk_webrtc, talk_ws
from gateway.cli.address import parse_address
from gateway.cli.answer import Answer
from gateway.cli.talk import read_question
from protocols.streaming import SESSION_HEADER
from tests.server_process import ROOT

AUDIO = ROOT / "tests" / "audio"
_SECONDS = 60.0


@cache
def manifest() -> Mapping[str, Mapping[str, Any]]:
    """What is said in each recording, and what is expected."""
    entries = json.loads((AUDIO / "manifest.json").read_text())
    return {Path(entry["file"]).stem: entry for entry in entries}


def words(phrase: str) -> str:
    """The words of a recording."""
    text: str = manifest()[phrase]["text"]
    return text


async def http(url: str, session: str, phrase: str) -> str:
    """A prompt as JSON, answered as JSON."""
    reply = await _post(url, {"prompt": words(phrase), "session_id": session})
    text: str = reply.json()["response"]
    return text


async def sse(url: str, session: str, phrase: str) -> str:
    """A prompt as JSON, answered as an event stream."""
    reply = await _post(
        url,
        {"prompt": words(phrase)},
        {"Accept": "text/event-stream", SESSION_HEADER: session},
    )
    return said(events_of(reply.text))


async def agui(url: str, session: str, phrase: str) -> str:
    """An AG-UI run over HTTP."""
    reply = await _post(url, run_input(session, phrase), {"Accept": "text/event-stream"})
    return heard(session, events_of(reply.text))


async def ws_agui(url: str, session: str, phrase: str) -> str:
    """The same over the WebSocket."""
    async with connect(websocket_url(url)) as socket, asyncio.timeout(_SECONDS):
        await socket.send(json.dumps(run_input(session, phrase)))
        return heard(session, await _run_of(socket))


async def ws_text(url: str, session: str, phrase: str) -> str:
    """The native dialect, typed and read."""
    async with connect(websocket_url(url)) as socket, asyncio.timeout(_SECONDS):
        start = {"type": "session.start", "sessionId": session, "audio": False}
        await socket.send(json.dumps(start))
        await socket.send(json.dumps({"type": "input.text", "text": words(phrase)}))
        return said(await _run_of(socket))


async def spoken(url: str, session: str, phrase: str) -> str:
    """A recording, answered by a recording."""
    return (await talk("http", url, session, phrase)).reply


async def ws_voice(url: str, session: str, phrase: str) -> str:
    """The native dialect, spoken and heard."""
    return (await talk("ws", url, session, phrase)).reply


async def webrtc(url: str, session: str, phrase: str) -> str:
    """A call."""
    return (await talk("webrtc", url, session, phrase)).reply


type Say = Callable[[str, str, str], Awaitable[str]]

WIRES: Mapping[str, Say] = {
    "http": http,
    "sse": sse,
    "agui": agui,
    "ws_agui": ws_agui,
    "ws_text": ws_text,
    "spoken": spoken,
    "ws_voice": ws_voice,
    "webrtc": webrtc,
}

_TALK = {"http": talk_http.ask, "ws": talk_ws.ask, "webrtc": talk_webrtc.ask}


async def talk(via: str, url: str, session: str, phrase: str) -> Answer:
    """Say a recording on a voice path."""
    question = await asyncio.to_thread(read_question, AUDIO / f"{phrase}.wav")
    async with asyncio.timeout(_SECONDS):
        return await _TALK[via](question, parse_address(url), session)


# An AG-UI client owns its conversation: what it shows, by session.
SHOWN: dict[str, list[dict[str, Any]]] = {}


def run_input(session: str, phrase: str) -> dict[str, Any]:
    """A run that asks one question, after all that the client shows already."""
    messages = SHOWN.setdefault(session, [])
    messages.append({"id": str(uuid4()), "role": "user", "content": words(phrase)})
    return {"threadId": session, "runId": str(uuid4()), "messages": messages}


def heard(session: str, events: list[dict[str, Any]]) -> str:
    """What the assistant wrote in a run; the client shows it from now on."""
    for event in events:
        if event["type"] == "MESSAGES_SNAPSHOT":
            SHOWN[session] = event["messages"]
    text = said(events)
    SHOWN[session].append({"id": str(uuid4()), "role": "assistant", "content": text})
    return text


def events_of(stream: str) -> list[dict[str, Any]]:
    """The events of an event stream."""
    lines = [line for line in stream.split("\n") if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def said(events: list[dict[str, Any]]) -> str:
    """What the assistant wrote in a run that ended well."""
    assert events[0]["type"] == "RUN_STARTED", events
    assert events[-1]["type"] == "RUN_FINISHED", events
    mine = {e["messageId"] for e in events if e.get("role") == "assistant"}
    return "".join(e["delta"] for e in events if e.get("messageId") in mine and "delta" in e)


def websocket_url(url: str) -> str:
    """Where the WebSocket is."""
    return f"ws{url.removeprefix('http')}/ws"


async def _run_of(socket: Any) -> list[dict[str, Any]]:
    """Read up to the end of a run; gateway messages are left out."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] not in ("RUN_FINISHED", "RUN_ERROR"):
        event = json.loads(await socket.recv())
        if not event["type"].startswith("gateway."):
            events.append(event)
    return events


async def _post(url: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(timeout=_SECONDS) as client:
        reply = await client.post(f"{url}/invocations", json=body, headers=headers)
        assert reply.status_code == 200, reply.text
        return reply
