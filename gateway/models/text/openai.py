"""OpenAI's Chat Completions, and every server that speaks them (vLLM, LM Studio, llama.cpp …).

``OPENAI_BASE_URL`` leads to another server, as in all programs that use OpenAI's library.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, override

import openai
from strands.models import Model
from strands.models.openai import OpenAIModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import require_key, time_limits
from protocols.contract.errors import NotConfigured

MODEL = "gpt-5.4-mini"
_BASE_URL = "OPENAI_BASE_URL"
_KEY = "OPENAI_API_KEY"
_ANY_KEY = "none"  # servers of one's own seldom look at it; the library wants one


class ClosingOpenAIModel(OpenAIModel):
    """An ``OpenAIModel`` whose answers close their connection when they are left.

    strands leaves that to the client, which it makes anew for each answer unless it is given one:
    each would read the authorities of TLS again, on the event loop.
    """

    @asynccontextmanager
    @override
    async def _get_client(self) -> AsyncIterator[Any]:
        call = _Call(self._custom_client)
        try:
            yield call
        finally:
            await call.aclose()


class _Call:
    """Stands in for the client during one answer: as ``client.chat.completions``."""

    def __init__(self, client: Any) -> None:
        self.chat = self.completions = self
        self._client = client
        self._answer: Any = None

    async def create(self, **request: Any) -> Any:
        """Ask the model; the answer is closed with the call."""
        self._answer = await self._client.chat.completions.create(**request)
        return self._answer

    async def aclose(self) -> None:
        """Close the answer, read to its end or not."""
        if self._answer is not None:
            await self._answer.close()


def text_model(choice: ModelChoice) -> Model:
    """Make the model; its client lives as long as it does.

    Raises:
        NotConfigured: there is no key, or another server is named and no model of it.
    """
    client = openai.AsyncOpenAI(
        api_key=api_key("openai", choice), timeout=time_limits(choice.options), max_retries=0
    )
    return ClosingOpenAIModel(client=client, model_id=choice.model_id or MODEL)


def api_key(provider: str, choice: ModelChoice) -> str:
    """Find the key of the service that the environment leads to; raises as ``text_model``."""
    if not os.environ.get(_BASE_URL):
        require_key(provider, _KEY)
    elif choice.model_id is None:
        raise NotConfigured(f"{_BASE_URL} is set: name its model, as in {provider}/MODEL.")
    return os.environ.get(_KEY) or _ANY_KEY
