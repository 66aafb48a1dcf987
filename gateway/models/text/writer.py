"""Palmyra by Writer; ``WRITER_BASE_URL`` leads elsewhere."""

from strands.models import Model
from strands.models.writer import WriterModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import require_key, time_limits

MODEL = "palmyra-x5"


def text_model(choice: ModelChoice) -> Model:
    """Make the model.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("writer", "WRITER_API_KEY")
    client = {"timeout": time_limits(choice.options), "max_retries": 0}
    return WriterModel(client_args=client, model_id=choice.model_id or MODEL)
