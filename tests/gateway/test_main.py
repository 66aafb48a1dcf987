import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from gateway.cli import chat, dashboard, doctor, talk, tool_list
from gateway.cli.address import parse_address
from gateway.cli.chat import ChatOptions
from gateway.cli.failures import CommandFailed
from gateway.cli.talk import TalkOptions
from gateway.settings import Settings

HERE = parse_address("http://127.0.0.1:8080")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("GATEWAY_"):
            monkeypatch.delenv(name)


def serving(monkeypatch: pytest.MonkeyPatch, serve: Callable[[Settings], None]) -> None:
    application = types.ModuleType("gateway.app")
    application.serve = serve  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, "gateway.app", application)


def test_serve_takes_the_environment_and_the_command_line_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[Settings] = []
    serving(monkeypatch, served.append)
    monkeypatch.setenv("GATEWAY_HOST", "127.0.0.2")
    monkeypatch.setenv("GATEWAY_PORT", "1")
    assert main(["serve", "--port", "81"]) == 0
    assert [(settings.host, settings.port) for settings in served] == [("127.0.0.2", 81)]


def test_ctrl_c_ends_the_server_with_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Settings) -> None:
        raise KeyboardInterrupt

    serving(monkeypatch, interrupted)
    assert main(["serve"]) == 0


def test_a_wrong_setting_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "high"]) == 2
    out, complaint = capsys.readouterr()
    assert (out, complaint.count("\n")) == ("", 1)
    assert complaint.startswith("error: GATEWAY_PORT: ")


def test_wrong_usage_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "arn:aws:x"]) == 2
    assert capsys.readouterr().err == (
        "error: URL: arn:aws:x is a runtime ARN; "
        "give the URL of a gateway, such as http://127.0.0.1:8080\n"
    )


@pytest.mark.parametrize(
    ("typed", "module", "called_with"),
    [
        ("chat --once hi", chat, ((ChatOptions(HERE, once="hi"),), {})),
        (
            "talk q.wav --via ws",
            talk,
            ((TalkOptions(question="q.wav", address=HERE, via="ws"),), {}),
        ),
        ("tools --json", tool_list, ((Settings(),), {"as_json": True})),
        ("doctor", doctor, ((os.environ,), {})),
        ("dashboard --only voice", dashboard, ((), {"name": "voice", "alarms": False})),
    ],
)
def test_a_command_gives_the_exit_code(
    typed: str,
    module: types.ModuleType,
    called_with: tuple[tuple[object, ...], dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def run(*arguments: Any, **options: Any) -> int:
        calls.append((arguments, options))
        return 7

    monkeypatch.setattr(module, "run", run)
    assert (main(typed.split()), calls) == (7, [called_with])


@pytest.mark.parametrize(
    ("error", "complaint"),
    [(CommandFailed("no answer"), "error: no answer\n"), (KeyboardInterrupt(), "")],
)
def test_failure_is_exit_code_1_without_a_traceback(
    error: BaseException,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(_: object) -> int:
        raise error

    monkeypatch.setattr(chat, "run", run)
    assert (main(["chat"]), capsys.readouterr().err) == (1, complaint)


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "dashboard"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaints = process.stderr.read()
        assert (process.wait(20), complaints) == (1, b"")


def test_help_loads_no_big_library() -> None:
    code = (
        "import sys; from gateway.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    big = {"aiortc", "av", "boto3", "httpx", "litestar", "numpy", "strands"}
    assert big.isdisjoint(done.stdout.split())
