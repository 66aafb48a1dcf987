"""Which models are told what to keep."""

import pytest
from strands.models import CacheConfig

from gateway.models.caching import cache_config


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("global.anthropic.claude-sonnet-4-6", True),
        ("eu.anthropic.claude-3-7-sonnet-20250219-v1:0", True),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", True),
        ("claude-opus-4-8", True),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", False),
        ("anthropic.claude-3-haiku-20240307-v1:0", False),
        ("anthropic.claude-v2:1", False),
        ("amazon.nova-pro-v1:0", False),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", False),
    ],
)
def test_only_models_that_can_are_told_to_keep_the_prompt(model: str, kept: bool) -> None:
    expected = CacheConfig(strategy="anthropic", tools_ttl=True) if kept else None
    assert cache_config(model) == expected
