"""Mistral's own service."""

from strands.models import Model
from strands.models.mistral import MistralModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds, require_key

MODEL = "mistral-large-latest"


def text_model(choice: ModelChoice) -> Model:
    """Make the model; strands connects anew for each answer.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("mistral", "MISTRAL_API_KEY")
    client = {"timeout_ms": int(read_seconds(choice.options) * 1000)}
    return MistralModel(client_args=client, model_id=choice.model_id or MODEL)
