"""Text models of other providers, with their real libraries over the wires they speak."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from strands import Agent, tool

from gateway.agents.failures import contract_error
from gateway.models.provider import Models
from gateway.settings import Settings
from protocols.contract.errors import (
    GatewayError,
    InvalidInput,
    ModelFailed,
    ModelThrottled,
    NotConfigured,
    TimedOut,
    Unavailable,
)
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.scripting import UNAVAILABLE, Break
from tests.emulators.text_answers import Answer
from tests.emulators.text_server import TextServer
from tests.emulators.text_wires import WIRES, ag_ui, gateway_on, http_json, run_input
from tests.gateway.models.streams import told

PROVIDERS = [
    "openai/any/model",
    "openai_responses/any/model",
    "ollama/llama3.2",
    "anthropic/claude-x",
    "llamacpp",
    "gemini",
]
WORDS = ("One", " two", " three", " four", " five", " six")
USER: Any = {"role": "user", "content": [{"text": "Hi"}]}
OPTIONS = {"GATEWAY_FIRST_TOKEN_SECONDS": "0.5", "GATEWAY_BETWEEN_TOKENS_SECONDS": "0.5"}


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers.

    Args:
        a: the first.
        b: the second.
    """
    return a * b


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.models.retrying._FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextServer]:
    with TextServer() as server:
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server
    assert server.scripts.left == 0


@pytest.fixture(params=PROVIDERS)
async def models(request: pytest.FixtureRequest, server: TextServer) -> AsyncIterator[Models]:
    settings = Settings.from_environ({**OPTIONS, "GATEWAY_TEXT_MODEL": request.param})
    made = Models(settings)
    yield made
    await made.aclose()


async def ask(models: Models) -> str:
    model = await models.text()
    async with asyncio.timeout(20):
        return told([chunk async for chunk in model.stream([USER])])


async def failure(models: Models) -> GatewayError:
    """What a caller would be told."""
    with pytest.raises(Exception) as raised:
        await ask(models)
    return contract_error(raised.value)


async def test_words_stream_and_connections_are_used_again(
    server: TextServer, models: Models
) -> None:
    assert [await ask(models), await ask(models)] == ["You said: Hi"] * 2
    # A connection is closed if nobody read what comes behind the end that OpenAI's wire has; one
    # that is being closed may be tried once more before a new one is opened.
    closes = models.text_name.startswith(("openai", "llamacpp"))
    assert server.accepted in ((2, 3) if closes else (1,))


async def test_a_tool_makes_a_round_trip(server: TextServer, models: Models) -> None:
    agent = Agent(await models.text(), tools=[multiply], callback_handler=None)
    async with asyncio.timeout(20):
        result = await agent.invoke_async('call multiply {"a": 6, "b": 7}')
    assert str(result).strip() == "The tools answered: 42"
    assert len(server.requests.all()) == 2


async def test_tokens_are_counted(models: Models, server: TextServer) -> None:
    agent = Agent(await models.text(), callback_handler=None)
    async with asyncio.timeout(20):
        await agent.invoke_async("Hi")
    usage = agent.event_loop_metrics.accumulated_usage
    assert (usage["inputTokens"], usage["outputTokens"]) == (20, 10)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_that_is_busy_is_asked_again(
    server: TextServer, models: Models, status: int
) -> None:
    server.scripts.add(Answer(status=status))
    assert await ask(models) == "You said: Hi"
    assert len(server.requests.all()) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InvalidInput), (401, NotConfigured), (404, NotConfigured)],
)
async def test_a_refusal_is_the_promised_error_at_once(
    server: TextServer, models: Models, status: int, error: type[GatewayError]
) -> None:
    server.scripts.add(Answer(status=status))
    assert type(await failure(models)) is error
    assert len(server.requests.all()) == 1


