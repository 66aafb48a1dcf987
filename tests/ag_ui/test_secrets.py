"""Nothing of an exception's text reaches a client, on whatever wire."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.ag_ui.pantry import PLANTED
from tests.ag_ui.scene import PROTOBUF, SECONDS, Scene, asking
from tests.emulators.converse.scripts import ToolUse, calls, says
from tests.emulators.scripting import Refusal, StreamException
from tests.server_process import ROOT

pytestmark = pytest.mark.slow

WORDS = "hello"
RECORDING = (ROOT / "tests" / "audio" / "name.wav").read_bytes()
ENDS = {"RUN_FINISHED", "RUN_ERROR", "gateway.error", "gateway.end"}

type Wire = Callable[[Scene], bytes]


def posted(scene: Scene, body: Any, **headers: str) -> bytes:
    answer = scene.post(body, **headers)
    return str(dict(answer.headers)).encode() + answer.content


def plain(scene: Scene) -> bytes:
    return posted(scene, {"prompt": WORDS})


def streamed(scene: Scene) -> bytes:
    return posted(scene, {"prompt": WORDS}, Accept="text/event-stream")


def ag_ui(scene: Scene) -> bytes:
    return posted(scene, asking(WORDS))


def protobuf(scene: Scene) -> bytes:
    return posted(scene, asking(WORDS), Accept=PROTOBUF)


def spoken(scene: Scene) -> bytes:
    kind = {"Content-Type": "audio/wav", "Accept": "text/event-stream"}
    return posted(scene, RECORDING, **kind)


def over_websocket(scene: Scene, *messages: Any) -> bytes:
    """Everything up to the end of the first run, or of the connection."""
    told = b""
    with connect(f"ws{scene.url.removeprefix('http')}/ws", close_timeout=5) as line:
        try:
            for message in messages:
                line.send(message if isinstance(message, bytes) else json.dumps(message))
            while True:
                frame = line.recv(SECONDS, decode=False)
                told += frame
                if frame[:1] == b"{" and json.loads(frame)["type"] in ENDS:
                    return told
        except ConnectionClosed as closed:
            return told + repr(closed).encode()


def websocket_ag_ui(scene: Scene) -> bytes:
    return over_websocket(scene, asking(WORDS))


def websocket_native(scene: Scene) -> bytes:
    start = {"type": "session.start", "audio": False}
    return over_websocket(scene, start, {"type": "input.text", "text": WORDS})


WIRES: list[Wire] = [plain, streamed, ag_ui, protobuf, spoken, websocket_ag_ui, websocket_native]


@pytest.fixture(params=WIRES, ids=lambda wire: wire.__name__)
def wire(request: pytest.FixtureRequest) -> Wire:
    chosen: Wire = request.param
    return chosen


def assert_kept(scene: Scene, told: bytes) -> None:
    assert told
    for secret in (PLANTED, "keys.pem", "Traceback", "botocore", str(ROOT), "site-packages"):
        assert secret.encode() not in told, told


def test_what_a_tool_raises_stays_inside(scene: Scene, wire: Wire) -> None:
    scene.plays(calls(ToolUse("spill")), says("It did not work."))
    told = wire(scene)
    assert_kept(scene, told)
    assert b"work" in told
    assert PLANTED not in json.dumps(scene.shown())
    assert PLANTED in scene.log.read_text()  # who runs the gateway must find it


@pytest.mark.parametrize(
    "fault",
    [
        Refusal(400, "ValidationException", f"no {PLANTED}"),
        says("One two", fault=StreamException("internalServerException", PLANTED), fault_after=2),
    ],
    ids=["refused", "broken off"],
)
def test_what_a_model_raises_stays_inside(
    scene: Scene, wire: Wire, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.aws.converse.scripts, "standing", fault)
    told = wire(scene)
    assert_kept(scene, told)
    assert any(code in told for code in (b"AGENT_ERROR", b"VALIDATION_ERROR")), told


MALFORMED: dict[str, Callable[[Scene], bytes]] = {
    "no JSON": lambda scene: posted(scene, f'{{"prompt": {PLANTED}'.encode()),
    "a prompt": lambda scene: posted(scene, {"prompt": {PLANTED: PLANTED}}),
    "a part": lambda scene: posted(scene, {"prompt": [{"type": PLANTED, "text": PLANTED}]}),
    "a run": lambda scene: posted(scene, asking("x") | {"tools": [{"description": PLANTED}]}),
    "a message": lambda scene: posted(scene, asking({"id": PLANTED, "role": "user", "content": 7})),
    "protobuf": lambda scene: posted(scene, asking("x") | {"messages": PLANTED}, Accept=PROTOBUF),
    "a recording": lambda scene: posted(
        scene, b"RIFF" + PLANTED.encode(), **{"Content-Type": "audio/wav"}
    ),
    "an action": lambda scene: posted(scene, {"action": "offer", "data": {"sdp": PLANTED}}),
    "a frame": lambda scene: over_websocket(scene, f"{{{PLANTED}".encode()),
    "a run on the WebSocket": lambda scene: over_websocket(
        scene, asking("x") | {"messages": PLANTED}
    ),
    "a native message": lambda scene: over_websocket(
        scene, {"type": "session.start", "audio": PLANTED}
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_input_that_is_refused_is_not_said_again(scene: Scene, case: str) -> None:
    assert_kept(scene, MALFORMED[case](scene))


@pytest.mark.check("C17")
@pytest.mark.parametrize("sent", ["{", "[]", '{"threadId": "t", "runId": "r", "messages": 7}'])
def test_the_client_rejects_with_the_status_of_a_refusal(scene: Scene, sent: str) -> None:
    seen = scene.run(asking("hello"), sends=sent, may_fail=True)
    assert seen.failure["status"] == 400
    assert b"Traceback" not in seen.body
    if seen.headers["content-type"].startswith("application/json"):
        assert set(seen.failure["payload"]) >= {"error", "code", "retryable"}
    else:
        (event,) = seen.events
        assert (event["type"], event["code"]) == ("RUN_ERROR", "VALIDATION_ERROR")


def test_a_path_that_is_not_there_tells_nothing(scene: Scene) -> None:
    answer = httpx.get(f"{scene.url}/{PLANTED}", timeout=SECONDS)
    assert (answer.status_code, PLANTED in answer.text) == (404, False)
    assert not Path(ROOT / PLANTED).exists()
