"""The gateway with the fast model: its settings, for this process or one of its own."""

import os
from typing import cast

from gateway.models.provider import PROVIDERS, ModelProvider
from gateway.settings import Settings


def settings() -> Settings:
    """Give the settings of a gateway whose text comes from the fast model."""
    providers = cast(dict[str, ModelProvider], PROVIDERS)
    providers["fast"] = ModelProvider("fast", text="benchmarks.fast_model:text_model")
    chosen = {"GATEWAY_TEXT_MODEL": "fast", "GATEWAY_TOOLS": "benchmarks.fast_model:TOOLS"}
    return Settings.from_environ(os.environ | chosen)
