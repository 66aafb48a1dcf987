"""The black-box suite itself, run as ``make conformance`` runs it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

from tests.conformance.report import MARKERS
from tests.promises import PROMISES
from tests.server_process import ROOT, free_port

CHECKS = sorted(
    {
        ast.literal_eval(argument)
        for file in sorted((ROOT / "tests" / "conformance").glob("test_*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) in {f"pytest.mark.{marker}" for marker in MARKERS}
        for argument in node.args
    }
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tests/conformance", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_deployment_that_is_not_there_fails_every_check(tmp_path: Path) -> None:
    done = run(f"http://127.0.0.1:{free_port()}", str(tmp_path))
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line[:3] in CHECKS]
    assert sorted(line[:3] for line in lines) == CHECKS
    assert all(line.split()[1] == "FAIL" for line in lines)
    assert [line for line in done.stdout.splitlines() if line.startswith("websocket ")] == [
        "websocket  0 passed, 22 failed, 0 skipped"
    ]
    checks = json.loads((tmp_path / "conformance.json").read_text())["checks"]
    assert {check["id"]: check["outcome"] for check in checks} == dict.fromkeys(CHECKS, "failed")
    assert "<testsuite " in (tmp_path / "conformance.xml").read_text()


def test_without_a_url_the_usage_is_told() -> None:
    done = run("localhost")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")


def test_every_check_of_the_websocket_contract_is_a_promise() -> None:
    checks = {f"W{number:02}" for number in range(1, 25)} | {"A11", "A12", "A13", "A14"}
    assert checks <= set(PROMISES)
    assert {check for check in PROMISES if check[0] == "W"} <= checks
