"""Every check and every feature has its test, and no test names one that is not in the tables."""

import ast
import re

from tests.ag_ui_checks import CHECKS, FEATURES
from tests.server_process import ROOT


def marked(marker: str) -> set[str]:
    """What the tests name by a marker."""
    return {
        ast.literal_eval(argument)
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{marker}"
        for argument in node.args
    }


def test_the_checks_are_76() -> None:
    assert list(CHECKS) == [f"C{number:02}" for number in range(1, 77)]


def test_checks_and_tests_name_each_other() -> None:
    assert sorted(marked("check")) == sorted(CHECKS)


def test_features_and_tests_name_each_other() -> None:
    assert sorted(marked("feature")) == sorted(FEATURES)


def test_the_page_says_how_each_feature_is_done() -> None:
    page = (ROOT / "docs" / "protocols" / "ag-ui.md").read_text()
    anchors = re.findall(r'<a id="([\w-]+)"></a>', page)
    assert sorted(anchors) == sorted(FEATURES)
