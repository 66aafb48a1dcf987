"""The deployment under test: ``CONFORMANCE_URL``, or a gateway of our own on a free port."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conformance.deployment import Deployment
from tests.server_process import serve


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment, with its HTTP client open."""
    given = os.environ.get("CONFORMANCE_URL")
    if given:
        yield from _open(given)
        return
    log: Path = tmp_path_factory.mktemp("server") / "server.log"
    with serve(log) as url:
        yield from _open(url)


def _open(url: str) -> Iterator[Deployment]:
    token = os.environ.get("CONFORMANCE_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # Servers close idle connections, often after 5 s, which is when httpx gives them up by itself.
    limits = httpx.Limits(keepalive_expiry=1)
    with httpx.Client(base_url=url, timeout=30, headers=headers, limits=limits) as client:
        yield Deployment(url.rstrip("/"), client, headers)
