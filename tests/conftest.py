"""Which tests may run beside each other: those of one file never, those in real time never."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REAL_TIME = ("browser", "conformance", "journeys")
"""Folders whose tests speak and listen: beside their own server, one at a time fills a machine."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests for pytest-xdist (``--dist loadgroup``)."""
    for item in items:
        path = item.path.relative_to(TESTS)
        group = "real time" if path.parts[0] in REAL_TIME else path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
