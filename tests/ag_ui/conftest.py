"""One gateway for all of these tests, and one process of the published client."""

from collections.abc import Iterator

import pytest

from tests.ag_ui.scene import Scene, staged
from tests.ag_ui_consumer import Consumer, consuming

PAGE = "https://pages.example"


@pytest.fixture(scope="session")
def consumer() -> Iterator[Consumer]:
    """The published client."""
    with consuming() as started:
        yield started


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, consumer: Consumer) -> Iterator[Scene]:
    """The gateway, for all tests: its imports take seconds."""
    folder = tmp_path_factory.mktemp("gateway")
    settings = {
        "GATEWAY_ALLOWED_ORIGINS": PAGE,
        "GATEWAY_SESSION_STORE": f"file:{folder / 'store'}",
    }
    with staged(folder / "log", consumer, **settings) as scene:
        yield scene


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """The gateway, before a model that has seen nothing yet."""
    stage.aws.converse.calls.take()
    while stage.aws.converse.scripts.left:  # of a test that failed
        stage.aws.converse.scripts.take()
    yield stage
    assert stage.aws.converse.violations == []
    assert stage.aws.converse.scripts.left == 0
