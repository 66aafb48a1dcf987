"""Which media a text model can be shown."""

import pytest

from gateway.models.choice import ModelChoice
from gateway.models.media import kinds_taken


@pytest.mark.parametrize(
    ("setting", "kinds"),
    [
        ("offline", {"image", "document", "audio", "video"}),
        ("bedrock", {"image", "document"}),
        ("bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0", {"image", "document"}),
        ("bedrock/amazon.nova-lite-v1:0", {"image", "document", "video"}),
        ("bedrock/eu.amazon.nova-pro-v1:0", {"image", "document", "video"}),
        ("bedrock/global.amazon.nova-2-lite-v1:0", {"image", "document", "video"}),
        ("bedrock/us.amazon.nova-micro-v1:0", set()),
        ("openai/gpt-4o", {"image", "document"}),
    ],
)
def test_a_model_is_shown_what_it_takes(setting: str, kinds: set[str]) -> None:
    assert kinds_taken(ModelChoice(setting=setting)) == kinds
