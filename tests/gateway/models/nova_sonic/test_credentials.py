"""Keys are found as they are when a connection needs them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from gateway.models.nova_sonic.credentials import find_access


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that knows nothing of AWS but what a test writes to its file."""
    import os

    for name in set(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    return file


def write_keys(file: Path, name: str) -> None:
    lines = ("[default]", f"aws_access_key_id = {name}", "aws_secret_access_key = s")
    file.write_text("\n".join(lines))


def test_without_keys_nothing_is_given() -> None:
    with pytest.raises(NoCredentialsError):
        find_access()


def test_keys_that_were_changed_are_found(machine: Path) -> None:
    found = []
    for name in ("FIRST", "SECOND"):
        write_keys(machine, name)
        found.append(find_access().session.get_credentials().access_key)
    assert found == ["FIRST", "SECOND"]


def test_the_region_is_that_of_the_environment(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_keys(machine, "KEY")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    access = find_access()
    assert (access.session.region_name, access.expires_in_seconds) == ("eu-north-1", None)


def test_the_end_of_keys_is_known(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_keys(machine, "KEY")
    found = boto3.Session.get_credentials

    def expiring(self: boto3.Session) -> Any:
        credentials = found(self)
        credentials._expiry_time = datetime.now(UTC) + timedelta(hours=1)
        return credentials

    monkeypatch.setattr(boto3.Session, "get_credentials", expiring)
    assert find_access().expires_in_seconds == pytest.approx(3600, abs=60)
