"""Whatever LiteLLM reaches; the model id is LiteLLM's own, with its provider in front."""

from strands.models import Model
from strands.models.litellm import LiteLLMModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds


def text_model(choice: ModelChoice) -> Model:
    """Make the model; LiteLLM finds keys in the environment as it documents."""
    client = {"timeout": read_seconds(choice.options), "num_retries": 0}
    return LiteLLMModel(client_args=client, model_id=choice.model_id or "")
