"""Gemini by Google's own service."""

from collections.abc import AsyncGenerator
from contextvars import ContextVar
from copy import copy
from typing import Any, cast, override

import httpx
from google import genai
from google.genai.types import GenerateContentResponse, HttpOptions, HttpRetryOptions
from strands.models import Model
from strands.models.gemini import GeminiModel
from strands.types.streaming import StreamEvent

from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds, require_key, time_limits

MODEL = "gemini-2.5-flash"

# The responses of the answer that is being asked for.
_opened: ContextVar[list[httpx.Response] | None] = ContextVar("opened", default=None)


class ClosingGeminiModel(GeminiModel):
    """A ``GeminiModel`` whose answers close their connection, and tell when they break off."""

    def __init__(self, options: HttpOptions, http: httpx.AsyncClient, model_id: str) -> None:
        super().__init__(client=genai.Client(http_options=options), model_id=model_id)
        self.client = http  # Google's does not close one that it was given

    @override
    async def stream(self, *arguments: Any, **options: Any) -> AsyncGenerator[StreamEvent]:
        """Ask the model; see ``GeminiModel.stream``."""
        asked, call = copy(self), _Call(self._custom_client)
        asked._custom_client = cast(genai.Client, call)
        try:
            async for chunk in super(ClosingGeminiModel, asked).stream(*arguments, **options):
                yield chunk
        finally:
            await call.aclose()


class _Client(httpx.AsyncClient):
    """Notes the responses that are opened for an answer."""

    @override
    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        response = await super().send(request, **options)
        opened = _opened.get()
        if opened is not None:
            opened.append(response)
        return response


class _Call:
    """Stands in for the client during one answer: as ``client.aio.models``."""

    def __init__(self, client: Any) -> None:
        self.aio = self.models = self
        self._client = client
        self._responses: list[httpx.Response] = []

    async def generate_content_stream(
        self, **request: Any
    ) -> AsyncGenerator[GenerateContentResponse]:
        """Ask; the request is sent with the first reading."""
        return self._read(request)

    async def aclose(self) -> None:
        """Close the answer, read to its end or not."""
        for response in self._responses:
            await response.aclose()

    async def _read(self, request: dict[str, Any]) -> AsyncGenerator[GenerateContentResponse]:
        token = _opened.set(self._responses)
        try:
            events = await self._client.aio.models.generate_content_stream(**request)
            event = await anext(events, None)
        finally:
            _opened.reset(token)
        ended = False
        while event is not None:
            ended = ended or _ends(event)
            yield event
            event = await anext(events, None)
        if not ended:
            raise httpx.RemoteProtocolError("the answer ended before its end")


def _ends(event: GenerateContentResponse) -> bool:
    """Whether an event is the last of its answer: finished, or refused with its prompt."""
    finished = any(candidate.finish_reason for candidate in event.candidates or ())
    return finished or event.prompt_feedback is not None


def text_model(choice: ModelChoice) -> Model:
    """Make the model; its client lives as long as it does.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("gemini", "GEMINI_API_KEY", "GOOGLE_API_KEY")
    http = _Client(timeout=time_limits(choice.options))
    options = HttpOptions(
        httpx_async_client=http,  # else it takes aiohttp, if somebody has installed that
        timeout=int(read_seconds(choice.options) * 1000),
        retry_options=HttpRetryOptions(attempts=1),
    )
    return ClosingGeminiModel(options, http, choice.model_id or MODEL)
