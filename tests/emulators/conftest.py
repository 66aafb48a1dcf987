"""An emulated AWS for each test, and this process led to it."""

import os
from collections.abc import Iterator

import pytest

from tests.emulators.emulator import AwsEmulator, clean


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEmulator]:
    """AWS, as every client of this process finds it."""
    with AwsEmulator() as emulator:
        for name in set(os.environ) - set(clean(os.environ)):
            monkeypatch.delenv(name)
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        yield emulator
    assert emulator.routes.refused.all() == []
