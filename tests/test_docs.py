"""The documents: their code runs, their settings and files exist."""

import json
import re
import tomllib
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from strands.models import Model

from gateway.models.choice import ModelChoice
from gateway.models.provider import PROVIDERS, ModelProvider
from gateway.settings import Settings, variables
from protocols.contract import events
from protocols.contract.conversations import Conversations, SessionKey, TextTurn
from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import UserTurn
from protocols.invocation import Invocation
from tests.server_process import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DEPLOYMENT = [
    ROOT / "Dockerfile",
    *sorted(file for file in (ROOT / "deploy").rglob("*") if file.is_file()),
]


def python_blocks(document: str) -> list[str]:
    text = (ROOT / "docs" / "howto" / document).read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def module(code: str) -> types.ModuleType:
    made = types.ModuleType("example")
    exec(compile(code, "example", "exec"), made.__dict__)  # noqa: S102  # our own documents
    return made


class Answering:
    """A turn that says two words, and the conversations that begin it."""

    def __init__(self) -> None:
        self.asked: UserTurn | None = None
        self.closed = False

    async def begin(self, session: SessionKey, said: UserTurn, wire: str) -> TextTurn:
        self.asked = said
        return cast(TextTurn, self)

    async def __aiter__(self) -> AsyncIterator[events.Event]:
        yield events.TextDelta("m", "forty ")
        yield events.TextDelta("m", "two")
        yield events.TurnEnded()

    async def aclose(self) -> None:
        self.closed = True


def invocation(document: Any) -> Invocation:
    return Invocation(
        content_type="application/json",
        accept="",
        body=b"",
        document=document,
        session=SessionKey("somebody", "s"),
        session_given=True,
    )


async def test_the_protocol_of_the_howto_answers() -> None:
    (code,) = python_blocks("protocol.md")
    protocol = module(code).QuestionProtocol()
    conversations = Answering()
    asked = invocation({"question": "what is six times seven"})
    assert protocol.accepts(asked)
    response = await protocol.respond(asked, cast(Conversations, conversations))
    assert (response.status_code, response.content) == (200, {"answer": "forty two"})
    assert conversations.closed


async def test_the_protocol_of_the_howto_refuses() -> None:
    (code,) = python_blocks("protocol.md")
    protocol = module(code).QuestionProtocol()
    assert not protocol.accepts(invocation({"prompt": "hello"}))
    with pytest.raises(InvalidInput) as raised:
        await protocol.respond(invocation({"question": 7}), cast(Conversations, Answering()))
    response = protocol.refuse(raised.value, "s")
    assert response.status_code == 400
    assert response.content["code"] == "VALIDATION_ERROR"


def test_the_model_of_the_howto_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    code, entry = python_blocks("model.md")
    monkeypatch.setenv("SOMEBODY_API_KEY", "example")
    model = module(code).text_model(ModelChoice(setting="somebody/small"))
    assert isinstance(model, Model)
    assert cast(dict[str, Any], model.get_config())["model_id"] == "small"
    provider = eval(entry, {"ModelProvider": ModelProvider})  # noqa: S307  # our own documents
    assert (provider.name, provider.text) == (
        "somebody",
        "gateway.models.text.somebody:text_model",
    )


def test_the_howto_lists_every_text_provider_with_its_extra() -> None:
    text = (ROOT / "docs" / "howto" / "model.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)[^|]*\|[^|]*\|([^|]*)\|", text, re.MULTILINE)
    listed = {name: extra.strip(" `") for name, extra in rows}
    assert listed == {
        name: (provider.extra or "") if provider.library else ""
        for name, provider in PROVIDERS.items()
        if provider.text is not None
    }


def test_every_extra_is_declared_and_installed_by_the_set_up() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {provider.extra for provider in PROVIDERS.values() if provider.library}
    setup = (ROOT / "scripts" / "setup.sh").read_text()
    (listed,) = re.findall(r"for extra in (.*); do", setup)
    assert extras <= set(project["optional-dependencies"])
    assert extras <= set(listed.split())


@pytest.mark.parametrize("document", [*DOCUMENTS, *DEPLOYMENT], ids=lambda file: file.name)
def test_settings_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"GATEWAY_[A-Z][A-Z_]*[A-Z]", document.read_text()))
    assert named <= {name for name, _, _ in variables(Settings)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_files_that_are_named_exist(document: Path) -> None:
    folders = "gateway|protocols|tools|observability|tests|deploy|docs|benchmarks|scripts|examples"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*\.\w+)`", document.read_text()))
    examples = {"gateway/models/llamacpp.py", "tests/gateway/models/test_llamacpp.py"}
    examples |= {"tests/protocols/questions/test_questions.py"}
    assert sorted(name for name in named - examples if not (ROOT / name).exists()) == []


def test_what_agentcore_is_given_fits_its_rules() -> None:
    project = json.loads((ROOT / "deploy" / "agentcore.json").read_text())
    (runtime,) = project["runtimes"]
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,22}", project["name"])
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,47}", runtime["name"])
    assert (runtime["build"], runtime["protocol"]) == ("Container", "HTTP")
    assert (ROOT / runtime["dockerfile"]).is_file()
    assert (ROOT / runtime["entrypoint"]).is_file()
    lifecycle = runtime["lifecycleConfiguration"]
    assert 60 <= lifecycle["idleRuntimeSessionTimeout"] <= lifecycle["maxLifetime"] <= 28800
    for policy in runtime["additionalPolicies"]:
        statements = json.loads((ROOT / policy).read_text())["Statement"]
        assert all(statement["Resource"] != "*" for statement in statements)


def test_what_agentcore_is_given_is_accepted_by_the_settings() -> None:
    project = json.loads((ROOT / "deploy" / "agentcore.json").read_text())
    environment = {pair["name"]: pair["value"] for pair in project["runtimes"][0]["envVars"]}
    settings = Settings.from_environ(environment)
    assert settings.auth == "platform"
    assert msgspec.structs.asdict(settings)["voice_model"] == "bedrock"
