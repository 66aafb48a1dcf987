"""OpenAI Realtime's WebSocket on the loopback: what clients may send, and what it sends; strict.

As the reference of its events describes it, as far as strands' class uses it: one session, server
VAD in audio time, one response at a time. What breaks a rule is recorded and refused.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.emulators.scripting import Scripts
from tests.emulators.sonic.hearing import Change, Hearing, tone

RATE = 24000
_PIECE_BYTES = 4800
_END_SILENCE_SECONDS = 0.5
_ITEM_TYPES = {"message", "function_call", "function_call_output"}
_TEXT_OF = {"user": "input_text", "assistant": "output_text", "system": "input_text"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a turn of the user is answered.

    Attributes:
        heard: the transcript of the speech.
        say: the words; the sound is a tone of ``seconds``.
        call: name and arguments of a function that is called instead.
        failed: the code of the error with which the response fails.
        cut: close the connection without a word, after half the sound.
    """

    heard: str = "hello there"
    say: str = "You said hello."
    seconds: float = 0.4
    call: tuple[str, str] | None = None
    failed: str | None = None
    cut: bool = False


@dataclass(frozen=True)
class Refused:
    """The handshake is answered with this status."""

    status: int


@dataclass(frozen=True)
class Session:
    """One connection: the last of ``answers`` answers all further turns.

    One that ``stalls`` neither reads nor answers; it is there, and no more. One that is ``deaf``
    after so many seconds of sound closes the connection then, with nothing told that is later.
    """

    answers: tuple[Answer, ...] = (Answer(),)
    update_error: str | None = None
    stalls: bool = False
    deaf_after_seconds: float | None = None


@dataclass
class Record:
    """One connection, as it was seen."""

    path: str
    authorization: str
    events: list[dict[str, Any]] = field(default_factory=list)
    pcm_in: bytearray = field(default_factory=bytearray)
    violations: list[str] = field(default_factory=list)

    def items(self) -> list[dict[str, Any]]:
        """The items that the client has made."""
        return [each["item"] for each in self.events if each["type"] == "conversation.item.create"]

    def names(self) -> list[str]:
        """Types of what the client sent, sound left out."""
        names = [each["type"] for each in self.events]
        return [name for name in names if name != "input_audio_buffer.append"]


