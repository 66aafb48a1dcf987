"""LiteLLM is a library of its own that is not installed for tests: it weighs too much."""

import sys
import types

import pytest

from gateway.models.choice import ModelChoice
from tests.gateway.models.text.making import OPTIONS


def test_the_model_is_litellms_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("strands.models.litellm")
    made: list[object] = []
    monkeypatch.setattr(module, "LiteLLMModel", lambda **given: made.append(given), raising=False)
    monkeypatch.setitem(sys.modules, "strands.models.litellm", module)
    monkeypatch.delitem(sys.modules, "gateway.models.text.litellm", raising=False)
    from gateway.models.text.litellm import text_model

    text_model(ModelChoice(setting="litellm/anthropic/claude-x", options=OPTIONS))
    client = {"timeout": 61.0, "num_retries": 0}
    assert made == [{"client_args": client, "model_id": "anthropic/claude-x"}]
    monkeypatch.delitem(sys.modules, "gateway.models.text.litellm")
