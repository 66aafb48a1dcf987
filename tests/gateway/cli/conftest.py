from collections.abc import Iterator

import pytest

from tests.gateway.cli.scripted_gateway import HttpScript, http_gateway


@pytest.fixture
def gateway() -> Iterator[HttpScript]:
    with http_gateway() as script:
        yield script
