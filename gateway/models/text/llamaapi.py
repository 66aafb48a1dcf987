"""Llama by Meta's own service, which Meta and strands have deprecated.

strands asks it with a client that blocks, so it is asked in a thread.
"""

import asyncio
import warnings
from collections.abc import AsyncGenerator
from typing import Any, override

from strands.models import Model
from strands.models.llamaapi import LlamaAPIModel
from strands.types.streaming import StreamEvent

from gateway.models.choice import ModelChoice
from gateway.models.text.service import require_key, time_limits
from gateway.models.threads import HandOn, from_thread

MODEL = "Llama-4-Maverick-17B-128E-Instruct-FP8"

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):

    class ThreadedLlamaModel(LlamaAPIModel):
        """A ``LlamaAPIModel`` that leaves the event loop free."""

        @override
        def stream(self, *arguments: Any, **options: Any) -> AsyncGenerator[StreamEvent]:
            """Ask the model; see ``LlamaAPIModel.stream``."""
            ask = super().stream

            async def read(hand_on: HandOn) -> None:
                async for chunk in ask(*arguments, **options):
                    hand_on(chunk)

            return from_thread(lambda hand_on: asyncio.run(read(hand_on)), lambda: None)


def text_model(choice: ModelChoice) -> Model:
    """Make the model.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("llamaapi", "LLAMA_API_KEY")
    client = {"timeout": time_limits(choice.options), "max_retries": 0}
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return ThreadedLlamaModel(client_args=client, model_id=choice.model_id or MODEL)
