"""The samples' dialects: a native conversation behind a translator.

``Interpreter`` is the client's connection as the native dialect sees it. What the client cannot be
expected to do, such as coming back to a session that its connection was lost from, is not asked of
it: a client that is gone has ended its session.
"""

import asyncio
import time
from collections import deque
from uuid import uuid4

import msgspec

from protocols.ag_ui_events import new_identifier
from protocols.contract.errors import InvalidInput, TimedOut
from protocols.failures import error_object
from protocols.live.messages import ClientMessage, SessionStop
from protocols.websocket.connection import Close, Connection, Frame, Gone
from protocols.websocket.connections import DRAINING
from protocols.websocket.dialects.native import NativeDialect
from protocols.websocket.dialects.sonic_input import SonicReader
from protocols.websocket.dialects.sonic_output import SonicWriter
from protocols.websocket.dialects.strands_input import StrandsReader
from protocols.websocket.dialects.strands_output import StrandsWriter
from protocols.websocket.dialects.vocabulary import Document, Heard, Vocabulary
from protocols.websocket.services import WebSocketServices

_SETTLED_SECONDS = 0.5


class Interpreter:
    """Translates one connection. One task reads, one writes at a time, as on the connection."""

    def __init__(self, connection: Connection, vocabulary: Vocabulary) -> None:
        self.is_gone = False
        self.is_stopped = False
        self._connection = connection
        self._vocabulary = vocabulary
        self._waiting: deque[ClientMessage | bytes] = deque()
        self._lock = asyncio.Lock()  # replies are written by who reads

    async def hear(self, frame: Frame) -> None:
        """Take a message of the client; one that is not understood is answered with the error."""
        try:
            await self._take(self._vocabulary.reader.hear(frame))
        except InvalidInput as error:
            await self.refuse(error)

    async def receive(self) -> Frame:
        """Wait for what the client says, in native words."""
        if self.is_stopped:
            await asyncio.Event().wait()  # what follows belongs to the next session
        while not self._waiting:
            try:
                await self._hear_next()
            except Gone:
                self.is_gone = True
                self._waiting.append(SessionStop())
        native = self._waiting.popleft()
        if isinstance(native, bytes):
            return native
        self.is_stopped = isinstance(native, SessionStop)
        return msgspec.json.encode(native).decode()

    def reopen(self) -> None:
        """Let the next session be heard."""
        self.is_stopped = False

    async def say(self, document: Document) -> None:
        """Send a native message."""
        async with self._lock:
            await self._send(self._vocabulary.writer.say(document))

    async def play(self, pcm: bytes) -> None:
        """Send sound."""
        async with self._lock:
            await self._send(self._vocabulary.writer.play(pcm))

    async def drop(self) -> None:
        """Nothing waits here that could be dropped."""

    def give_up(self) -> None:
        """Send nothing more."""
        self._connection.give_up()

    async def refuse(self, error: Exception) -> None:
        """Tell that something was not taken."""
        await self.say({"type": "gateway.error", **error_object(error)})

    async def _hear_next(self) -> None:
        reader = self._vocabulary.reader
        try:
            async with asyncio.timeout(_SETTLED_SECONDS if reader.is_in_doubt else None):
                frame = await self._connection.receive()
        except TimeoutError:
            await self._take(reader.settle())
        else:
            await self.hear(frame)

    async def _take(self, heard: Heard) -> None:
        self._waiting.extend(heard.native)
        async with self._lock:
            await self._send(list(heard.replies))

    async def _send(self, documents: list[Document]) -> None:
        try:
            for document in documents:
                await self._connection.say(document)
        except Gone:
            self.is_gone = True  # the reader ends the session


class InterpretedDialect:
    """Serves one connection in the vocabulary of a sample."""

    def __init__(
        self,
        connection: Connection,
        services: WebSocketServices,
        caller: str,
        session_id: str | None,
        vocabulary: Vocabulary,
    ) -> None:
        self._services = services
        self._caller = caller
        self._session_id = session_id or str(uuid4())  # one conversation, however often restarted
        self._restarts = vocabulary.restarts
        self._line = Interpreter(connection, vocabulary)
        self._native: NativeDialect | None = None

    async def serve(self, first: Frame) -> Close:
        """Converse, one session after the other, until one side ends it."""
        await self._line.hear(first)
        while True:
            self._native = None
            start = await self._wait_for_start()
            if start is None:
                return DRAINING
            if self._line.is_gone:
                raise Gone
            self._native = NativeDialect(self._line, self._services, self._caller, self._session_id)
            close = await self._native.serve(start)
            if self._line.is_gone:
                raise Gone
            if not (self._restarts and self._line.is_stopped):
                return close
            self._line.reopen()

    async def tell(self, error: Exception) -> None:
        """Tell that the conversation failed."""
        if self._native is not None:
            await self._native.tell(error)
        else:
            await self._line.refuse(error)

    async def _wait_for_start(self) -> Frame | None:
        """Wait for what opens a session; None when the server is about to stop."""
        try:
            async with asyncio.timeout(self._services.idle_seconds):
                return await self._services.connections.unless_draining(self._line.receive())
        except TimeoutError as error:
            raise TimedOut("No session was started. Send what starts one.") from error


def strands_dialect(
    connection: Connection, services: WebSocketServices, caller: str, session_id: str | None
) -> InterpretedDialect:
    """Speak with a client of the Strands sample."""
    reader = StrandsReader(takes_voice=services.nova_voices)
    vocabulary = Vocabulary(reader, StrandsWriter())
    return InterpretedDialect(connection, services, caller, session_id, vocabulary)


def sonic_dialect(
    connection: Connection, services: WebSocketServices, caller: str, session_id: str | None
) -> InterpretedDialect:
    """Speak with a client of the native Nova Sonic sample."""
    reader = SonicReader(takes_voice=services.nova_voices)
    writer = SonicWriter(
        prompt_name=lambda: reader.prompt_name,
        new_id=new_identifier,
        now_milliseconds=lambda: time.time_ns() // 1_000_000,
    )
    vocabulary = Vocabulary(reader, writer, restarts=True)
    return InterpretedDialect(connection, services, caller, session_id, vocabulary)
