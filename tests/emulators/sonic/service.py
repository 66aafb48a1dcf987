"""The operation InvokeModelWithBidirectionalStream of one emulated Bedrock."""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.emulators.event_stream import (
    CONTENT_TYPE,
    Decoder,
    FramingError,
    Message,
    encode,
    event,
    exception,
)
from tests.emulators.http2 import Http2Stream
from tests.emulators.responses import error_response, response_headers
from tests.emulators.scripting import Break, Fault, Records, Refusal, Scripts, StreamException
from tests.emulators.signatures import EventChain, Signature
from tests.emulators.sonic.conversation import SonicConversation
from tests.emulators.sonic.demonstration import demonstrate
from tests.emulators.sonic.inputs import InputViolation
from tests.emulators.sonic.outputs import Frame
from tests.emulators.sonic.scripts import Session, SonicScript

type Outcome = Literal["running", "ended", "refused", "failed", "violation", "client left"]


@dataclass(frozen=True)
class Seen:
    """One event and when it came or went, in seconds since the session's start."""

    at: float
    name: str
    body: dict[str, Any]


@dataclass
class SessionRecord:
    """One connection and what became of it."""

    model_id: str
    started_at: float
    outcome: Outcome = "running"
    received: list[Seen] = field(default_factory=list)
    sent: list[Seen] = field(default_factory=list)
    pcm_in: bytearray = field(default_factory=bytearray)
    pcm_out: bytearray = field(default_factory=bytearray)
    violations: list[str] = field(default_factory=list)
    signed_events: int = 0
    is_signed_to_the_end: bool = False

    def names(self, *, without_audio: bool = True) -> list[str]:
        """Names of what the client sent, in order."""
        names = [seen.name for seen in self.received]
        return [name for name in names if name != "audioInput" or not without_audio]

    def bodies(self, name: str) -> list[dict[str, Any]]:
        """Bodies of what the client sent under a name, in order."""
        return [seen.body for seen in self.received if seen.name == name]


class SonicService:
    """Goes by scripts, else by the demonstration; records every session."""

    def __init__(self) -> None:
        self.scripts: Scripts[SonicScript] = Scripts(Session(turns=(demonstrate,)))
        self.sessions: Records[SessionRecord] = Records()

    @property
    def violations(self) -> list[str]:
        """What was wrong with what clients sent."""
        return [each for session in self.sessions.all() for each in session.violations]

    def ended(self, count: int) -> list[SessionRecord]:
        """The sessions, once so many have come and each has ended.

        Raises:
            TimeoutError: that did not happen in time.
        """
        return self.sessions.wait_for(
            lambda sessions: (
                list(sessions)
                if len(sessions) >= count and all(each.outcome != "running" for each in sessions)
                else []
            )
        )

    async def answer(self, stream: Http2Stream, model_id: str, signature: Signature) -> None:
        """Hold a session whose request is rightly signed."""
        script = self.scripts.take()
        record = self.sessions.add(SessionRecord(model_id, time.monotonic()))
        outcome: Outcome = "client left"
        try:
            if isinstance(script, Refusal):
                await stream.respond(*error_response(script))
                outcome = "refused"
            else:
                talk = _Talk(self.sessions, record, script, EventChain(signature))
                outcome = await talk.hold(stream)
        except ConnectionError:
            pass
        finally:
            with self.sessions.changing():
                record.outcome = outcome


