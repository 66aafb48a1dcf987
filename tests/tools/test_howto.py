"""The code of `docs/howto/tool.md`, as its reader would use it."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from strands import Agent

from tests.scripted import Call, Says, ScriptedModel
from tools.registry import ToolRegistry, load
from tools.sharing import predicted_by, state_of

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "howto" / "tool.md").read_text()
LIMIT_SECONDS = 10


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the document, where it says they are."""
    for code in blocks("python"):
        name = code.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dice", raising=False)
    return tmp_path


def reference() -> str:
    (shell,) = blocks("sh")
    return shell.partition("GATEWAY_TOOLS=")[2].partition("\n")[0]


@pytest.mark.usefixtures("folder")
async def test_the_tool_is_served_beside_ours() -> None:
    registry = ToolRegistry(load(reference()))
    assert {"calculator", "throw_dice"} <= set(registry.names())
    chosen: list[Any] = [each for each in registry if each.tool_name == "throw_dice"]
    model = ScriptedModel(
        [Says(calls=[Call("c", "throw_dice", ['{"count": 3}'])]), Says(["Lucky."])]
    )
    agent = Agent(model=model, tools=chosen, callback_handler=None)
    async with asyncio.timeout(LIMIT_SECONDS):
        await agent.invoke_async("throw three dice")
    result = model.seen[1].messages[-1]["content"][0]["toolResult"]
    assert result["status"] == "success"
    assert re.fullmatch(r"The dice show [1-6], [1-6], [1-6]\.", result["content"][0]["text"])


@pytest.mark.slow
def test_the_tests_of_the_document_pass(folder: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)),
            str(folder / "test_dice.py"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.slow
def test_the_command_of_the_document_lists_the_tool(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "tools"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GATEWAY_TOOLS": reference()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "throw_dice" in done.stdout


def test_the_numbers_of_the_document_are_those_of_the_code() -> None:
    from tools.threads import MAXIMUM_ABANDONED

    assert f"While {MAXIMUM_ABANDONED} such" in DOCUMENT


def example(folder: Path, name: str) -> list[Any]:
    """The tools of a file of the document."""
    sys.modules.pop(name, None)
    return list(ToolRegistry(load(f"{name}:TOOLS")))


async def asked(tools: list[Any], model: ScriptedModel, **state: Any) -> Agent:
    agent = Agent(model=model, tools=tools, state=state, callback_handler=None)
    async with asyncio.timeout(LIMIT_SECONDS):
        await agent.invoke_async("Go.")
    return agent


async def test_the_kitchen_of_the_document_tells_its_progress_and_its_menu(folder: Path) -> None:
    turns = [Says(calls=[Call("c", "cook", ['{"dish": "soup"}'])]), Says(["Done."])]
    model = ScriptedModel(turns)
    agent = await asked(example(folder, "kitchen"), model, shared={"menu": ["bread"]})
    assert state_of(agent) == {"menu": ["bread", "soup"]}
    assert _result(model) == ("success", "soup is ready.")


async def test_the_document_of_the_document_is_predicted(folder: Path) -> None:
    tools = example(folder, "writer")
    assert predicted_by(tools) == {"write_document": {"document": "text"}}
    turns = [Says(calls=[Call("c", "write_document", ['{"text": "Once"}'])]), Says(["Done."])]
    agent = await asked(tools, ScriptedModel(turns), shared={"title": "Tale"})
    assert state_of(agent) == {"title": "Tale", "document": "Once"}


@pytest.mark.parametrize(
    ("name", "turns", "answer"),
    [
        (
            "accountant",
            [Says(calls=[Call("1", "calculator", ['{"expression": "6*7"}'])]), Says(["It is 42."])],
            "It is 42.",
        ),
        ("jury", [Says(["Yes."]), Says(["No."]), Says(["It depends."])], "It depends."),
    ],
)
async def test_the_experts_of_the_document_do_the_work(
    folder: Path, name: str, turns: list[Says], answer: str
) -> None:
    calls = [Call("c", name, ['{"input": "What is it?"}'])]
    model = ScriptedModel([Says(calls=calls), *turns, Says(["Well."])])
    await asked(example(folder, "experts"), model)
    assert _result(model) == ("success", answer)


def _result(model: ScriptedModel) -> tuple[str, str]:
    """What the model was told of its call."""
    result = model.seen[-1].messages[-1]["content"][0]["toolResult"]
    return result["status"], result["content"][0]["text"]
