"""The scripts behind the Makefile, run in a folder of their own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server_process import ROOT


@pytest.fixture(name="clone")
def _clone(tmp_path: Path) -> Path:
    """A folder with a space in its name and what the set-up reads."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("pyproject.toml", "uv.lock", "Makefile"):
        shutil.copy(ROOT / name, folder)
    return folder


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(clone: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=clone,
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def prepared(clone: Path, mode: str) -> None:
    """Put stand-ins where uv and the environment go, which note what they were asked for."""
    executable(
        clone / ".cache/uv-venv/bin/uv",
        '[ "$1" = --version ] && { echo "uv 0.13.8 (x)"; exit; }\necho "$*" >>asked\n'
        "mkdir -p .venv/bin && cp /bin/true .venv/bin/python",
    )
    assert run(clone, "scripts/setup.sh", mode).returncode == 0


def asked(clone: Path) -> list[str]:
    return (clone / "asked").read_text().splitlines()


def test_serving_installs_the_locked_dependencies_only(clone: Path) -> None:
    prepared(clone, "run")
    (line,) = asked(clone)
    assert line.startswith("sync --quiet --locked --no-dev --python ")


def test_the_second_time_nothing_is_asked(clone: Path) -> None:
    prepared(clone, "test")
    for mode in ("test", "run"):
        assert run(clone, "scripts/setup.sh", mode).stderr == ""
    assert len(asked(clone)) == 1


def test_each_mode_installs_what_the_ones_before_lack(clone: Path) -> None:
    for mode in ("run", "test", "bench"):
        prepared(clone, mode)
    assert [line.split()[3] for line in asked(clone)] == ["--no-dev", "--dev", "--all-groups"]


def test_benchmarks_leave_nothing_to_install_for_tests_and_serving(clone: Path) -> None:
    for mode in ("bench", "test", "run"):
        prepared(clone, mode)
    assert len(asked(clone)) == 1


@pytest.mark.parametrize(
    ("environment", "env_file", "extras"),
    [
        ({"GATEWAY_TEXT_MODEL": "anthropic"}, "", "--extra anthropic"),
        ({"GATEWAY_TEXT_MODEL": "ollama/llama3"}, "", "--extra ollama"),
        ({"GATEWAY_TEXT_MODEL": "openai_responses"}, "", "--extra openai"),
        (
            {"GATEWAY_FALLBACK_MODELS": "bedrock/anthropic.claude-x, writer,mistral/x"},
            "",
            "--extra mistral --extra writer",
        ),
        ({"GATEWAY_VOICE_MODEL": "gemini"}, "", "--extra gemini"),
        ({}, 'export GATEWAY_TEXT_MODEL="litellm/openai/x"\n', "--extra litellm"),
        ({}, "GATEWAY_SYSTEM_PROMPT=openai\n", ""),
    ],
)
def test_the_libraries_of_the_models_that_are_named_are_installed(
    clone: Path, environment: dict[str, str], env_file: str, extras: str
) -> None:
    prepared(clone, "run")
    (clone / ".env").write_text(env_file)
    done = run(clone, "scripts/setup.sh", "run", **environment)
    assert done.returncode == 0
    line = asked(clone)[-1]
    begin = f"sync --quiet --locked --no-dev {extras}".strip()
    assert line.startswith(f"{begin} --python ")
    assert len(asked(clone)) == (2 if extras else 1)


@pytest.mark.parametrize("changed", ["uv.lock", "pyproject.toml"])
def test_a_changed_lock_installs_again(clone: Path, changed: str) -> None:
    prepared(clone, "run")
    with (clone / changed).open("a") as file:
        file.write("\n# changed\n")
    prepared(clone, "run")
    assert len(asked(clone)) == 2


def test_a_moved_folder_starts_anew(clone: Path) -> None:
    prepared(clone, "run")
    moved = clone.rename(clone.with_name("moved"))
    (moved / ".venv" / "left").touch()
    prepared(moved, "run")
    assert len(asked(moved)) == 2
    assert not (moved / ".venv" / "left").exists()


def test_a_python_without_venv_is_told(clone: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    for name in ("sh", "dirname", "cksum", "cat", "grep", "cut", "id"):
        (tools / name).parent.mkdir(exist_ok=True)
        (tools / name).symlink_to(shutil.which(name) or name)
    without = tmp_path / "without"
    for name in ("python", "python3", "python3.11", "python3.12", "python3.13"):
        executable(without / name, "exit 1")
    script = clone / "scripts/setup.sh"
    script.write_text(script.read_text().replace("/usr/bin/python3 ", ""))
    done = run(clone, "scripts/setup.sh", "run", PATH=f"{without}:{tools}")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_the_env_file_is_taken_literally_and_gives_way_to_the_environment(clone: Path) -> None:
    executable(clone / ".venv/bin/python", 'env; echo "$*"')
    (clone / ".env").write_text(
        '# a comment\n\nGATEWAY_PORT=9000\nGATEWAY_SYSTEM_PROMPT="two words, $HOME `id`"\n'
        "export GATEWAY_VOICE='x'\nGATEWAY_HOST=0.0.0.0\nGATEWAY_TOOLS=a=b"
    )
    done = run(clone, "scripts/run.sh", "--port", "1", GATEWAY_HOST="127.0.0.1")
    lines = done.stdout.splitlines()
    assert lines[-1] == "-m gateway serve --port 1"
    assert sorted(line for line in lines if line.startswith("GATEWAY_")) == [
        "GATEWAY_HOST=127.0.0.1",
        "GATEWAY_PORT=9000",
        "GATEWAY_SYSTEM_PROMPT=two words, $HOME `id`",
        "GATEWAY_TOOLS=a=b",
        "GATEWAY_VOICE=x",
    ]


@pytest.mark.parametrize("line", ["no assignment", "a-b=1", "9X=1", "=1"])
def test_a_faulty_env_file_stops_the_start(clone: Path, line: str) -> None:
    executable(clone / ".venv/bin/python", "echo started")
    (clone / ".env").write_text(f"{line}\n")
    done = run(clone, "scripts/run.sh")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(".env: ")


def test_signals_reach_the_server_that_run_becomes(clone: Path) -> None:
    executable(clone / ".venv/bin/python", 'echo "$$"')
    with subprocess.Popen(
        ["scripts/run.sh"], cwd=clone, stdout=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.read()) == process.pid
