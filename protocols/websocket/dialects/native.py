"""The native dialect (``gateway.v1``): text and audio of one conversation, both ways.

The conversation opens with ``session.start``, or with the first input if the client sends none. A
spoken one may outlive its connection, see ``protocols.websocket.resuming``.
"""

import asyncio
from typing import Protocol
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType

from protocols.contract.conversations import SessionKey, checked_session_id
from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    NotFound,
    NotSupported,
    TimedOut,
    TooLarge,
)
from protocols.contract.inputs import Json, LiveOptions, UserTurn
from protocols.live.dialogue import Dialogue, EndReason, Output, Say
from protocols.live.line import Outlet
from protocols.live.messages import (
    ClientMessage,
    InputImage,
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
from protocols.websocket.connection import Close, Connection, Frame, Gone, Line
from protocols.websocket.connections import DRAINING
from protocols.websocket.dialects.written import WrittenSession
from protocols.websocket.resuming import Resumable, TakenOver, Wire, new_token
from protocols.websocket.services import WebSocketServices

TAKEN_OVER = Close(1000, "TAKEN_OVER")

_CLOSES: dict[EndReason, Close] = {"draining": DRAINING}
# Closed by the client (done, page left, no code given), or by a server that stops.
_GONE_FOR_GOOD = {1000, 1001, 1005, 1012}


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
        self._found: Resumable | None = None
        self._reason: EndReason = "ended"

    async def serve(self, first: Frame) -> Close:
        """Converse until one side ends it."""
        start, pending = await self._wait_for_start(first)
        if start is None:
            await self._say(self._dialogue.ended(self._reason))
            return _CLOSES.get(self._reason, Close())
        if not start.audio:
            return await self._converse(self._written(start), pending)
        if self._found is not None:
            return await self._resume(self._found, start)
        return await self._speak(start, pending)

    async def tell(self, error: Exception) -> None:
        """Tell that the conversation failed."""
        if isinstance(self._session, LiveSession) and self._session.is_parked:
            return  # it waits for the client to come back
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
                        self._check(message)
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

    def _check(self, start: SessionStart) -> None:
        """Refuse a start that cannot be served; the client may send another one."""
        if not start.audio and start.resume_token is not None:
            raise NotSupported(
                "A session without audio cannot be resumed. Leave resumeToken out; the same "
                "sessionId goes on with the same conversation."
            )
        if start.resume_token is None:
            if start.last_seq is not None:
                raise InvalidInput("lastSeq needs the resumeToken of the session it is about.")
            return
        session_id = self._dialogue.session_id if self._session_given else start.session_id
        found = self._services.resumptions.find(start.resume_token, self._caller, session_id)
        found.session.check_seen(start.last_seq or 0)
        self._found = found

    def _key(self, start: SessionStart) -> SessionKey:
        if start.session_id is not None and not self._session_given:
            self._dialogue.session_id = checked_session_id(start.session_id)
        return SessionKey(self._caller, self._dialogue.session_id)

    def _written(self, start: SessionStart) -> Session:
        conversations, key = self._services.conversations, self._key(start)
        said = UserTurn(
            content=(),
            instructions=_instructions(start),
            client_tools=start.tools,
            waits_for_tools=True,
            state=_state(start),
        )
        return WrittenSession(
            conversations,
            key,
            self._connection,
            self._dialogue,
            said,
            idle_seconds=self._services.idle_seconds,
        )

    async def _live(self, start: SessionStart, outlet: Outlet) -> LiveSession:
        options = LiveOptions(
            voice=start.voice,
            language=start.language,
            instructions=_instructions(start),
            client_tools=start.tools,
            state=_state(start),
        )
        conversation = await self._services.conversations.open(self._key(start), options, "ws")
        rates = SampleRates(start.input_sample_rate, start.output_sample_rate)
        return LiveSession(conversation, outlet, self._dialogue, pace=Pace(), sample_rates=rates)

    async def _speak(self, start: SessionStart, pending: Frame | None) -> Close:
        """Open a spoken conversation and carry it."""
        wait_seconds = self._services.options.resume_seconds
        if not isinstance(self._connection, Connection) or not wait_seconds:
            # A translated client has no words for coming back.
            return await self._converse(await self._live(start, self._connection), pending)
        wire = Wire(self._connection)
        session = await self._live(start, wire)
        token = self._dialogue.resume_token = new_token()
        resumable = Resumable(self._key(start), session, wire, wait_seconds)
        discard = self._services.resumptions.add(token, resumable)
        resumable.start(self._services.connections, discard)
        return await self._carry(resumable, wire, pending)

    async def _resume(self, found: Resumable, start: SessionStart) -> Close:
        """Go on with a conversation that was cut off from its client."""
        wire = Wire(self._connection)
        await found.take_over(wire, start.last_seq or 0)
        return await self._carry(found, wire, None)

    async def _carry(self, resumable: Resumable, wire: Wire, pending: Frame | None) -> Close:
        """Carry a conversation until it is over, or this connection is."""
        self._session = session = resumable.session
        may_come_back = False
        try:
            await first_of(
                self._ended(resumable),
                wire.lost(),
                self._read(session, pending),
                self._drain(session),
            )
        except TakenOver:
            return TAKEN_OVER
        except Gone as gone:
            may_come_back = gone.code not in _GONE_FOR_GOOD
            raise
        except TimedOut:
            may_come_back = wire.is_lost
            raise
        finally:
            if may_come_back:
                resumable.wait(wire, self._services.connections)
            else:
                await resumable.leave(wire)
        return _CLOSES.get(self._reason, Close())

    async def _ended(self, resumable: Resumable) -> None:
        self._reason = await resumable.ended()

    async def _converse(self, session: Session, pending: Frame | None) -> Close:
        """Carry a conversation that ends with this connection."""
        self._session = session
        try:
            await first_of(self._run(session), self._read(session, pending), self._drain(session))
        finally:
            await session.aclose()
        return _CLOSES.get(self._reason, Close())

    async def _run(self, session: Session) -> None:
        self._reason = await session.run()

    async def _read(self, session: Session, pending: Frame | None) -> None:
        frame = pending if pending is not None else await self._connection.receive()
        while True:
            try:
                await self._take(session, frame)
            except GatewayError as error:
                await session.refuse(error)
            frame = await self._connection.receive()

    async def _take(self, session: Session, frame: Frame) -> None:
        if isinstance(frame, bytes):
            await session.hear(frame)
            return
        message = decode(frame)
        most_bytes = self._services.max_image_bytes
        if isinstance(message, InputImage) and len(message.data) > most_bytes:
            raise TooLarge(
                f"The picture is larger than {most_bytes} bytes (GATEWAY_MAX_MEDIA_BYTES). "
                "Send a smaller one."
            )
        if message is not None:
            await session.receive(message)

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


def _state(start: SessionStart) -> Json | UnsetType:
    return UNSET if start.state is None else start.state


def _instructions(start: SessionStart) -> tuple[str, ...]:
    """What the model should know, as AG-UI's context and state are given to it."""
    known = [f"{item.description}: {item.value}" for item in start.context]
    if start.state not in (None, {}, [], ""):
        known.append(f"State of the application: {msgspec.json.encode(start.state).decode()}")
    return tuple(known)
