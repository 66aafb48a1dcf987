"""Every check has its test, and no test makes a check that is not in the table."""

import ast

from tests.ag_ui_checks import CHECKS
from tests.server_process import ROOT


def test_the_checks_are_those_of_the_reference() -> None:
    assert list(CHECKS) == [f"C{number:02}" for number in range(1, 77)]


def test_checks_and_tests_name_each_other() -> None:
    made = {
        ast.literal_eval(argument)
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "check"
        and ast.unparse(node.func) == "pytest.mark.check"
        for argument in node.args
    }
    assert sorted(made) == sorted(CHECKS)
