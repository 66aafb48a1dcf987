"""The data channel of a call: native messages without audio, as JSON text.

Bounds: what is to be said waits for the channel to open, up to a size, then all of it is dropped;
an open channel that is not read ends the call; of the client's messages, those that come faster
than they can be done are refused.
"""

import asyncio
import logging
from collections import deque
from typing import Any

import msgspec
from aiortc import InvalidStateError, RTCDataChannel

from protocols.contract.errors import GatewayError, InvalidInput, TimedOut, TooLarge
from protocols.live.messages import ClientMessage, InputAudio, SessionStart, decode
from protocols.live.session import LiveSession

LABEL = "gateway"

_MOST_WAITING_BYTES = 262_144
_MOST_UNREAD_BYTES = 1_048_576
_MOST_MESSAGES = 64

_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()


class Channel:
    """One end of the channel, from before it opens until the call is over.

    Args:
        expected: whether the client announced a data channel; without, nothing is kept for it.
        max_message_bytes: of the client.
    """

    def __init__(self, *, expected: bool, max_message_bytes: int) -> None:
        self._expected = expected
        self._max_message_bytes = max_message_bytes
        self._open: RTCDataChannel | None = None
        self._has_opened = False
        self._waiting: deque[str] = deque()
        self._waiting_bytes = 0
        self._inbox: asyncio.Queue[str | InvalidInput] = asyncio.Queue(_MOST_MESSAGES)
        self._missed = False
        self._left = asyncio.Event()

    def attach(self, channel: RTCDataChannel) -> None:
        """Use a channel that the client opened: the first one, or the one named for us."""
        if self._open is not None and channel.label != LABEL:
            channel.close()
            return
        self._open, self._has_opened = channel, True
        channel.on("message", self._take)
        channel.on("close", lambda: self._detach(channel))
        channel.on("bufferedamountlow", self._left.set)
        while self._waiting:
            self._send(channel, self._waiting.popleft())
        self._waiting_bytes = 0
        self._left.set()

    def say(self, document: dict[str, Any]) -> None:
        """Send one JSON object.

        Raises:
            TimedOut: the client has stopped to read.
        """
        text = _encoder.encode(document).decode()
        if self._open is not None:
            if self._open.bufferedAmount > _MOST_UNREAD_BYTES:
                raise TimedOut("The data channel was not read. Read it while the call goes on.")
            self._send(self._open, text)
        elif self._expected:
            self._keep(text)

    async def serve(self, session: LiveSession) -> None:
        """Do what the client asks for, until cancelled."""
        while True:
            message = await self._inbox.get()
            try:
                if self._missed:
                    self._missed = False
                    await session.refuse(TooLarge("Too many messages at once; some were dropped."))
                if isinstance(message, InvalidInput):
                    raise message
                await _obey(session, decode(message))
            except GatewayError as error:
                await session.refuse(error)

    async def drained(self) -> None:
        """Wait until all that was said has left; a channel that is still to open is waited for."""
        while self._holds_words:
            self._left.clear()
            await self._left.wait()

    @property
    def _holds_words(self) -> bool:
        if self._open is not None:
            return bool(self._open.bufferedAmount)
        return bool(self._waiting) and not self._has_opened

    def _keep(self, text: str) -> None:
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        if self._waiting_bytes > _MOST_WAITING_BYTES:
            # A hole in the middle would be worse than a late start.
            self._waiting.clear()
            self._waiting_bytes = 0

    def _send(self, channel: RTCDataChannel, text: str) -> None:
        try:
            channel.send(text)
        except InvalidStateError:
            _log.debug("the data channel is closing")
        except ValueError:
            _log.warning("a message of %d bytes is larger than the client takes", len(text))

    def _take(self, message: str | bytes) -> None:
        """Take a message of the client; called by aiortc, so nothing may be raised or awaited."""
        taken: str | InvalidInput
        if isinstance(message, bytes):
            taken = InvalidInput("The data channel carries JSON text. Audio goes by RTP.")
        elif len(message.encode()) > self._max_message_bytes:
            taken = TooLarge(
                f"The message is larger than {self._max_message_bytes} bytes "
                "(GATEWAY_MAX_CHANNEL_MESSAGE_BYTES)."
            )
        else:
            taken = message
        try:
            self._inbox.put_nowait(taken)
        except asyncio.QueueFull:
            self._missed = True

    def _detach(self, channel: RTCDataChannel) -> None:
        if self._open is channel:
            self._open = None
            self._left.set()


async def _obey(session: LiveSession, message: ClientMessage | None) -> None:
    match message:
        case None:
            return
        case SessionStart():
            _check_nothing_chosen(message)
            if message.last_seq is None:
                await session.announce()
            else:
                await session.repeat(message.last_seq)
        case InputAudio():
            raise InvalidInput("Audio goes by RTP here, not by messages.")
        case _:
            await session.receive(message)


def _check_nothing_chosen(start: SessionStart) -> None:
    """The offer started the session: a client that starts it again is told of it, no more."""
    chosen = (start.session_id, start.resume_token, start.voice, start.language, start.state)
    if any(chosen) or start.tools or start.context or not start.audio:
        raise InvalidInput(
            "The offer has started this session. Put sessionId, voice, language and tools into "
            'the data of the action "offer", and send session.start without them.'
        )
