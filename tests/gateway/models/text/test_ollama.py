"""Models of an Ollama server share connections."""

import httpx

from gateway.models.choice import ModelChoice
from gateway.models.text.ollama import ReusingOllamaModel, text_model
from tests.gateway.models.text.making import OPTIONS, named


async def test_the_model_is_the_one_named() -> None:
    assert await named(text_model, "ollama/llama3.2:1b") == "llama3.2:1b"


async def test_answers_share_a_transport_and_its_time_outs() -> None:
    model = text_model(ModelChoice(setting="ollama/x", options=OPTIONS))
    assert isinstance(model, ReusingOllamaModel)
    assert model.client_args == {
        "transport": model.client,
        "timeout": httpx.Timeout(61, connect=2),
    }
    await model.client.aclose()
