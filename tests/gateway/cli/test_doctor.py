import sys
from pathlib import Path

import pytest

from gateway.cli import doctor
from gateway.cli.doctor import python_finding, store_finding, tools_finding
from gateway.cli.finding import Finding
from gateway.settings import Settings
from tests.gateway.cli.scripted_gateway import HttpScript, Reply, nobody

JSON = "application/json"


def test_a_fresh_installation_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    port = nobody().port
    code = doctor.run({"GATEWAY_PORT": str(port), "HOME": "x"})
    lines = capsys.readouterr().out.splitlines()
    assert (code, {line.split()[0] for line in lines}) == (0, {"ok"})
    assert [line[6:17].strip() for line in lines] == [
        "Python",
        "settings",
        "access",
        f"port {port}",
        "tools",
        "sessions",
        "text model",
        "voice model",
        "ICE servers",
    ]


def test_wrong_settings_are_a_failure_and_end_the_examination(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert doctor.run({"GATEWAY_PROT": "1"}) == 1
    assert "GATEWAY_PROT: no such setting; did you mean GATEWAY_PORT?" in capsys.readouterr().out


def test_a_running_gateway_is_asked(
    gateway: HttpScript, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.replies = [
        Reply(b'{"status":"Healthy"}', content_type=JSON),
        Reply(b'{"custom":{"speech":"ready"}}', content_type=JSON),
    ]
    assert doctor.run({"GATEWAY_PORT": str(gateway.address.port)}) == 0
    out = capsys.readouterr().out
    assert f"a gateway answers at {gateway.address.base}: Healthy" in out
    assert "offline: ready" in out


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 11), "fail"), ((3, 12), "ok"), ((3, 13), "ok"), ((3, 14), "warn")],
)
def test_only_the_versions_of_python_that_are_tested_are_fine(
    version: tuple[int, int], level: str
) -> None:
    finding = python_finding(version)
    assert (finding.level, bool(finding.remedy)) == (level, level != "ok")


def test_the_python_of_this_machine_is_fine() -> None:
    assert python_finding(sys.version_info[:2]).level == "ok"


def test_tools_that_do_not_load_are_a_failure() -> None:
    finding = tools_finding(Settings(tools="tools.catalog:NOTHING"))
    assert (finding.level, finding.name) == ("fail", "tools")
    assert finding.text.startswith("GATEWAY_TOOLS: ")


def test_the_tools_are_named() -> None:
    finding = tools_finding(Settings())
    assert (finding.level, "calculator" in finding.text) == ("ok", True)
    assert isinstance(finding, Finding)


def test_a_store_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for setting, level in (("folder", "ok"), ("file", "fail")):
        finding = store_finding(Settings(session_store=f"file:{tmp_path / setting}"))
        assert (finding.level, bool(finding.remedy)) == (level, level == "fail")
    assert [path for path in (tmp_path / "folder").rglob("*") if path.is_file()] == []
    assert store_finding(Settings(session_store="s3://x")).level == "fail"
