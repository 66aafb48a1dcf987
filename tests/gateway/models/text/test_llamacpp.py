"""The model of a llama.cpp server."""

import httpx
import pytest
from strands.models.llamacpp import LlamaCppModel

from gateway.models.choice import ModelChoice
from gateway.models.text.llamacpp import text_model
from tests.gateway.models.text.making import OPTIONS, forget_keys, named


async def test_the_model_is_whatever_the_server_holds() -> None:
    assert await named(text_model, "llamacpp") == "default"
    assert await named(text_model, "llamacpp/qwen") == "qwen"


async def test_the_server_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_keys(monkeypatch)
    for variables, url in (
        ({}, "http://127.0.0.1:8081"),
        ({"LLAMACPP_BASE_URL": "http://x"}, "http://x"),
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        model = text_model(ModelChoice(setting="llamacpp", options=OPTIONS))
        assert isinstance(model, LlamaCppModel)
        assert model.base_url == url
        assert model.client.timeout == httpx.Timeout(61, connect=2)
        await model.client.aclose()
