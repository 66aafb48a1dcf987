"""Machines without and with AWS, for tests of models; nothing here reaches a network."""

import os
from pathlib import Path

import pytest


def without_aws(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A machine that knows nothing of AWS."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "absent"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "absent"))


def with_aws(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A machine with keys of nobody."""
    without_aws(monkeypatch, folder)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
