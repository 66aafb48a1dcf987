"""The native dialect (``gateway.v1``): text and audio of one conversation, both ways.

The conversation opens with ``session.start``, or with the first input if the client sends none.
"""

import asyncio
from typing import Protocol
from uuid import uuid4

import msgspec

from protocols.contract.conversations import SessionKey, checked_session_id
from protocols.contract.errors import GatewayError, NotFound, NotSupported, TimedOut
from protocols.contract.inputs import LiveOptions
from protocols.live.dialogue import Dialogue, EndReason, Output, Say
from protocols.live.messages import (
    ClientMessage,
    Playback,
    ResponseCancel,
    SessionStart,
    SessionStop,
    ToolOutcome,
    decode,
)
from protocols.live.pacing import Pace
from protocols.live.racing import first_of
from protocols.live.session import LiveSession, SampleRates
from protocols.websocket.connection import Close, Frame, Line
from protocols.websocket.connections import DRAINING
from protocols.websocket.dialects.written import WrittenSession
from protocols.websocket.services import WebSocketServices

_CLOSES: dict[EndReason, Close] = {"draining": DRAINING}


class Session(Protocol):
    """An open conversation: spoken (``LiveSession``) or written (``WrittenSession``)."""

    async def run(self) -> EndReason:
        """Greet the client and serve until it is over."""
        ...

    async def hear(self, pcm: bytes) -> None:
        """Take sound of the user."""
        ...

    async def receive(self, message: ClientMessage) -> None:
        """Do what a message asks for."""
        ...

    async def refuse(self, error: Exception) -> None:
        """Tell that an input was not taken."""
        ...

    async def fail(self, error: Exception) -> None:
        """Tell that it failed; nothing follows."""
        ...

    async def drain(self) -> None:
        """End as soon as no turn runs."""
        ...

    def stop(self, reason: EndReason) -> None:
        """End now."""
        ...

    async def aclose(self) -> None:
        """Free the conversation."""
        ...


class NativeDialect:
    """Serves one connection."""

    def __init__(
        self,
        connection: Line,
        services: WebSocketServices,
        caller: str,
        session_id: str | None,
    ) -> None:
        self._connection = connection
        self._services = services
        self._caller = caller
        self._session_given = session_id is not None
        self._dialogue = Dialogue(session_id or str(uuid4()))
        self._session: Session | None = None
        self._reason: EndReason = "ended"

    async def serve(self, first: Frame) -> Close:
        """Converse until one side ends it."""
        start, pending = await self._wait_for_start(first)
        if start is None:
            await self._say(self._dialogue.ended(self._reason))
            return _CLOSES.get(self._reason, Close())
        session = await self._open(start)
        self._session = session
        try:
            await first_of(self._run(session), self._read(session, pending), self._drain(session))
        finally:
            await session.aclose()
        return _CLOSES.get(self._reason, Close())

    async def tell(self, error: Exception) -> None:
        """Tell that the conversation failed."""
        if self._session is not None:
            await self._session.fail(error)
        else:
            await self._say(self._dialogue.failed(error) + self._dialogue.ended("failed"))

    async def _wait_for_start(self, first: Frame) -> tuple[SessionStart | None, Frame | None]:
        """Give the start, or None if there is none, and the input that came instead of it."""
        frame: Frame | None = first
        while frame is not None:
            try:
                message = None if isinstance(frame, bytes) else decode(frame)
                match message:
                    case SessionStart():
                        _check_served(message)
                        return message, None
                    case SessionStop():
                        self._reason = "stopped"
                        return None, None
                    case ToolOutcome():
                        raise NotFound("No tool call waits for a result of the client.")
                    case ResponseCancel() | Playback():
                        pass  # there is nothing yet to cancel or to have heard
                    case _:
                        if message is not None or isinstance(frame, bytes):
                            return SessionStart(), frame
            except GatewayError as error:
                await self._say(self._dialogue.refused(error))
            frame = await self._receive()
        self._reason = "draining"
        await self._say(self._dialogue.draining())
        return None, None

    async def _receive(self) -> Frame | None:
        """Wait for a frame; None when the server is about to stop."""
        try:
            async with asyncio.timeout(self._services.idle_seconds):
                return await self._services.connections.unless_draining(self._connection.receive())
        except TimeoutError as error:
            raise TimedOut("The session was not started. Send session.start.") from error

    async def _open(self, start: SessionStart) -> Session:
        if start.session_id is not None and not self._session_given:
            self._dialogue.session_id = checked_session_id(start.session_id)
        key = SessionKey(self._caller, self._dialogue.session_id)
        instructions = _instructions(start)
        if not start.audio:
            return WrittenSession(
                self._services.conversations, key, self._connection, self._dialogue, instructions
            )
        options = LiveOptions(voice=start.voice, language=start.language, instructions=instructions)
        conversation = await self._services.conversations.open(key, options, "ws")
        return LiveSession(
            conversation,
            self._connection,
            self._dialogue,
            pace=Pace(),
            sample_rates=SampleRates(start.input_sample_rate, start.output_sample_rate),
        )

    async def _run(self, session: Session) -> None:
        self._reason = await session.run()

    async def _read(self, session: Session, pending: Frame | None) -> None:
        frame = pending if pending is not None else await self._connection.receive()
        while True:
            try:
                await _take(session, frame)
            except GatewayError as error:
                await session.refuse(error)
            frame = await self._connection.receive()

    async def _drain(self, session: Session) -> None:
        connections = self._services.connections
        await connections.draining.wait()
        await session.drain()  # it ends when its turn does
        await connections.overdue.wait()
        session.stop("draining")
        await asyncio.Event().wait()

    async def _say(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Say):
                await self._connection.say(output.document)


async def _take(session: Session, frame: Frame) -> None:
    if isinstance(frame, bytes):
        await session.hear(frame)
        return
    message = decode(frame)
    if message is not None:
        await session.receive(message)


def _check_served(start: SessionStart) -> None:
    if start.tools:
        raise NotSupported(
            "Tools that the client runs are not served in a session. Leave tools out, or run "
            "them with AG-UI (a RunAgentInput as the first message, or POST /invocations)."
        )
    if start.resume_token is not None or start.last_seq is not None:
        raise NotSupported(
            "Resuming a dropped connection is not served. Leave resumeToken and lastSeq out; "
            "the same sessionId goes on with the same conversation."
        )


def _instructions(start: SessionStart) -> tuple[str, ...]:
    """What the model should know, as AG-UI's context and state are given to it."""
    known = [f"{item.description}: {item.value}" for item in start.context]
    if start.state not in (None, {}, [], ""):
        known.append(f"State of the application: {msgspec.json.encode(start.state).decode()}")
    return tuple(known)
