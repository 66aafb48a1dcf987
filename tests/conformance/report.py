"""The report of a conformance run: a line a check, a summary per protocol, and JSON."""

import json
from collections import Counter
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from tests.ag_ui_checks import CHECKS
from tests.promises import PROMISES, Promise

PROTOCOLS = {
    "H": "health",
    "J": "json",
    "S": "streaming",
    "A": "ag-ui",
    "C": "ag-ui-1.0",
    "W": "websocket",
    "R": "webrtc",
}
MARKERS = ("promise", "check")
PROMISED = PROMISES | {name: Promise("ag-ui", words) for name, words in CHECKS.items()}
WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}


@dataclass
class Check:
    """What is known of one check; it may have several cases."""

    id: str
    outcome: str = "passed"
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)

    @property
    def protocol(self) -> str:
        """The protocol that it belongs to."""
        return PROTOCOLS[self.id[0]]

    def add(self, report: pytest.TestReport) -> None:
        """Count one case."""
        self.seconds += report.duration
        gravest = ["passed", "skipped", "failed"].index
        self.outcome = max(self.outcome, report.outcome, key=gravest)
        reason = _reason(report)
        if reason and reason not in self.reasons:
            self.reasons.append(reason)

    def line(self) -> str:
        """The check on one line."""
        told = f" ({'; '.join(self.reasons)})" if self.reasons else ""
        return f"{self.id:4} {WORDS[self.outcome]}  {PROMISED[self.id].words}{told}"

    def document(self) -> dict[str, object]:
        """The check for the JSON report."""
        return asdict(self) | {"protocol": self.protocol} | asdict(PROMISED[self.id])


class Report:
    """A pytest plugin; a check is what a marker names: a promise of ours, or a check of AG-UI."""

    def __init__(self, url: str, path: Path) -> None:
        """Report on the deployment at ``url`` into ``path``."""
        self._url = url
        self._path = path
        self._checks: dict[str, Check] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the outcome: of the call, or of a set-up that went no further."""
        report = yield
        if report.when == "call" or report.outcome != "passed":
            for name in named(item):
                self._checks.setdefault(name, Check(name)).add(report)
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the lines and the summary, and write the JSON."""
        terminalreporter.ensure_newline()
        terminalreporter.line("")
        for check in sorted(self._checks.values(), key=_place):
            terminalreporter.line(check.line())
        terminalreporter.line("")
        for protocol in PROTOCOLS.values():
            counts = Counter(c.outcome for c in self._checks.values() if c.protocol == protocol)
            told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in WORDS)
            terminalreporter.line(f"{protocol:10} {told}")
        documents = [check.document() for check in sorted(self._checks.values(), key=_place)]
        self._path.write_text(json.dumps({"url": self._url, "checks": documents}, indent=2) + "\n")


def named(item: pytest.Item) -> list[str]:
    """The checks that a test makes."""
    markers = [marker for kind in MARKERS for marker in item.iter_markers(kind)]
    return [name for marker in markers for name in marker.args]


def _place(check: Check) -> tuple[int, str]:
    return list(PROTOCOLS).index(check.id[0]), check.id


def _reason(report: pytest.TestReport) -> str:
    """Why it did not pass, on one line; the JUnit report has the whole."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message.partition("\n")[0] if crash else ""
