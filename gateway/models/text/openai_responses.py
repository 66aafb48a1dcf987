"""OpenAI's Responses; what was said is kept here, not at the service."""

from strands.models import Model
from strands.models.openai_responses import OpenAIResponsesModel

from gateway.models.choice import ModelChoice
from gateway.models.text.openai import MODEL, api_key
from gateway.models.text.service import time_limits


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
    return OpenAIResponsesModel(client_args=client, model_id=choice.model_id or MODEL)
