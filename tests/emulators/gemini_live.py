"""Gemini Live's WebSocket on the loopback, as far as strands' class uses it; strict."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.emulators.certificates import make_certificates
from tests.emulators.scripting import Scripts
from tests.emulators.sonic.hearing import Change, Hearing, tone

RATE_IN, RATE_OUT = 16000, 24000
HANDLE = "handle-of-the-session"
_METHOD = "GenerativeService.BidiGenerateContent"


@dataclass(frozen=True)
class Live:
    """How one connection goes.

    Attributes:
        say: the words of each answer.
        status: the handshake is refused with this.
        refusal: the connection is closed with this code instead of a set-up.
        cut: close the connection within the first answer.
    """

    say: str = "Hello."
    status: int | None = None
    refusal: int | None = None
    cut: bool = False


@dataclass
class Record:
    """One connection, as it was seen."""

    path: str
    setup: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def heard(self) -> bytes:
        """The sound that came: PCM16 mono at ``RATE_IN``."""
        pieces = [each["audio"]["data"] for m in self.messages if "audio" in (each := _said(m))]
        return b"".join(map(base64.urlsafe_b64decode, pieces))


class GeminiLiveService:
    """Goes by scripts, one for each connection."""

    def __init__(self) -> None:
        self.scripts: Scripts[Live] = Scripts(Live())
        self.records: list[Record] = []
        self.url = ""
        self._taken: dict[str, Live] = {}

    @property
    def violations(self) -> list[str]:
        """What was wrong with what clients sent."""
        return [each for record in self.records for each in record.violations]

    @asynccontextmanager
    async def serving(self, folder: Path) -> AsyncIterator[Path]:
        """Listen on a free port while the block runs; yields the authority's certificate.

        Google's library speaks TLS only.
        """
        certificates = make_certificates(folder)
        context = certificates.server_context("http/1.1")
        async with serve(
            self._attend, "127.0.0.1", 0, process_request=self._admit, ssl=context
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"https://127.0.0.1:{port}"
            yield certificates.authority

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        script = self.scripts.take()
        record = Record(request.path)
        self.records.append(record)
        if _METHOD not in request.path:
            record.violations.append(f"path {request.path}")
        self._taken[str(connection.id)] = script
        if script.status is not None:
            return connection.respond(HTTPStatus(script.status), "refused\n")
        return None

    async def _attend(self, connection: ServerConnection) -> None:
        script, record = self._taken[str(connection.id)], self.records[-1]
        with suppress(ConnectionClosed):
            record.setup = json.loads(await connection.recv()).get("setup") or {}
            if not record.setup.get("model"):
                record.violations.append("no set-up with a model comes first")
            if script.refusal is not None:
                await connection.close(script.refusal, "refused by the test")
                return
            await _send(connection, setupComplete={})
            await _send(
                connection, sessionResumptionUpdate={"newHandle": HANDLE, "resumable": True}
            )
            await _converse(connection, script, record)


async def _converse(connection: ServerConnection, script: Live, record: Record) -> None:
    hearing = Hearing(RATE_IN, 0.5)
    async for frame in connection:
        message = json.loads(frame)
        record.messages.append(message)
        said = _said(message)
        if "audio" in said:
            pcm = base64.urlsafe_b64decode(said["audio"]["data"])
            if Change.ENDED in hearing.feed(pcm):
                await _answer(connection, script, "hello there")
        elif "text" in said:
            await _answer(connection, script, None)
        elif "clientContent" not in message and "client_content" not in message:
            record.violations.append(f"unknown message {list(message)}")


def _said(message: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = message.get("realtimeInput") or message.get("realtime_input") or {}
    return said


async def _answer(connection: ServerConnection, script: Live, heard: str | None) -> None:
    if heard is not None:
        await _send(connection, serverContent={"inputTranscription": {"text": heard}})
    data = base64.b64encode(tone(440, 0.2, RATE_OUT)).decode()
    part = {"inlineData": {"mimeType": f"audio/pcm;rate={RATE_OUT}", "data": data}}
    await _send(connection, serverContent={"modelTurn": {"parts": [part]}})
    await _send(connection, serverContent={"outputTranscription": {"text": script.say}})
    if script.cut:
        connection.transport.abort()
        return
    await _send(connection, serverContent={"generationComplete": True})
    await _send(connection, serverContent={"turnComplete": True})


async def _send(connection: ServerConnection, **members: Any) -> None:
    await connection.send(json.dumps(members))
