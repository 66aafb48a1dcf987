"""Gemini by Google's own service."""

from google import genai
from google.genai.types import HttpOptions, HttpRetryOptions
from strands.models import Model
from strands.models.gemini import GeminiModel

from gateway.models.choice import ModelChoice
from gateway.models.text.service import read_seconds, require_key

MODEL = "gemini-2.5-flash"


def text_model(choice: ModelChoice) -> Model:
    """Make the model; its client lives as long as it does.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("gemini", "GEMINI_API_KEY", "GOOGLE_API_KEY")
    options = HttpOptions(
        timeout=int(read_seconds(choice.options) * 1000),
        retry_options=HttpRetryOptions(attempts=1),
    )
    client = genai.Client(http_options=options)
    return GeminiModel(client=client, model_id=choice.model_id or MODEL)
