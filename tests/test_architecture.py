"""The rules of the house that no other tool checks."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises import PROMISES

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gateway", "protocols", "tools", "observability")
MAX_LINES = 400
BIG_LIBRARIES = ("litestar", "ag_ui", "aiortc", "av", "boto3", "numpy", "opentelemetry", "strands")


def tracked_files() -> list[Path]:
    """The files under version control; outside a clone there is nothing to check."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a clone: git lists no files here")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def python_files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def relative(files: list[Path]) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in files]


def test_every_module_has_its_test_file() -> None:
    modules = [file for file in python_files(*PACKAGES) if file.name != "__init__.py"]
    missing = [
        module
        for module in modules
        if not (
            ROOT
            / "tests"
            / module.relative_to(ROOT).with_name(
                f"test_{module.name.strip('_')}".replace("__.", ".")
            )
        ).exists()
    ]
    assert relative(missing) == []


def test_no_module_is_too_long() -> None:
    files = python_files(*PACKAGES, "tests", "benchmarks", "scripts")
    too_long = [file for file in files if len(file.read_text().splitlines()) > MAX_LINES]
    assert relative(too_long) == []


def test_annotations_are_never_postponed() -> None:
    # Litestar and strands read them when the program runs.
    files = python_files(*PACKAGES, "tests", "benchmarks", "scripts")
    postponed = [
        file
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert relative(postponed) == []


def test_strands_never_loads_tools_from_our_folder() -> None:
    # Our package is called tools: strands would run its modules as plug-ins.
    option = "load_tools_from_directory"
    setting = [file for file in python_files(*PACKAGES) if option in file.read_text()]
    assert relative(setting) == []


def test_packages_of_tests_have_no_init() -> None:
    assert relative(sorted((ROOT / "tests").rglob("__init__.py"))) == []


def test_import_contracts_are_kept() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    "module", ["gateway.settings", "protocols.contract.events", "protocols.contract.conversations"]
)
def test_the_contract_and_the_settings_load_no_big_library(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in loaded if name in BIG_LIBRARIES] == []


def test_no_file_names_a_registry_or_a_local_path() -> None:
    # Put together here, so that this file does not name them.
    names = [".".join(words) for words in (("pypi", "org"), ("registry", "npmjs"))]
    names += ["".join(words) for words in (("python", "hosted.org"), ("deb.", "debian.org"))]
    local = [f"/{folder}/" for folder in ("work", "root", "home")]
    forbidden = re.compile("|".join(re.escape(word) for word in (*names, *local)))
    named = []
    for file in tracked_files():
        if file.name == "uv.lock":
            continue
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue  # sound, images
        named += [f"{relative([file])[0]}: {found}" for found in forbidden.findall(text)]
    assert named == []


def test_the_settings_table_of_the_readme_is_the_generated_one() -> None:
    from gateway.settings import markdown_table

    readme = (ROOT / "README.md").read_text()
    shown = readme.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    assert shown.strip() == markdown_table().strip(), "run `make fix`"


def test_promises_and_tests_name_each_other() -> None:
    named = set()
    for file in python_files("tests"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "promise"
            ):
                named |= {ast.literal_eval(argument) for argument in node.args}
    assert named == set(PROMISES)
