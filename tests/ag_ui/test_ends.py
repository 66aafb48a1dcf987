"""How runs end: by failures, by clients that leave, by a stop request; and runs side by side."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from protocols.streaming import SESSION_HEADER
from tests.ag_ui.pantry import PLANTED
from tests.ag_ui.scene import SECONDS, Json, Scene, asking, client_tool, going_on
from tests.ag_ui_consumer import events_of, kinds_of
from tests.emulators.converse.scripts import Reply, ToolUse, calls, says
from tests.emulators.converse.shapes import ConverseRequest
from tests.emulators.scripting import Break, Fault, StreamException

pytestmark = pytest.mark.slow

LONG = " ".join(["word"] * 400)
STORY = says(LONG, pause_seconds=0.03)
LONG_CALL = calls(ToolUse("weigh", {"thing": LONG}), pause_seconds=0.03)
SILENT = says(LONG, fault=Break.SILENCE, fault_after=3)
WITHIN_SECONDS = 2.0


def goes_on_and_on(request: ConverseRequest) -> Reply:
    """A model that does, unless it is greeted."""
    said = str(request.messages[-1].content[0].text)
    return {"Good day.": says("Here."), "Weigh it.": LONG_CALL}.get(said, STORY)


@pytest.fixture
def talkative(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Before a model that goes on and on."""
    monkeypatch.setattr(scene.aws.converse.scripts, "standing", goes_on_and_on)
    return scene


@pytest.mark.feature("error-flow")
@pytest.mark.check("C56")
@pytest.mark.parametrize(
    "fault",
    [StreamException("modelStreamErrorException", f"no {PLANTED}"), Break.TCP_CUT],
    ids=["an error of the model", "a cut"],
)
def test_a_failure_in_mid_message_is_an_error_at_the_end(scene: Scene, fault: Fault) -> None:
    run = scene.run(asking("hello"), says("One two three", fault=fault, fault_after=3))
    assert run.kinds == ["RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "RUN_ERROR"]
    failed = run.one("RUN_ERROR")
    assert failed["code"] == "AGENT_ERROR"
    assert "Try again" in failed["message"]
    assert PLANTED.encode() not in run.body


@pytest.mark.check("C57")
@pytest.mark.parametrize("script", [STORY, SILENT], ids=["while it speaks", "while it is silent"])
def test_a_client_that_leaves_cancels_the_model_and_frees_the_thread(
    scene: Scene, script: Reply
) -> None:
    logged = len(scene.log.read_text())
    asked = asking("hello")
    scene.run(asked, script, leave_on="TEXT_MESSAGE_CONTENT")
    left_at = time.monotonic()
    (call,) = scene.aws.converse.ended(1)
    assert len(call.events) < len(LONG.split())
    assert time.monotonic() - left_at < WITHIN_SECONDS
    scene.becomes_idle()
    after = scene.run(asked | {"runId": "again"}, says("Here."))
    assert (after.text, after.outcome) == ("Here.", {"type": "success"})
    said = scene.log.read_text()[logged:]
    assert ("Traceback" not in said, "ERROR" not in said) == (True, True), said


@pytest.mark.check("C58")
def test_clients_that_leave_at_any_moment_leave_a_healthy_server(talkative: Scene) -> None:
    leave_at_once(talkative)
    talkative.run(asking("Weigh it."), leave_on="TOOL_CALL_ARGS")
    with ThreadPoolExecutor(10) as crowd:
        assert list(crowd.map(leave_early, [talkative] * 10)) == [200] * 10
    talkative.becomes_idle(10)
    assert talkative.run(asking("Good day.")).text == "Here."


def leave_at_once(scene: Scene) -> None:
    """Send a run, and hang up without reading."""
    where = urlsplit(scene.url)
    request = httpx.Request("POST", f"{scene.url}/invocations", json=asking("hello"))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((where.hostname, where.port), timeout=SECONDS) as line:
        line.sendall(f"POST /invocations HTTP/1.1\r\n{head}\r\n".encode() + request.read())


def leave_early(scene: Scene) -> int:
    """Send a run, and hang up after the first bytes."""
    url = f"{scene.url}/invocations"
    with httpx.stream("POST", url, json=asking("hello"), timeout=SECONDS) as response:
        next(response.iter_raw())
        return response.status_code


@pytest.mark.feature("cancel")
@pytest.mark.check("C59")
@pytest.mark.parametrize(
    ("script", "begun"), [(STORY, "TEXT_MESSAGE_CONTENT"), (LONG_CALL, "TOOL_CALL_ARGS")]
)
def test_a_stop_request_ends_the_run_as_cancelled(scene: Scene, script: object, begun: str) -> None:
    scene.plays(script)  # type: ignore[arg-type]
    asked = asking("hello")
    with scene.reading(asked) as lines:
        told = [next(lines)]
        while begun not in told[-1]:
            told.append(next(lines))
        stopped = scene.post({"action": "cancel"}, **{SESSION_HEADER: asked["threadId"]})
        told += lines
    assert stopped.json() == {"status": "success", "cancelled": True}
    run = scene.consumer.judge(events_of("".join(f"{line}\n\n" for line in told).encode()), asked)
    assert run.outcome == {"type": "cancelled"}
    assert run.finished == {"outcome": "cancelled"}
    (call,) = scene.aws.converse.ended(1)
    assert call.outcome == "client left"


@pytest.mark.check("C60")
def test_twenty_runs_at_once_do_not_mix(scene: Scene) -> None:
    asked = [asking(f"I am number {number}.") for number in range(20)]
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(scene.post, asked))
    identifiers: list[str] = []
    for number, (question, answer) in enumerate(zip(asked, answers, strict=True)):
        run = scene.consumer.replay(answer.content, question)
        assert run.text == f"You said: I am number {number}."
        ends = [run.told[0], run.told[-1]]
        assert [each["threadId"] for each in ends] == [question["threadId"]] * 2
        assert [each["runId"] for each in ends] == [question["runId"]] * 2
        identifiers += run.all("TEXT_MESSAGE_START", "messageId")
    assert len(set(identifiers)) == 20


@pytest.mark.check("C61")
def test_a_second_run_on_a_busy_thread_is_refused_and_a_third_works(scene: Scene) -> None:
    scene.plays(STORY)
    asked = asking("hello")
    with scene.reading(asked) as lines:
        assert "RUN_STARTED" in next(lines)
        second = scene.run(asked | {"runId": "second"}, may_fail=True)
        assert second.failure["status"] == 409
        (refused,) = second.events
        assert (refused["type"], refused["code"]) == ("RUN_ERROR", "SESSION_BUSY")
    scene.becomes_idle()
    assert scene.run(asked | {"runId": "third"}, says("Here.")).text == "Here."


def test_a_run_that_the_client_cancelled_can_be_gone_on_with(scene: Scene) -> None:
    """Calls that were cut have no answer; models must not see them so."""
    asked = asking("weigh it", tools=[client_tool("paint", "colour")])
    cut: Json = asked
    run = scene.run(cut, LONG_CALL, leave_on="TOOL_CALL_ARGS")
    scene.becomes_idle()
    assert kinds_of(run.told)[-1] == "RUN_ERROR"
    after = scene.run(going_on(asked, run, "And now?"), says("Go on."))
    assert (after.text, after.outcome) == ("Go on.", {"type": "success"})
