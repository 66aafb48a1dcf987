"""Says a question over WebSocket, in the native dialect: binary frames of PCM both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from gateway.cli.address import Address
from gateway.cli.answer import Answer, Question
from gateway.cli.call import Call
from gateway.cli.client import CONNECT_SECONDS, SESSION_HEADER, refusal, unreachable
from gateway.cli.failures import CommandFailed
from gateway.cli.playout import Playout
from gateway.cli.printable import one_line
from gateway.cli.received import AudioFlushed, AudioStarted, decode
from gateway.cli.sound import FRAME_SECONDS

OUTPUT_SAMPLE_RATE = 24_000
_FRAMES_PER_REPORT = 10


async def ask(question: Question, address: Address, session: str) -> Answer:
    """Say a question and hear the answer.

    Raises:
        CommandFailed: the gateway cannot be reached, refused, or did not answer.
    """
    clock = asyncio.get_running_loop().time
    call = Call(question, clock)
    playout = Playout(OUTPUT_SAMPLE_RATE)
    async with _connected(address, session) as socket:
        call.mark("connected")
        ear = _Ear(socket, call, playout)
        await socket.send(_opening(question, session))
        await ear.wait_for_session()
        call.mark("session open")
        hearing = asyncio.create_task(ear.hear())
        try:
            await _speak(socket, call, playout, hearing)
            await socket.send(_message("session.stop"))
        except ConnectionClosed:
            # What came before the end tells more than the end.
            await asyncio.wait({hearing}, timeout=CONNECT_SECONDS)
            call.raise_failure()
            if hearing.done():
                hearing.result()
            raise
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
    return call.answer(playout.recording, playout.sample_rate)


@asynccontextmanager
async def _connected(address: Address, session: str) -> AsyncIterator[ClientConnection]:
    """Open and close the socket; what the library raises becomes one line here."""
    try:
        async with connect(
            address.websocket,
            additional_headers={SESSION_HEADER: session},
            proxy=None if address.is_loopback else True,
            compression=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CONNECT_SECONDS,
        ) as socket:
            yield socket
    except InvalidStatus as error:
        raise refusal(error.response.status_code, bytes(error.response.body or b"")) from None
    except ConnectionClosed as error:
        close = error.rcvd
        reason = one_line(f"{close.code} {close.reason}") if close else "without a word"
        raise CommandFailed(f"the gateway closed the connection: {reason}") from None
    except OSError:
        raise unreachable(address) from None
    except WebSocketException as error:
        raise CommandFailed(f"the connection to {address.base} failed: {error}") from None


class _Ear:
    """Takes everything the gateway sends."""

    def __init__(self, socket: ClientConnection, call: Call, playout: Playout) -> None:
        self._socket = socket
        self._call = call
        self._playout = playout

    async def wait_for_session(self) -> None:
        """Take messages until the conversation is open."""
        try:
            async with asyncio.timeout(self._call.open_seconds):
                while not self._call.listener.session_id:
                    self._take(await self._socket.recv())
                    self._call.raise_failure()
        except TimeoutError:
            raise CommandFailed("the gateway did not open a live conversation in time") from None

    async def hear(self) -> None:
        """Take messages until the connection is closed, which is an error here."""
        while True:
            self._take(await self._socket.recv())

    def _take(self, message: str | bytes) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(message, bytes):
            waiting_seconds = self._playout.waiting_seconds(now)
            self._playout.receive(message, now)
            self._call.hear_sound(message, self._playout.sample_rate, waiting_seconds)
            return
        event = decode(message)
        if isinstance(event, AudioStarted):
            self._playout.start_message(event.message_id)
        elif isinstance(event, AudioFlushed):
            self._playout.flush(now)
        if event is not None:
            self._call.hear(event)


async def _speak(
    socket: ClientConnection, call: Call, playout: Playout, hearing: "asyncio.Task[None]"
) -> None:
    """Say the question and be silent until the answer is complete."""
    clock = asyncio.get_running_loop().time
    call.start_speaking()
    next_at = clock()
    frames = 0
    while not call.is_over():
        await socket.send(call.microphone.frame())
        frames += 1
        heard = playout.heard(clock())
        if heard is not None and frames % _FRAMES_PER_REPORT == 0:
            played = round(heard[1] * 1000)
            await socket.send(_message("playback", messageId=heard[0], playedMs=played))
        next_at += FRAME_SECONDS
        await asyncio.wait({hearing}, timeout=max(0.0, next_at - clock()))
        if hearing.done():
            call.raise_failure()
            hearing.result()


def _opening(question: Question, session: str) -> str:
    return _message(
        "session.start",
        sessionId=session,
        inputSampleRate=question.sample_rate,
        outputSampleRate=OUTPUT_SAMPLE_RATE,
    )


def _message(kind: str, **members: Any) -> str:
    return msgspec.json.encode({"type": kind, **members}).decode()
