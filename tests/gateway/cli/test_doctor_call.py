"""The doctor asks the chosen text models, over the wires they speak."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.cli.doctor_call import call_findings
from gateway.cli.finding import Finding
from gateway.settings import Settings
from tests.emulators.converse.scripts import says
from tests.emulators.emulator import AwsEmulator, clean
from tests.emulators.scripting import THROTTLED, UNAVAILABLE, Break, Refusal
from tests.emulators.text_answers import Answer
from tests.emulators.text_server import TextServer


def lead(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in set(os.environ) - set(clean(os.environ)):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    with AwsEmulator() as emulator:
        lead(monkeypatch, emulator.environment())
        yield emulator


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextServer]:
    with TextServer() as server:
        lead(monkeypatch, server.environment())
        yield server


def found(*models: str, **more: Any) -> list[Finding]:
    settings = Settings(text_model=models[0], fallback_models=models[1:], **more)
    return list(call_findings(settings, os.environ))


def test_the_embedded_model_is_not_called() -> None:
    assert found("offline", "offline") == []


def test_each_model_is_asked_once_and_left_at_its_first_word(
    aws: AwsEmulator, server: TextServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(monkeypatch, aws.environment() | server.environment())
    aws.converse.scripts.add(says("ready", fault=Break.SILENCE, fault_after=2))
    first, second = found("bedrock/claude-x", "ollama/llama")
    assert [each.level for each in (first, second)] == ["ok", "ok"]
    assert (first.name, second.name) == ("text call", "text call")
    assert first.text.startswith("bedrock/claude-x began to answer after 0.")
    assert len(aws.converse.calls.all()) == len(server.requests.all()) == 1


@pytest.mark.parametrize(
    ("refusal", "level", "words"),
    [
        (
            Refusal(
                403,
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/ada is not authorized to perform: "
                "bedrock:InvokeModelWithResponseStream on resource: arn:aws:bedrock:x because no "
                "identity-based policy allows it",
            ),
            "fail",
            "not allowed: bedrock:InvokeModelWithResponseStream on arn:aws:bedrock:x",
        ),
        (Refusal(404, "ResourceNotFoundException"), "fail", "there is no model claude-x"),
        (THROTTLED, "warn", "ThrottlingException"),
        (UNAVAILABLE, "warn", "ServiceUnavailableException"),
    ],
)
def test_a_refusal_of_aws_is_told_with_what_mends_it(
    aws: AwsEmulator, refusal: Refusal, level: str, words: str
) -> None:
    aws.converse.scripts.add(refusal)
    [finding] = found("bedrock/claude-x")
    assert (finding.level, finding.name) == (level, "text call")
    assert words in finding.text
    assert finding.remedy


def test_another_provider_is_told_with_what_mends_it(server: TextServer) -> None:
    server.scripts.add(Answer(status=401), Answer(status=404))
    assert found("openai/x", "ollama/llama") == [
        Finding(
            "fail",
            "text call",
            "openai refused the key",
            "set OPENAI_API_KEY to one that is valid",
        ),
        Finding("fail", "text call", "ollama knows no model llama", "run `ollama pull llama`"),
    ]


def test_a_missing_key_and_a_server_that_is_not_there_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead(monkeypatch, {"OLLAMA_HOST": "http://127.0.0.1:9"})
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    assert found("anthropic", "ollama/llama") == [
        Finding(
            "fail",
            "text call",
            "There is no key for anthropic. Set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN.",
            "set it, and run doctor again",
        ),
        Finding(
            "fail",
            "text call",
            "ollama cannot be reached at http://127.0.0.1:9",
            "run `ollama serve`, or set OLLAMA_HOST to where it runs",
        ),
    ]
