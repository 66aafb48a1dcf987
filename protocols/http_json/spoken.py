"""A spoken question as a recording, answered by voice (interface, section 3.3).

The recording is said to a live conversation, faster than real time, followed by silence so that
the end of the question is noticed; the first turn is the answer. So every voice model serves it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from litestar import Response

from protocols.ag_ui_events import RunTranslator, new_identifier
from protocols.audio import read_l16, read_wav, resample, write_wav
from protocols.contract.conversations import Conversations, LiveConversation
from protocols.contract.errors import InvalidInput, TimedOut
from protocols.contract.events import Event, SpeechStarted, TurnEnded, TurnStarted
from protocols.contract.inputs import AudioChunk, LiveOptions
from protocols.http_json.prompt import error_response
from protocols.http_json.reply import Reply
from protocols.invocation import Invocation
from protocols.streaming import EVENT_STREAM, SESSION_HEADER, event_stream

WAV_TYPES = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
L16 = "audio/l16"

_PIECE_SECONDS = 0.1
_TRAILING_SECONDS = 2.0
_UNDERSTANDING_SECONDS = 4.0
_FIRST_ANSWER_SECONDS = 30.0
_BYTES_PER_SAMPLE = 2
_SIGNS_OF_LIFE = (SpeechStarted, TurnStarted)


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
        try:
            async for event in turn:
                reply.add(event)
        finally:
            await turn.aclose()
        wav = write_wav(bytes(reply.audio), live.output_sample_rate)
        headers = {SESSION_HEADER: session_id}
        if any(wav_type in invocation.accept for wav_type in WAV_TYPES):
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
        self._answering = False

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the events of the answer.

        Raises:
            InvalidInput: nothing was understood.
        """
        try:
            async with asyncio.timeout(_FIRST_ANSWER_SECONDS) as limit:
                self._saying = asyncio.create_task(self._say(limit))
                async for event in self._live:
                    self._answering = self._answering or isinstance(event, _SIGNS_OF_LIFE)
                    limit.reschedule(_from_now(_FIRST_ANSWER_SECONDS))
                    yield event
                    if isinstance(event, TurnEnded):
                        return
        except TimeoutError:
            if self._answering:
                raise TimedOut("The answer did not come in time. Try again.") from None
        raise InvalidInput("No speech was understood in the recording.")

    async def aclose(self) -> None:
        """Hang up; idempotent."""
        if self._saying is not None:
            self._saying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._saying
        await self._live.aclose()

    async def _say(self, limit: asyncio.Timeout) -> None:
        """Say the recording and enough silence, as fast as the model takes them."""
        rate = self._live.input_sample_rate
        silence = bytes(int(_TRAILING_SECONDS * rate) * _BYTES_PER_SAMPLE)
        question = await asyncio.to_thread(resample, self._pcm, self._sample_rate, rate)
        said = question + silence
        size = int(_PIECE_SECONDS * rate) * _BYTES_PER_SAMPLE
        for start in range(0, len(said), size):
            await self._live.send(AudioChunk(said[start : start + size]))
            await self._live.taken()
        if not self._answering:
            limit.reschedule(_from_now(_UNDERSTANDING_SECONDS))


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _read(invocation: Invocation) -> tuple[bytes, int]:
    """Decode a recording: PCM16 mono and its rate in hertz."""
    if invocation.content_type == L16:
        return read_l16(invocation.body, invocation.full_content_type)
    return read_wav(invocation.body)
