"""The image: no engine builds it in the tests, so its Dockerfile is read and its steps replayed."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ROOT, free_port, stop, wait_until_healthy

INSTRUCTION = re.compile(r"([A-Z]+) +(.*)")


def instructions() -> list[tuple[str, str]]:
    """What the Dockerfile says; a continued line belongs to the instruction before it."""
    found: list[tuple[str, str]] = []
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines():
        match = INSTRUCTION.match(line)
        if match:
            found.append((match[1], " ".join(match[2].split())))
        elif line.strip() and not line.startswith("#"):
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}")
    return found


def value(name: str) -> str:
    """The one value of an instruction of the last stage."""
    all_of_them = instructions()
    last_from = max(i for i, (each, _) in enumerate(all_of_them) if each == "FROM")
    (found,) = [argument for each, argument in all_of_them[last_from:] if each == name]
    return found


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in value("ENV").split())


def copied_folders() -> list[str]:
    """What comes from the build context, without the files of the package manager."""
    copied = [argument.split() for name, argument in instructions() if name == "COPY"]
    sources = [word for words in copied if "--from=build" not in words for word in words[:-1]]
    return [source for source in sources if source not in {"pyproject.toml", "uv.lock"}]


def test_the_user_is_a_number() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", value("USER"))


def test_the_port_is_the_one_of_the_platform() -> None:
    environment = image_environment()
    assert (value("EXPOSE"), environment["GATEWAY_PORT"]) == ("8080", "8080")
    assert environment["GATEWAY_HOST"] == "0.0.0.0"
    assert environment["GATEWAY_ERRORS"] == "in_band"


def test_who_may_call_is_left_to_the_deployer() -> None:
    assert "GATEWAY_AUTH" not in image_environment()


def test_signals_reach_python() -> None:
    assert json.loads(value("CMD")) == ["python", "-m", "gateway", "serve"]
    assert value("STOPSIGNAL") == "SIGTERM"
    assert "ENTRYPOINT" not in [name for name, _ in instructions()]


def test_nothing_depends_on_the_processor() -> None:
    text = (ROOT / "Dockerfile").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert not re.search(r"--platform|x86_64|amd64|aarch64|arm64", code)


def test_layers_are_few() -> None:
    final = instructions()[-10:]
    assert sum(name in {"COPY", "RUN", "ADD"} for name, _ in final) <= 3


def test_the_builder_is_sent_what_is_copied_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert sent == {*copied_folders(), "pyproject.toml", "uv.lock"}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_locked_package_has_a_wheel_for_the_base(machine: str) -> None:
    without = [
        package["name"]
        for package in runtime_packages()
        if not any(fits(wheel["url"], machine) for wheel in package.get("wheels", []))
    ]
    assert without == []


def runtime_packages() -> list[dict[str, Any]]:
    """The locked packages that ``uv sync --no-dev`` installs on Linux."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    by_name = {package["name"]: package for package in locked}
    reached: set[str] = set()
    waiting = [("agent-gateway", "")]
    while waiting:
        name, extra = waiting.pop()
        package = by_name[name]
        needs = list(package.get("dependencies", []))
        if extra:
            needs += package["optional-dependencies"][extra]
        elif name in reached:
            continue
        reached.add(name)
        for need in needs:
            if "win32" not in need.get("marker", ""):
                waiting += [(need["name"], each) for each in ["", *need.get("extra", [])]]
    return [by_name[name] for name in sorted(reached - {"agent-gateway"})]


def fits(url: str, machine: str) -> bool:
    """The wheel runs on CPython 3.12 and the C library of Debian 12, 2.36."""
    python, abi, platforms = url.rsplit("/", 1)[1].removesuffix(".whl").split("-")[-3:]
    right_python = "py3" in python or "cp312" in python or abi == "abi3"
    libraries = re.findall(rf"manylinux_2_(\d+)_{machine}", platforms)
    old = re.search(rf"manylinux(1|2010|2014)_{machine}", platforms)
    library_is_old_enough = any(int(minor) <= 36 for minor in libraries) or old is not None
    return right_python and (platforms == "any" or library_is_old_enough)


@pytest.fixture(name="image")
def _image(tmp_path: Path) -> Path:
    """A folder that holds what the image holds, read-only."""
    for name in copied_folders():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path)
    return tmp_path


def start(image: Path, log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Run the command of the image with its environment and no other."""
    environment = image_environment() | settings | {"PATH": "/usr/bin:/bin"}
    _, *arguments = json.loads(value("CMD"))
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=image,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def test_what_is_copied_serves_and_ends_on_sigterm(
    image: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("log") / "server.log"
    port = str(free_port())
    server = start(image, log, GATEWAY_HOST="127.0.0.1", GATEWAY_PORT=port, GATEWAY_AUTH="platform")
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
        health = value("HEALTHCHECK").split("CMD ", 1)[1]
        _, *arguments = json.loads(health)
        checked = subprocess.run(
            [sys.executable, *arguments], env={"GATEWAY_PORT": port}, timeout=10, check=False
        )
    finally:
        code = stop(server)
    assert (checked.returncode, code) == (0, 0)
    refused = subprocess.run(
        [sys.executable, *arguments],
        env={"GATEWAY_PORT": port},
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert refused.returncode == 1


def test_it_refuses_to_serve_before_it_is_said_who_may_call(
    image: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("log") / "server.log"
    server = start(image, log, GATEWAY_PORT=str(free_port()))
    assert server.wait(30) == 2
    assert "GATEWAY_AUTH" in log.read_text()
