"""OpenAI's Responses; what was said is kept here, not at the service."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, override

import httpx
from strands.models import Model
from strands.models.openai_responses import OpenAIResponsesModel
from strands.types.streaming import StreamEvent

from gateway.models.choice import ModelChoice
from gateway.models.text.openai import MODEL, api_key
from gateway.models.text.service import time_limits


class WholeResponsesModel(OpenAIResponsesModel):
    """An ``OpenAIResponsesModel`` that tells when an answer breaks off.

    strands takes a stream that just ends for an answer; what it lacks is the count of tokens, which
    comes with the last event.
    """

    @override
    async def stream(self, *arguments: Any, **options: Any) -> AsyncGenerator[StreamEvent]:
        """Ask the model; see ``OpenAIResponsesModel.stream``."""
        end: StreamEvent | None = None
        async with aclosing(super().stream(*arguments, **options)) as chunks:
            async for chunk in chunks:
                if "messageStop" in chunk:
                    end = chunk
                    continue
                if end is not None:
                    yield end
                    end = None
                yield chunk
        if end is not None:
            raise httpx.RemoteProtocolError("the answer ended before its end")


def text_model(choice: ModelChoice) -> Model:
    """Make the model; strands connects anew for each answer.

    Raises:
        NotConfigured: there is no key, or another server is named and no model of it.
    """
    client = {
        "api_key": api_key("openai_responses", choice),
        "timeout": time_limits(choice.options),
        "max_retries": 0,
    }
    return WholeResponsesModel(client_args=client, model_id=choice.model_id or MODEL)
