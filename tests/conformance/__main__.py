"""Checks any running deployment from outside: ``python tests/conformance URL [FOLDER]``.

Prints one line a check and a summary per protocol; writes ``conformance.xml`` (JUnit) and
``conformance.json`` into the folder, by default ``reports``. ``CONFORMANCE_TOKEN`` is sent as the
bearer token.
"""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the checks against the URL of the command line."""
    sys.path.insert(0, str(ROOT))
    from tests.conformance.report import (
        Report,  # the repository is no package, so its root comes first
    )

    url, *folder = sys.argv[1:] or [""]
    if len(folder) > 1 or not url.startswith(("http://", "https://")):
        sys.stderr.write("usage: python tests/conformance http://host:port [FOLDER]\n")
        return 2
    os.environ["CONFORMANCE_URL"] = url
    reports = Path(*folder).resolve() if folder else ROOT / "reports"
    reports.mkdir(exist_ok=True)
    report = Report(url, reports / "conformance.json")
    return pytest.main(
        [
            str(ROOT / "tests" / "conformance"),
            f"--rootdir={ROOT}",
            f"--config-file={ROOT / 'pyproject.toml'}",
            "--quiet",
            "--no-header",
            "--tb=no",
            "--no-summary",
            "-p",
            "no:cacheprovider",
            f"--junitxml={reports / 'conformance.xml'}",
        ],
        plugins=[report],
    )


if __name__ == "__main__":
    sys.exit(main())
