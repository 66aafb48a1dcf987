"""The model of a llama.cpp server, at ``LLAMACPP_BASE_URL`` or on port 8081 of this machine.

The server must be started with its tool template (``--jinja``). Its own port is 8080, which is the
gateway's.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from copy import copy
from typing import Any, cast, override

import httpx
from strands.models import Model
from strands.models.llamacpp import LlamaCppModel
from strands.types.streaming import StreamEvent

from gateway.models.choice import ModelChoice
from gateway.models.text.service import time_limits

_END = "data: [DONE]"
_HERE = "http://127.0.0.1:8081"


class StreamingLlamaModel(LlamaCppModel):
    """A ``LlamaCppModel`` whose words come as they are made.

    strands 1.62 reads an answer to its end before it tells the first word.
    """

    @override
    async def stream(self, *arguments: Any, **options: Any) -> AsyncGenerator[StreamEvent]:
        """Ask the model; see ``LlamaCppModel.stream``."""
        asked = copy(self)
        call = _Call(self.client)
        asked.client = cast(httpx.AsyncClient, call)
        try:
            async for chunk in super(StreamingLlamaModel, asked).stream(*arguments, **options):
                yield chunk
        finally:
            await call.aclose()


class _Call:
    """Stands in for the client during one answer, and is closed with it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._response: httpx.Response | None = None

    async def post(self, url: str, **options: Any) -> httpx.Response:
        """Give an answer when its headers have come; it tells when it ends before its end."""
        request = self._client.build_request("POST", url, **options)
        response = self._response = await self._client.send(request, stream=True)
        if response.is_error:
            await response.aread()  # strands looks into it
        else:
            lines = _whole(response.aiter_lines())
            response.aiter_lines = lambda: lines  # type: ignore[method-assign]  # it is read once
        return response

    async def aclose(self) -> None:
        """Close the answer, read to its end or not."""
        if self._response is not None:
            await self._response.aclose()


async def _whole(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Hand on the lines of an answer; strands reads no further than its end."""
    async for line in lines:
        yield line
        if line == _END:
            return
    raise httpx.RemoteProtocolError("the answer ended before its end")


def text_model(choice: ModelChoice) -> Model:
    """Make the model; a server holds one, so that its id hardly matters."""
    model = StreamingLlamaModel(
        base_url=os.environ.get("LLAMACPP_BASE_URL") or _HERE, model_id=choice.model_id or "default"
    )
    model.client.timeout = time_limits(choice.options)
    return model
