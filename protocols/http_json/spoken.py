"""A spoken question as a recording, answered by voice (interface, section 3.3).

The recording is said to a live conversation, faster than real time, followed by silence so that
the end of the question is noticed; the first turn is the answer. So every voice model serves it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from litestar import Response

from protocols.ag_ui_events import RunTranslator, new_identifier
from protocols.audio import read_l16, read_wav, resample, write_wav
from protocols.contract.conversations import Conversations, LiveConversation
from protocols.contract.errors import GatewayError, InvalidInput, ModelFailed, TimedOut
from protocols.contract.events import Event, SpeechStarted, TurnEnded, TurnStarted
from protocols.contract.inputs import AudioChunk, LiveOptions
from protocols.http_json.prompt import collect, error_response
from protocols.invocation import Invocation
from protocols.reply import Reply
from protocols.streaming import EVENT_STREAM, event_stream, session_headers

WAV_TYPES = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
L16 = "audio/l16"

_PIECE_SECONDS = 0.1
_TRAILING_SECONDS = 2.0
_UNDERSTANDING_SECONDS = 4.0
_ANSWER_SECONDS = 30.0
_BYTES_PER_SAMPLE = 2
_WAV_ACCEPTED = (*WAV_TYPES, "audio/*")


class SpokenProtocol:
    """The door for recordings; see ``PromptProtocol`` for the arguments."""

    name = "http"

    def __init__(self, *, keep_alive_seconds: float, in_band: bool) -> None:
        self._keep_alive_seconds = keep_alive_seconds
        self._in_band = in_band

    def accepts(self, invocation: Invocation) -> bool:
        """Recordings, by their content type."""
        return invocation.content_type in (*WAV_TYPES, L16)

    async def respond(self, invocation: Invocation, conversations: Conversations) -> Response[Any]:
        """Answer a recording as the caller accepts it: a WAV, events, or JSON with both."""
        pcm, sample_rate = await asyncio.to_thread(_read, invocation)
        live = await conversations.open(invocation.session, LiveOptions(), "http")
        turn = SpokenTurn(live, pcm, sample_rate)
        session_id = invocation.session.id
        if EVENT_STREAM in invocation.accept:
            return event_stream(
                turn,
                RunTranslator(session_id, new_identifier()),
                session_id=session_id,
                keep_alive_seconds=self._keep_alive_seconds,
            )
        reply = Reply(session_id)
        await collect(turn, reply, invocation.left)
        wav = write_wav(bytes(reply.audio), live.output_sample_rate)
        headers = session_headers(session_id)
        if any(accepted in invocation.accept for accepted in _WAV_ACCEPTED):
            return Response(wav, media_type="audio/wav", status_code=200, headers=headers)
        return Response(reply.spoken_document(wav), status_code=200, headers=headers)

    def refuse(self, error: Exception, session_id: str) -> Response[Any]:
        """Show an error as the error object."""
        return error_response(error, session_id, in_band=self._in_band)


class SpokenTurn:
    """A recording said to a live conversation, and the one turn that answers it."""

    def __init__(self, live: LiveConversation, pcm: bytes, sample_rate: int) -> None:
        self._live = live
        self._pcm = pcm
        self._sample_rate = sample_rate
        self._saying: asyncio.Task[None] | None = None
        self._heard = False
        self._answering = False
        self._spoken_over = False

    async def __aiter__(self) -> AsyncGenerator[Event]:
        """Yield the events of the answer.

        Raises:
            InvalidInput: nothing was understood.
            ModelFailed: the conversation ended before the answer.
            TimedOut: the answer began and stopped coming, or the model took no sound.
        """
        saying = self._saying = asyncio.create_task(self._say())
        events = aiter(self._live)
        while True:
            event = await self._next(events, saying)
            match event:
                case SpeechStarted():
                    self._heard = self._spoken_over = True
                case TurnStarted():
                    self._answering, self._spoken_over = True, False
                case TurnEnded("cancelled") if self._spoken_over:
                    continue  # a recording with a pause cut its first answer off; another comes
            yield event
            if isinstance(event, TurnEnded):
                return

    async def aclose(self) -> None:
        """Hang up; idempotent."""
        try:
            if self._saying is not None:
                self._saying.cancel()
                await asyncio.wait({self._saying})
        finally:
            await self._live.aclose()

    async def _next(self, events: AsyncIterator[Event], saying: asyncio.Task[None]) -> Event:
        """Wait for the next event, for so long as it may take.

        Each event may be asked for by another task, so no ``asyncio.timeout`` can span them.
        """
        coming = asyncio.create_task(_event_or_end(events))
        try:
            if not saying.done():
                await asyncio.wait(
                    {coming, saying}, timeout=_ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
            if saying.done():
                saying.result()
                await asyncio.wait({coming}, timeout=self._patience_seconds())
            if not coming.done():
                raise self._nothing_came(said=saying.done())
        finally:
            coming.cancel()
        event = coming.result()
        if event is None:
            raise ModelFailed("The voice model hung up before its answer was complete. Try again.")
        return event

    def _patience_seconds(self) -> float:
        known = self._heard or self._answering
        return _ANSWER_SECONDS if known else _UNDERSTANDING_SECONDS

    def _nothing_came(self, *, said: bool) -> GatewayError:
        if self._answering or not said:
            return TimedOut("The answer did not come in time. Try again.")
        return InvalidInput("No speech was understood in the recording.")

    async def _say(self) -> None:
        """Say the recording and enough silence, as fast as the model takes them."""
        rate = self._live.input_sample_rate
        silence = bytes(int(_TRAILING_SECONDS * rate) * _BYTES_PER_SAMPLE)
        question = await asyncio.to_thread(resample, self._pcm, self._sample_rate, rate)
        said = question + silence
        size = int(_PIECE_SECONDS * rate) * _BYTES_PER_SAMPLE
        for start in range(0, len(said), size):
            await self._live.send(AudioChunk(said[start : start + size]))
            await self._live.taken()


async def _event_or_end(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)


def _read(invocation: Invocation) -> tuple[bytes, int]:
    """Decode a recording: PCM16 mono and its rate in hertz."""
    if invocation.content_type == L16:
        return read_l16(invocation.body, invocation.full_content_type)
    return read_wav(invocation.body)
