"""Models of an Ollama server; ``OLLAMA_HOST`` says where it is, else it is on this machine."""

from typing import Any

import httpx
from strands.models import Model
from strands.models.ollama import OllamaModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import time_limits


class ReusingOllamaModel(OllamaModel):
    """An ``OllamaModel`` whose answers share connections.

    strands makes a client for each answer and closes none; what they share here is the transport.
    """

    def __init__(self, *, model_id: str, **client: Any) -> None:
        self.client = httpx.AsyncHTTPTransport()
        arguments = {"transport": self.client, **client}
        super().__init__(None, ollama_client_args=arguments, model_id=model_id)


def text_model(choice: ModelChoice) -> Model:
    """Make the model; the settings name it, for a server has whatever was pulled to it."""
    return ReusingOllamaModel(model_id=choice.model_id or "", timeout=time_limits(choice.options))
