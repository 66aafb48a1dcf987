"""A client that stops reading in the middle of a run."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.ag_ui.scene import SECONDS, Scene, asking, staged
from tests.ag_ui_consumer import Consumer
from tests.emulators.converse.scripts import says

pytestmark = pytest.mark.slow

WORDS = 4000
ANSWER = " ".join(["x" * 10_000] * WORDS)  # 40 MB: more than any buffer on the way
MOST_GROWTH_BYTES = 30_000_000


@pytest.mark.check("C76")
def test_a_reader_that_stalls_costs_bounded_memory_and_its_run_ends(
    tmp_path: Path, consumer: Consumer
) -> None:
    with staged(tmp_path / "log", consumer, GATEWAY_STALLED_SECONDS="1") as scene:
        scene.run(asking("hello"), says("Hi."))  # what is loaded by the first run is no growth
        before = resident_bytes(scene)
        scene.plays(says(ANSWER))
        with socket.create_connection(place(scene), timeout=SECONDS) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.sendall(request(scene))
            assert line.recv(100).startswith(b"HTTP/1.1 200")
            _, call = scene.aws.converse.ended(2)
            scene.becomes_idle()
            assert call.outcome == "client left"
            assert len(call.events) < WORDS
            assert resident_bytes(scene) - before < MOST_GROWTH_BYTES
        assert scene.run(asking("hello"), says("Here.")).text == "Here."


def place(scene: Scene) -> tuple[str, int]:
    where = urlsplit(scene.url)
    assert where.hostname is not None
    assert where.port is not None
    return where.hostname, where.port


def request(scene: Scene) -> bytes:
    written = httpx.Request("POST", f"{scene.url}/invocations", json=asking("hello"))
    head = "".join(f"{name}: {value}\r\n" for name, value in written.headers.items())
    return f"POST /invocations HTTP/1.1\r\n{head}\r\n".encode() + written.read()


def resident_bytes(scene: Scene) -> int:
    """The memory of the server's process."""
    status = Path(f"/proc/{scene.process_id}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024
