"""Gemini Live for voice: strands' class, with lost connections told from the end.

Google's service hands out a handle with which another connection goes on where the last one was;
strands keeps it, and uses it where the service says goodbye. Here it is used for every loss, and a
question whose answer was not complete is said again.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from google.genai.errors import APIError
from strands.bidi.models import BidiModel
from strands.bidi.models.google import GoogleGeminiLiveModel
from strands.bidi.models.model import ConnectionTimeoutError
from strands.bidi.types.content import BidiContentDelta, BidiMessage
from strands.bidi.types.events import BidiOutputEvent
from strands.bidi.types.media import AudioDelta
from strands.types.content import Messages
from strands.types.tools import ToolSpec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from gateway.models.choice import ModelChoice
from gateway.models.live_faults import lost, refused, unreachable
from gateway.models.nova_sonic.hearing import Unheard
from gateway.models.nova_sonic.owing import Owing
from gateway.models.text.service import require_key

MODEL = "gemini-2.5-flash-native-audio-latest"
_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_NAME = "Google"
_ATTEMPTS = 3
# The sound of an answer is there long before the service has played it, so to say.
_ANSWERED = ("bidi_audio_stop", "bidi_response_stop", "bidi_tool_use_blocks")
_STOP_SECONDS = 2.0
_POLICY_VIOLATION = 1008  # how the service refuses models and keys
_INVALID_PAYLOAD = 1007


def voice_model(choice: ModelChoice) -> BidiModel:
    """Make a conversation; nothing is connected yet. Sound is 16 kHz in and 24 kHz out.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("gemini", *_KEYS)
    base_url = os.environ.get("GOOGLE_GEMINI_BASE_URL")
    client = {"http_options": {"base_url": base_url}} if base_url else {}
    return GeminiLiveVoice(
        start_seconds=choice.speech.voice_start_seconds,
        client_args=client,
        model_id=choice.model_id or MODEL,
        voice=choice.voice or None,
    )


class GeminiLiveVoice(GoogleGeminiLiveModel):
    """One conversation; also strands' ``Restartable``.

    Args:
        start_seconds: how long connecting may take.
        options: see strands.
    """

    def __init__(self, *, start_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._start_seconds = start_seconds
        self._owing = Owing()
        self._unanswered = Unheard(self.get_audio_config()["input"]["sample_rate"])
        self._is_cut_off = False  # the answer: it is what was said over it that needs one
        self._lost = 0  # connections, since an answer was complete
        self._is_stopping = False

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
        except (InvalidStatus, APIError, ConnectionClosed) as error:
            await self.stop()
            raise refused(_status(error), _NAME, _KEYS[0]) from error
        except (OSError, InvalidHandshake) as error:
            await self.stop()
            raise unreachable(_NAME) from error

    async def restart(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **restart_kwargs: Any,
    ) -> None:
        """Connect again; what the user said and was not answered is said again.

        Nobody knows how much of it the service's own record of the session holds.
        """
        await super().restart(system_prompt, tools, messages, **restart_kwargs)
        if self._unanswered.has_speech:
            pcm = self._unanswered.replay()
            await self._pass_on(AudioDelta(format="pcm", source={"bytes": pcm}))

    async def stop(self) -> None:
        """Close within a bound; idempotent, never raises."""
        self._is_stopping = True
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await super().stop()
        except (TimeoutError, RuntimeError):
            pass  # it was not open, or its peer is dead
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
        except (ConnectionClosed, APIError) as error:
            if self._is_stopping:
                return
            for closing in self._owing.closing():
                yield closing
            self._lost += 1
            if self._lost >= _ATTEMPTS:
                raise lost() from error
            handle = self._live_session_handle
            resumed = {} if handle is None else {"live_session_handle": handle}
            raise ConnectionTimeoutError("the connection was lost", **resumed) from error

    async def send(self, content: BidiMessage | BidiContentDelta) -> None:
        """Send; what a lost connection does not take any more is left to the next.

        Raises:
            ValueError: the model cannot take this.
        """
        if isinstance(content, AudioDelta):
            self._unanswered.feed(content.source["bytes"])
        await self._pass_on(content)

    def _note(self, event: BidiOutputEvent) -> None:
        self._owing.note(event)
        kind = event.get("type")
        if kind == "bidi_response_stop":
            self._lost = 0
        if kind in ("bidi_barge_in", "bidi_response_start"):
            self._is_cut_off = kind == "bidi_barge_in"
        elif kind in _ANSWERED and not self._is_cut_off:
            self._unanswered.heard()  # said again, a question would call its tools again, too

    async def _pass_on(self, content: BidiMessage | BidiContentDelta) -> None:
        try:
            await super().send(content)
        except (ConnectionClosed, APIError):
            return  # the reader tells


def _status(error: InvalidStatus | APIError | ConnectionClosed) -> int:
    """Give what the refusal would be in HTTP."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code
    code = error.code if isinstance(error, APIError) else (error.rcvd.code if error.rcvd else 0)
    if code == _POLICY_VIOLATION:
        return 404
    return 403 if code == _INVALID_PAYLOAD else int(code or 0)