class _Talk:
    """The two directions of one session: one task reads, the caller of ``hold`` writes."""

    def __init__(
        self,
        records: Records[SessionRecord],
        record: SessionRecord,
        script: Session,
        chain: EventChain,
    ) -> None:
        self._records = records
        self._record = record
        self._script = script
        self._chain = chain
        self._conversation = SonicConversation(script, time.monotonic())
        self._woken = asyncio.Event()
        self._has_headers = False
        self._is_at_end = False

    async def hold(self, stream: Http2Stream) -> Outcome:
        """Talk until one side ends it."""
        if not self._script.is_reading:
            await self._headers(stream)
            await stream.left.wait()
            return "client left"
        reading = asyncio.create_task(self._read(stream))
        reading.add_done_callback(lambda _: self._woken.set())
        try:
            if self._script.headers == "never":
                await stream.left.wait()
                raise ConnectionResetError("the client left")
            if self._script.headers == "at once":
                await self._headers(stream)
            return await self._write(stream, reading)
        except ConnectionError:
            # Clients may hang up as soon as they have said so: hear them out.
            await asyncio.gather(reading, return_exceptions=True)
            return self._farewell
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _headers(self, stream: Http2Stream) -> None:
        """Send the headers, unless they are out already."""
        if not self._has_headers:
            self._has_headers = True
            await stream.start(200, response_headers(CONTENT_TYPE))

    async def _write(self, stream: Http2Stream, reading: "asyncio.Task[None]") -> Outcome:
        while True:
            if reading.done() and (error := reading.exception()) is not None:
                return await self._stop(stream, error)
            step = self._conversation.take(time.monotonic())
            if isinstance(step, Frame):
                await self._headers(stream)
                await self._send(stream, step)
            elif isinstance(step, float) or step is None:
                if self._conversation.is_ended or self._is_at_end:
                    await self._headers(stream)
                    await stream.finish()
                    return self._farewell
                await self._wait(step)
            else:
                await self._headers(stream)
                await _fail(stream, step)
                return "failed"

    @property
    def _farewell(self) -> Outcome:
        return "ended" if self._conversation.is_ended else "client left"

    async def _wait(self, seconds: float | None) -> None:
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _send(self, stream: Http2Stream, frame: Frame) -> None:
        payload = json.dumps({"bytes": base64.b64encode(frame.json).decode()}).encode()
        await stream.send(encode(event("chunk", payload)))
        with self._records.changing():
            at = time.monotonic() - self._record.started_at
            self._record.sent.append(Seen(at, frame.name, dict(frame.body)))
            self._record.pcm_out += frame.pcm

    async def _stop(self, stream: Http2Stream, error: BaseException) -> Outcome:
        """Answer what was wrong with the client's events."""
        if not isinstance(error, InputViolation | FramingError):
            raise error
        with self._records.changing():
            self._record.violations.append(str(error))
        await self._headers(stream)
        await _fail(stream, StreamException("validationException", str(error)))
        return "violation"

    async def _read(self, stream: Http2Stream) -> None:
        decoder = Decoder()
        while (data := await stream.receive()) is not None:
            for message in decoder.feed(data):
                self._take(message)
                self._woken.set()
        if decoder.waiting_bytes:
            raise FramingError("the request ends within a message")
        self._is_at_end = True

    def _take(self, message: Message) -> None:
        if not self._chain.check(message):
            raise InputViolation("an event is not rightly signed")
        if self._record.is_signed_to_the_end:
            raise InputViolation("something follows the last message")
        if not message.payload:
            with self._records.changing():
                self._record.is_signed_to_the_end = True
            return
        name, body = _opened(message.payload)
        with self._records.changing():
            at = time.monotonic() - self._record.started_at
            self._record.signed_events += 1
            self._record.received.append(Seen(at, name, body))
        self._conversation.receive(name, body, time.monotonic())
        if name == "audioInput":
            with self._records.changing():
                self._record.pcm_in += base64.b64decode(body["content"])


def _opened(payload: bytes) -> tuple[str, dict[str, Any]]:
    """Unpack an event: signed message, message, JSON, base64, JSON."""
    messages = list(Decoder().feed(payload))
    if len(messages) != 1 or messages[0].text(":event-type") != "chunk":
        raise InputViolation("a signed message should hold one chunk")
    try:
        inner = json.loads(base64.b64decode(json.loads(messages[0].payload)["bytes"]))
        ((name, body),) = inner["event"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputViolation("a chunk should hold one event") from error
    return name, body


async def _fail(stream: Http2Stream, fault: Fault) -> None:
    if isinstance(fault, StreamException):
        message = json.dumps({"message": fault.message}).encode()
        await stream.send(encode(exception(fault.kind, message)))
        await stream.finish()
        return
    whole = encode(event("chunk", b'{"bytes":"bG9zdA=="}'))
    match fault:
        case Break.TCP_CUT:
            stream.cut()
        case Break.RST_STREAM:
            await stream.reset()
        case Break.END_STREAM:
            await stream.finish()
        case Break.TRUNCATED_MESSAGE:
            await stream.send(whole[: len(whole) // 2])
            await stream.finish()
        case Break.BAD_CHECKSUM:
            await stream.send(whole[:-1] + bytes([whole[-1] ^ 1]))
            await stream.finish()
        case Break.SILENCE:
            await stream.left.wait()