class RealtimeService:
    """Goes by scripts, one for each connection."""

    def __init__(self) -> None:
        self.scripts: Scripts[Session | Refused] = Scripts(Session())
        self.records: list[Record] = []
        self.url = ""
        self._taken: dict[str, Session] = {}

    @property
    def violations(self) -> list[str]:
        """What was wrong with what clients sent."""
        return [each for record in self.records for each in record.violations]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen on a free port while the block runs."""
        async with serve(
            self._attend, "127.0.0.1", 0, process_request=self._admit, close_timeout=0.5
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"http://127.0.0.1:{port}/v1"
            yield

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        script = self.scripts.take()
        record = Record(request.path, request.headers.get("Authorization", ""))
        self.records.append(record)
        if isinstance(script, Refused):
            return connection.respond(HTTPStatus(script.status), "refused\n")
        if not request.path.startswith("/v1/realtime?model="):
            record.violations.append(f"path {request.path}")
            return connection.respond(HTTPStatus.NOT_FOUND, "no such path\n")
        self._taken[str(connection.id)] = script
        return None

    async def _attend(self, connection: ServerConnection) -> None:
        talk = _Talk(connection, self._taken[str(connection.id)], self.records[-1])
        with suppress(ConnectionClosed):  # the client left
            await talk.hold()


class _Talk:
    """One session."""

    def __init__(self, connection: ServerConnection, script: Session, record: Record) -> None:
        self._connection = connection
        self._script = script
        self._record = record
        self._hearing = Hearing(RATE, _END_SILENCE_SECONDS)
        self._is_set_up = False
        self._turns = 0
        self._count = 0
        self._calls: set[str] = set()
        self._answering: asyncio.Task[None] | None = None

    async def hold(self) -> None:
        await self._send("session.created", session={"type": "realtime"})
        if self._script.stalls:
            self._connection.transport.pause_reading()
            await self._connection.wait_closed()
        try:
            async for frame in self._connection:
                event = json.loads(frame)
                self._record.events.append(event)
                await self._take(event)
        finally:
            if self._answering is not None:
                self._answering.cancel()
                await asyncio.gather(self._answering, return_exceptions=True)

    async def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind != "session.update" and not self._is_set_up:
            await self._refuse(f"{kind} before session.update")
        elif kind == "session.update":
            await self._set_up(event["session"])
        elif kind == "input_audio_buffer.append":
            await self._hear(base64.b64decode(event["audio"], validate=True))
        elif kind == "conversation.item.create":
            await self._add(event["item"])
        elif kind == "response.create":
            await self._respond(self._next())
        elif kind == "conversation.item.truncate":
            await self._send("conversation.item.truncated", **{**event, "type": None})
        else:
            await self._refuse(f"unknown event {kind}")

    async def _set_up(self, session: dict[str, Any]) -> None:
        form = {"type": "audio/pcm", "rate": RATE}
        audio = session.get("audio", {})
        if session.get("type") != "realtime":
            await self._refuse("session.type is not realtime")
        if [audio.get(way, {}).get("format") for way in ("input", "output")] != [form, form]:
            await self._refuse("the form of audio")
        if self._script.update_error is not None:
            await self._send("error", error={"code": self._script.update_error, "message": "x"})
            return
        self._is_set_up = True
        await self._send("session.updated", session=session)

    async def _hear(self, pcm: bytes) -> None:
        if len(pcm) % 2:
            await self._refuse("half a sample")
        self._record.pcm_in += pcm
        limit = self._script.deaf_after_seconds
        if limit is not None and len(self._record.pcm_in) > limit * RATE * 2:
            self._connection.transport.abort()
            return
        for change in self._hearing.feed(pcm):
            if change is Change.STARTED:
                self._count += 1
                await self._send("input_audio_buffer.speech_started", item_id=self._item())
                continue
            answer = self._next()
            item = self._item()
            await self._send("input_audio_buffer.speech_stopped", item_id=item)
            await self._send("input_audio_buffer.committed", item_id=item)
            await self._send(
                "conversation.item.input_audio_transcription.completed",
                item_id=item,
                content_index=0,
                transcript=answer.heard,
            )
            await self._respond(answer)

    async def _add(self, item: dict[str, Any]) -> None:
        kind = item.get("type")
        if kind not in _ITEM_TYPES:
            await self._refuse(f"item of type {kind}")
        if kind == "message":
            kinds = {part["type"] for part in item["content"]}
            if not kinds <= {_TEXT_OF[item["role"]], "input_image"}:
                await self._refuse(f"{kinds} in a message of the {item['role']}")
        if kind == "function_call_output" and item["call_id"] not in self._calls:
            await self._refuse(f"nobody called {item['call_id']}")
        added = {"id": f"item{len(self._record.events)}", **item}
        await self._send("conversation.item.added", item=added)

    async def _respond(self, answer: Answer) -> None:
        if self._answering is not None and not self._answering.done():
            await self._refuse("a response is active")
            return
        self._answering = asyncio.create_task(self._answer(answer))

    async def _answer(self, answer: Answer) -> None:
        self._count += 1
        response: dict[str, Any] = {"id": f"resp{self._count}", "status": "in_progress"}
        await self._send("response.created", response=response)
        if answer.call is not None:
            output = await self._call(response["id"], *answer.call)
        elif answer.failed is None:
            output = await self._speak(response["id"], answer)
        else:
            output = []
        usage = {"input_tokens": 30, "output_tokens": 20, "total_tokens": 50}
        done = {**response, "status": "completed", "output": output, "usage": usage}
        if answer.failed is not None:
            error = {"type": answer.failed, "code": answer.failed, "message": "x"}
            done |= {"status": "failed", "status_details": {"type": "failed", "error": error}}
        await self._send("response.done", response=done)

    async def _call(self, response_id: str, name: str, arguments: str) -> list[dict[str, Any]]:
        call_id = f"call{self._count}"
        self._calls.add(call_id)
        item = {
            "type": "function_call",
            "status": "completed",
            "id": self._item(),
            "call_id": call_id,
            "name": name,
            "arguments": arguments,
        }
        await self._send("response.output_item.done", response_id=response_id, item=item)
        return [item]

    async def _speak(self, response_id: str, answer: Answer) -> list[dict[str, Any]]:
        where = {"response_id": response_id, "item_id": self._item(), "content_index": 0}
        part = {"type": "audio"}
        await self._send("response.content_part.added", **where, part=part)
        await self._send("response.output_audio_transcript.delta", **where, delta=answer.say)
        pcm = tone(440, answer.seconds, RATE)
        for start in range(0, len(pcm), _PIECE_BYTES):
            if answer.cut and start >= len(pcm) // 2:
                self._connection.transport.abort()
                return []
            piece = base64.b64encode(pcm[start : start + _PIECE_BYTES]).decode()
            await self._send("response.output_audio.delta", **where, delta=piece)
        await self._send("response.output_audio.done", **where)
        content = [{"type": "output_audio", "transcript": answer.say}]
        return [{"type": "message", "role": "assistant", "content": content}]

    def _next(self) -> Answer:
        answer = self._script.answers[min(self._turns, len(self._script.answers) - 1)]
        self._turns += 1
        return answer

    def _item(self) -> str:
        return f"item{self._count}"

    async def _refuse(self, what: str) -> None:
        self._record.violations.append(what)
        await self._send("error", error={"code": "invalid_request_error", "message": what})

    async def _send(self, kind: str, **members: Any) -> None:
        await self._connection.send(json.dumps({**members, "type": kind}))
