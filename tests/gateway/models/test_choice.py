"""How a setting names a model."""

import pytest

from gateway.models.choice import ModelChoice


@pytest.mark.parametrize(
    ("setting", "provider", "model_id"),
    [
        ("offline", "offline", None),
        ("bedrock", "bedrock", None),
        ("bedrock/", "bedrock", None),
        ("bedrock/amazon.nova-2-sonic-v1:0", "bedrock", "amazon.nova-2-sonic-v1:0"),
        ("litellm/openai/gpt", "litellm", "openai/gpt"),
    ],
)
def test_what_follows_the_first_slash_is_the_providers_name_of_the_model(
    setting: str, provider: str, model_id: str | None
) -> None:
    choice = ModelChoice(setting=setting)
    assert (choice.provider, choice.model_id) == (provider, model_id)


def test_the_sound_is_left_to_the_provider() -> None:
    assert ModelChoice(setting="offline") == ModelChoice(
        setting="offline", voice="", language="en-US"
    )
