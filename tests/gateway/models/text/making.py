"""Makes the text models of providers as the gateway does, without their keys or with examples."""

from collections.abc import Callable
from typing import Any

import pytest
from strands.models import Model

from gateway.models.candidate import close_client
from gateway.models.choice import ModelChoice
from gateway.settings import ModelOptions
from protocols.contract.errors import NotConfigured

OPTIONS = ModelOptions(model_connect_seconds=2, first_token_seconds=30)
_OF_PROVIDERS = (
    "OPENAI_",
    "ANTHROPIC_",
    "OLLAMA_",
    "GEMINI_",
    "GOOGLE_",
    "LLAMA",
    "MISTRAL_",
    "WRITER_",
)

type Factory = Callable[[ModelChoice], Model]


def forget_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nobody has an account."""
    import os

    for name in os.environ:
        if name.startswith(_OF_PROVIDERS):
            monkeypatch.delenv(name)


async def named(factory: Factory, setting: str) -> str:
    """The id of the model that a setting makes; it is closed again."""
    model = factory(ModelChoice(setting=setting, options=OPTIONS))
    config: Any = model.get_config()
    await close_client(model)
    return str(config["model_id"])


def refusal(factory: Factory, setting: str) -> str:
    """What is said where a setting makes no model."""
    with pytest.raises(NotConfigured) as refused:
        factory(ModelChoice(setting=setting, options=OPTIONS))
    return refused.value.message
