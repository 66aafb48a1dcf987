"""OpenAI's Chat Completions, and every server that speaks them (vLLM, LM Studio, llama.cpp …).

``OPENAI_BASE_URL`` leads to another server, as in all programs that use OpenAI's library.
"""

import os

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


def text_model(choice: ModelChoice) -> Model:
    """Make the model; its client lives as long as it does.

    Raises:
        NotConfigured: there is no key, or another server is named and no model of it.
    """
    client = openai.AsyncOpenAI(
        api_key=api_key("openai", choice), timeout=time_limits(choice.options), max_retries=0
    )
    return OpenAIModel(client=client, model_id=choice.model_id or MODEL)


def api_key(provider: str, choice: ModelChoice) -> str:
    """Find the key of the service that the environment leads to; raises as ``text_model``."""
    if not os.environ.get(_BASE_URL):
        require_key(provider, _KEY)
    elif choice.model_id is None:
        raise NotConfigured(f"{_BASE_URL} is set: name its model, as in {provider}/MODEL.")
    return os.environ.get(_KEY) or _ANY_KEY
