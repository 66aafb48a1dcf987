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
