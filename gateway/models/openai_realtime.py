"""OpenAI Realtime for voice: strands' class, with what it leaves to luck made sure.

strands 1.62 lets a connection that is lost end the conversation, with what it had not heard yet,
takes a response that failed for a complete one, and only logs what the service refuses.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, cast

from strands.bidi.models import BidiModel
from strands.bidi.models.model import ConnectionTimeoutError
from strands.bidi.models.openai import realtime
from strands.bidi.models.openai.realtime import OpenAIRealtimeModel
from strands.bidi.types.content import BidiContentDelta, BidiMessage
from strands.bidi.types.events import BidiOutputEvent
from strands.bidi.types.media import AudioDelta
from strands.types.content import Messages
from strands.types.events import TypedEvent
from strands.types.tools import ToolResultBlock, ToolSpec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from gateway.models.cascade.events import CascadeSpeechStartEvent, CascadeSpeechStopEvent
from gateway.models.choice import ModelChoice
from gateway.models.live_faults import lost, refused, unreachable
from gateway.models.nova_sonic.hearing import Unheard
from gateway.models.nova_sonic.owing import Owed, Owing
from gateway.models.text.service import require_key
from protocols.contract.errors import GatewayError, ModelFailed, ModelThrottled, NotConfigured

MODEL = "gpt-realtime"
_TRANSCRIBER = "gpt-4o-mini-transcribe"
_KEY, _BASE_URL = "OPENAI_API_KEY", "OPENAI_BASE_URL"
_NAME = "OpenAI"
_ATTEMPTS = 3
_STOP_SECONDS = 2.0
_SILENCE_SECONDS = 0.5  # how strands sets the service's own detector
_ENDS = ("bidi_barge_in", "bidi_response_stop")
_WORD_SECONDS = 0.3
_SPEECH: Mapping[str, Callable[[], TypedEvent]] = {
    "input_audio_buffer.speech_started": CascadeSpeechStartEvent,
    "input_audio_buffer.speech_stopped": lambda: CascadeSpeechStopEvent(_SILENCE_SECONDS),
}
_FAULTS: Mapping[str, tuple[type[GatewayError], str]] = {
    "rate_limit_exceeded": (
        ModelThrottled,
        "OpenAI's rate limit is reached. Try again.",
    ),
    "insufficient_quota": (NotConfigured, "The account at OpenAI has no quota left. Add credit."),
    "invalid_value": (
        NotConfigured,
        "OpenAI refused how the conversation was opened. Check GATEWAY_VOICE and the model id.",
    ),
    "model_not_found": (NotConfigured, "OpenAI does not know the model. Check its id."),
}
_FAILED = "The voice model failed before its answer was complete. Try again."


def voice_model(choice: ModelChoice) -> BidiModel:
    """Make a conversation; nothing is connected yet. Sound is 24 kHz both ways.

    ``OPENAI_BASE_URL`` leads to another server that speaks this wire.

    Raises:
        NotConfigured: there is no key.
    """
    base_url = os.environ.get(_BASE_URL)
    if base_url:
        url = f"ws{base_url.removeprefix('http').rstrip('/')}/realtime"
        setattr(realtime, "OPENAI_REALTIME_URL", url)  # noqa: B010 - strands asks nowhere else
    else:
        require_key("openai", _KEY)
    voice = {"voice": choice.voice} if choice.voice else {}
    return OpenAIRealtimeVoice(
        start_seconds=choice.speech.voice_start_seconds,
        transcription_model_id=_TRANSCRIBER,
        api_key=os.environ.get(_KEY) or "none",
        model_id=choice.model_id or MODEL,
        **voice,
    )


class OpenAIRealtimeVoice(OpenAIRealtimeModel):
    """One conversation; also strands' ``Restartable``.

    Args:
        start_seconds: how long connecting may take.
        options: see strands.
    """

    def __init__(self, *, start_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._start_seconds = start_seconds
        self._owing = Owing()
        self._unheard = Unheard(realtime.DEFAULT_SAMPLE_RATE)
        self._said = ""  # content id of what the user said last
        self._is_understood = False  # by its transcript
        self._is_taken_up = True  # by an answer that has begun
        self._lost = 0  # connections, since an answer was complete
        self._is_stopping = False
        self._spoken: tuple[str, int] | None = None  # item and part of the last sound

    async def start(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **kwargs: Any,
    ) -> None:
        """Connect.

        Raises:
            GatewayError: the service cannot be reached, or refuses.
        """
        self._is_stopping = False
        try:
            async with asyncio.timeout(self._start_seconds):
                await super().start(system_prompt, tools, messages, **kwargs)
        except InvalidStatus as error:
            await self.stop()
            raise refused(error.response.status_code, _NAME, _KEY) from error
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            await self.stop()
            raise unreachable(_NAME) from error

    async def restart(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **restart_kwargs: Any,
    ) -> None:
        """Connect again, with the history; what was not heard is said again, what is owed asked."""
        await super().restart(system_prompt, tools, messages, **restart_kwargs)
        with suppress(ConnectionClosed):  # the reader tells
            if self._is_to_be_said_again:
                pcm = self._unheard.replay()
                await super().send(AudioDelta(format="pcm", source={"bytes": pcm}))
            elif self._is_owed:
                self._session_state.response_requested = True
                await self._send_event({"type": "response.create"})

    @property
    def _is_owed(self) -> bool:
        return self._owing.owed in (Owed.ANSWER, Owed.REST)

    @property
    def _is_to_be_said_again(self) -> bool:
        """Whether the next connection is given sound, and will answer it.

        Beside an answer that is owed a noise does not count: both together would be two answers.
        """
        unheard = self._unheard
        if self._is_understood and self._is_owed:
            return unheard.is_speaking or unheard.waiting_seconds >= _WORD_SECONDS
        return unheard.has_speech

    async def stop(self) -> None:
        """Close within a bound; idempotent, never raises."""
        self._is_stopping = True
        websocket = getattr(self, "_websocket", None)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await super().stop()
        except (TimeoutError, RuntimeError):
            if websocket is not None:
                websocket.transport.abort()
        finally:
            self._connection_id = None

    async def receive(self) -> AsyncGenerator[BidiOutputEvent, None]:
        """Yield the events.

        Raises:
            ConnectionTimeoutError: strands is to restart.
            GatewayError: there is nothing that another connection would mend.
        """
        try:
            async with aclosing(super().receive()) as events:
                async for event in events:
                    self._note(event)
                    yield event
        except ConnectionClosed as error:
            if self._is_stopping:
                return
            for closing in self._owing.closing():
                yield closing
            self._lost += 1
            if self._lost >= _ATTEMPTS:
                raise lost() from error
            raise ConnectionTimeoutError("the connection was lost") from error

    async def send(self, content: BidiMessage | BidiContentDelta) -> None:
        """Send; what a lost connection does not take any more is told to the next.

        Raises:
            ValueError: the model cannot take this.
        """
        if isinstance(content, AudioDelta):
            self._unheard.feed(content.source["bytes"])
        else:
            self._note_message(content)
        try:
            await super().send(content)
        except ConnectionClosed:
            return  # the reader tells

    async def truncate(self, heard_seconds: float) -> None:
        """Cut the service's record of the last answer to what was heard of it."""
        if self._spoken is None:
            return
        item, part = self._spoken
        heard = {"item_id": item, "content_index": part, "audio_end_ms": int(heard_seconds * 1000)}
        try:
            await self._send_event({"type": "conversation.item.truncate", **heard})
        except ConnectionClosed:
            return  # the reader tells

    def _note_message(self, message: BidiMessage) -> None:
        results = [block for block in message.content if isinstance(block, ToolResultBlock)]
        for result in results:
            self._owing.answered(result)
        if not results:
            self._owing.typed()
            self._is_understood = self._is_taken_up = True

    def _note(self, event: BidiOutputEvent) -> None:
        kind, is_users = event.get("type"), event.get("role") == "user"
        was_owed = self._owing.owed is not Owed.NOTHING
        self._owing.note(event)
        if kind == "bidi_transcript_start" and is_users:
            self._said, self._is_understood, self._is_taken_up = event["content_id"], False, False
        elif kind == "bidi_response_start":
            self._is_taken_up = True
        elif kind in _ENDS and not self._is_taken_up:
            self._owing.typed()  # an older answer has ended: what was said over it is owed one
        elif was_owed and self._owing.owed is Owed.NOTHING:
            self._lost = 0
            self._understand()
        elif kind == "bidi_tool_use_blocks" or (
            kind == "bidi_transcript_delta" and is_users and event["content_id"] == self._said
        ):
            self._understand()

    def _understand(self) -> None:
        self._is_understood = True
        self._unheard.heard()

    def _convert_openai_event(
        self, openai_event: dict[str, Any], state: Any = None
    ) -> list[BidiOutputEvent] | None:
        kind = openai_event.get("type", "")
        if kind == "error":
            _raise_known(openai_event.get("error") or {})
        elif kind == "response.done" and openai_event["response"].get("status") == "failed":
            details = openai_event["response"].get("status_details") or {}
            _raise_known(details.get("error") or {})
            raise ModelFailed(_FAILED)
        elif kind == "response.output_audio.delta":
            self._spoken = (openai_event["item_id"], openai_event["content_index"])
        events = super()._convert_openai_event(openai_event, state)
        if kind in _SPEECH:
            # strands passes on events that it does not know.
            return [*(events or []), cast(BidiOutputEvent, _SPEECH[kind]())]
        return events


def _raise_known(error: Mapping[str, Any]) -> None:
    """Raise what an error of the service means, if it is one that ends the conversation."""
    code = str(error.get("code") or error.get("type"))
    if code == "session_expired":
        raise ConnectionTimeoutError("the session has expired")
    if code in _FAULTS:
        kind, message = _FAULTS[code]
        raise kind(message)
