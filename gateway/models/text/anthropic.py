"""Claude by Anthropic's own service; ``ANTHROPIC_BASE_URL`` leads elsewhere."""

from strands.models import Model
from strands.models.anthropic import AnthropicModel

from gateway.models.caching import cache_config
from gateway.models.choice import ModelChoice
from gateway.models.text.service import require_key, time_limits

MODEL = "claude-sonnet-4-6"
_MOST_TOKENS = 16_000


def text_model(choice: ModelChoice) -> Model:
    """Make the model.

    Raises:
        NotConfigured: there is no key.
    """
    require_key("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
    name = choice.model_id or MODEL
    return AnthropicModel(
        client_args={"timeout": time_limits(choice.options), "max_retries": 0},
        model_id=name,
        max_tokens=_MOST_TOKENS,
        cache_config=cache_config(name) if choice.options.prompt_cache else None,
    )