@pytest.mark.parametrize(("status", "error"), [(429, ModelThrottled), (503, Unavailable)])
async def test_what_lasts_is_the_promised_error(
    server: TextServer, models: Models, status: int, error: type[GatewayError]
) -> None:
    server.scripts.add(*[Answer(status=status)] * 3)
    # strands takes any 503 of llama.cpp for throttling.
    expected = ModelThrottled if models.text_name == "llamacpp" else error
    assert type(await failure(models)) is expected


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Break.TCP_CUT, ModelFailed), (Break.END_STREAM, ModelFailed), (Break.SILENCE, TimedOut)],
)
async def test_an_answer_that_breaks_off_is_an_error_and_not_asked_for_again(
    server: TextServer, models: Models, fault: Break, error: type[GatewayError]
) -> None:
    server.scripts.add(Answer(WORDS, fault=fault, fault_after=5))
    assert type(await failure(models)) is error
    assert len(server.requests.all()) == 1


async def test_who_leaves_closes_the_connection(server: TextServer, models: Models) -> None:
    server.scripts.add(Answer(WORDS, fault=Break.SILENCE, fault_after=5))
    model = await models.text()
    async with asyncio.timeout(10):
        stream: Any = model.stream([USER])
        while "contentBlockDelta" not in await anext(stream):
            pass
        await stream.aclose()
        assert len(await asyncio.to_thread(server.wait_until_left, 1)) == 1


@pytest.mark.parametrize("setting", PROVIDERS)
async def test_a_server_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    nowhere = TextServer()
    nowhere.port = 9
    for name, value in nowhere.environment().items():
        monkeypatch.setenv(name, value)
    models = Models(Settings(text_model=setting))
    error = await failure(models)
    await models.aclose()
    assert type(error) is ModelFailed
    assert "cannot be reached" in error.message


async def test_the_next_model_answers_for_a_server_that_is_down(server: TextServer) -> None:
    server.scripts.add(Answer(status=500))
    models = Models(Settings(text_model="openai/x", fallback_models=("ollama/x",)))
    assert await ask(models) == "You said: Hi"
    assert [request["model"] for request in server.requests.all()] == ["x", "x"]
    assert "options" in server.requests.all()[1]  # Ollama's
    await models.aclose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "cached"),
    [
        ("openai/any/model", {"inputTokens": 20, "totalTokens": 30, "cachedInputTokens": 8}),
        ("ollama/llama3.2", {"inputTokens": 20, "totalTokens": 30}),
        (
            "anthropic/claude-x",
            {
                "inputTokens": 32,
                "totalTokens": 42,
                "cachedInputTokens": 8,
                "cacheWriteInputTokens": 4,
            },
        ),
    ],
)
async def test_one_setting_makes_a_server_answer_on_every_wire(
    server: TextServer, tmp_path: Path, setting: str, cached: dict[str, int]
) -> None:
    environment = server.environment()
    if setting.startswith("openai"):
        del environment["OPENAI_API_KEY"]  # servers of one's own have none
    with gateway_on(environment, tmp_path / "log", GATEWAY_TEXT_MODEL=setting) as url:
        for wire in WIRES.values():
            asked = run_input('call calculator {"expression": "6*7"}')
            assert (await wire(url, asked)).words == "The tools answered: 42"
        finished = (await ag_ui(url, run_input("Hi"))).events[-1]
        assert finished["usage"] == [{"outputTokens": 10, **cached}]
        server.scripts.add(Answer(WORDS, fault=Break.TCP_CUT, fault_after=5))
        assert (await http_json(url, run_input("Hi"))).code == "AGENT_ERROR"


@pytest.mark.slow
async def test_another_service_answers_on_every_wire_while_bedrock_is_down(
    server: TextServer, tmp_path: Path
) -> None:
    settings = {"GATEWAY_TEXT_MODEL": "bedrock", "GATEWAY_FALLBACK_MODELS": "openai/x,offline"}
    with AwsEmulator() as aws:
        aws.converse.scripts.standing = UNAVAILABLE
        environment = aws.environment() | server.environment()
        with gateway_on(environment, tmp_path / "log", **settings) as url:
            for wire in [*WIRES.values(), http_json]:
                assert (await wire(url, run_input("Hi"))).words == "You said: Hi"
            # After three failures in a row Bedrock is left alone for a while.
            assert len(aws.converse.calls.all()) == 3
            server.scripts.add(*[Answer(status=401)])
            last = (await http_json(url, run_input("Who are you?"))).words
    assert "demonstration" in last
