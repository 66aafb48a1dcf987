"""One running gateway for all journeys, and a client for each of its wires."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_process import serve


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a gateway on the embedded default, its speech engines loaded."""
    log = tmp_path_factory.mktemp("gateway") / "log"
    with serve(log, GATEWAY_MAX_VOICES="12") as url:
        yield url
    assert "Traceback" not in Path(log).read_text(errors="replace")
