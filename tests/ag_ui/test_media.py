"""Attachments: what the model is shown of them, and what is never opened."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.ag_ui.scene import Json, Scene, asking, said_to, words_to
from tests.emulators.converse.scripts import says

pytestmark = pytest.mark.slow

PNG = "iVBORw0KGgo="


def showing(kind: str, **source: str) -> Json:
    """A run with a question about one attachment."""
    part: dict[str, Any] = {"type": kind, "source": source}
    content = [{"type": "text", "text": "What is this?"}, part]
    return asking({"id": "u", "role": "user", "content": content})


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A server inside the network, which must not be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.feature("multimodal-chat")
def test_an_image_is_what_the_model_sees(scene: Scene) -> None:
    run = scene.run(showing("image", type="data", value=PNG, mimeType="image/png"), says("A dot."))
    assert run.text == "A dot."
    shown = {"image": {"format": "png", "source": {"bytes": PNG}}}
    assert said_to(scene.shown()[0]) == [{"text": "What is this?"}, shown]


@pytest.mark.check("C45")
@pytest.mark.parametrize(
    ("kind", "source", "told"),
    [
        ("audio", {"type": "data", "value": "SUQzBAAA", "mimeType": "audio/mpeg"}, "audio"),
        ("image", {"type": "data", "value": "PHN2Zy8+", "mimeType": "image/svg+xml"}, "image"),
        ("document", {"type": "file", "value": "handle-1", "provider": "openai"}, "document"),
        ("video", {"type": "file", "value": "handle-2"}, "video"),
    ],
)
def test_what_the_model_does_not_take_is_named_to_it(
    scene: Scene, kind: str, source: dict[str, str], told: str
) -> None:
    run = scene.run(showing(kind, **source), says("I cannot see it."))
    assert run.outcome == {"type": "success"}
    assert f"[an attached {told}" in words_to(scene.shown()[0])


@pytest.mark.check("C46")
def test_a_private_address_is_not_even_connected_to(scene: Scene) -> None:
    with listening() as server:
        port = server.getsockname()[1]
        link = f"http://127.0.0.1:{port}/latest/meta-data/"
        run = scene.run(showing("image", type="url", value=link), says("I cannot see it."))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert run.outcome == {"type": "success"}
    assert "could not be opened" in words_to(scene.shown()[0])


@pytest.mark.check("C46")
@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0/",
        "http://2130706433/",
        "file:///etc/passwd",
    ],
)
def test_addresses_of_the_inside_fail_no_run(scene: Scene, link: str) -> None:
    run = scene.run(showing("document", type="url", value=link), says("I cannot see it."))
    assert run.outcome == {"type": "success"}
    words = words_to(scene.shown()[0])
    assert "[an attached document that could not be opened" in words
    assert "root:" not in words


@pytest.mark.check("C47")
@pytest.mark.parametrize("value", ["%% no base64", "", "iVBORw0KGgo", "====", "\x00"])
def test_broken_base64_fails_no_run(scene: Scene, value: str) -> None:
    asked = showing("image", type="data", value=value, mimeType="image/png")
    assert scene.run(asked, says("Hm.")).outcome == {"type": "success"}
