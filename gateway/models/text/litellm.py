"""Whatever LiteLLM reaches; the model id is LiteLLM's own, with its provider in front."""

import os

from strands.models import Model

from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds


def text_model(choice: ModelChoice) -> Model:
    """Make the model; LiteLLM finds keys in the environment as it documents."""
    # Else the library asks a public server for prices when it is imported.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    from strands.models.litellm import LiteLLMModel  # noqa: PLC0415 - after the line above

    client = {"timeout": read_seconds(choice.options), "num_retries": 0}
    return LiteLLMModel(client_args=client, model_id=choice.model_id or "")
