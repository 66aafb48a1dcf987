"""The report of a conformance run: a line a check, a summary per protocol, and JSON."""

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.promises import PROMISES

PROTOCOLS = {
    "H": "health",
    "J": "json",
    "S": "streaming",
    "A": "ag-ui",
    "W": "websocket",
    "R": "webrtc",
}
CASE_WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}


class Report:
    """A pytest plugin; a check is what carries the promise marker."""

    def __init__(self, url: str, path: Path) -> None:
        """Report on the deployment at ``url`` into ``path``."""
        self._url = url
        self._path = path
        self._checks: list[dict[str, str]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the outcome: of the call, or of a set-up that went no further."""
        report = yield
        marker = item.get_closest_marker("promise")
        if marker and (report.when == "call" or report.outcome != "passed"):
            self._note(marker.args[0], report)
        return report

    def _note(self, check: str, report: pytest.TestReport) -> None:
        reason = ""
        if isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
        elif report.longrepr is not None:
            reason = str(report.longrepr).strip().splitlines()[-1]
        self._checks.append(
            {
                "id": check,
                "protocol": PROTOCOLS[check[0]],
                "outcome": report.outcome,
                "words": PROMISES[check].words,
                "source": PROMISES[check].source,
                "test": report.nodeid,
                "seconds": f"{report.duration:.3f}",
                "reason": reason,
            }
        )

    @staticmethod
    def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str]:
        """Silence the dots: the lines say it."""
        return report.outcome if report.when == "call" or report.outcome != "passed" else "", "", ""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the lines and the summary, and write the JSON."""
        terminalreporter.section(f"conformance of {self._url}")
        for check in self._checks:
            reason = f" ({check['reason']})" if check["reason"] else ""
            word = CASE_WORDS[check["outcome"]]
            terminalreporter.line(f"{check['id']:4} {word}  {check['words']}{reason}")
        terminalreporter.line("")
        for protocol in PROTOCOLS.values():
            counts = Counter(c["outcome"] for c in self._checks if c["protocol"] == protocol)
            told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in CASE_WORDS)
            terminalreporter.line(f"{protocol:10} {told}")
        self._path.write_text(
            json.dumps({"url": self._url, "checks": self._checks}, indent=2) + "\n"
        )
