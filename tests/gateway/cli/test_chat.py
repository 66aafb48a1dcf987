import io
import json
import signal
import subprocess
import sys
from threading import Event

import pytest

from gateway.cli import chat
from gateway.cli.chat import ChatOptions
from tests.gateway.cli.scripted_gateway import (
    BOUND_SECONDS,
    HttpScript,
    Reply,
    Request,
    http_gateway,
    nobody,
    sse,
)

JSON = "application/json"
NO_HISTORY = Reply(b'{"status":"success","messages":[]}', content_type=JSON)
SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"
STARTED = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}


def said(text: str, message_id: str = "a") -> bytes:
    return sse(
        STARTED,
        {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": text},
        {"type": "TEXT_MESSAGE_END", "messageId": message_id},
        FINISHED,
    )


def session_of(request: Request) -> str:
    return {name.lower(): value for name, value in request.headers.items()}[SESSION]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_question_is_answered_and_the_exit_code_is_0(
    gateway: HttpScript, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.replies = [Reply(said("Hello."))]
    code = chat.run(ChatOptions(gateway.address, once="Hi"))
    (request,) = gateway.requests
    session = session_of(request)
    assert (code, *capsys.readouterr()) == (0, "Hello.\n", "")
    assert (request.path, len(session) >= 33) == ("/invocations", True)
    assert request.headers["Accept"] == "text/event-stream"
    assert request.document["threadId"] == session
    assert [message["content"] for message in request.document["messages"]] == ["Hi"]


def test_a_conversation_is_gone_on_with_where_it_stands(
    gateway: HttpScript, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [{"id": "1", "role": "user", "content": "My name is Ada."}]
    told = json.dumps({"status": "success", "messages": known}).encode()
    snapshot = {"type": "MESSAGES_SNAPSHOT", "messages": known}
    gateway.replies = [Reply(told, content_type=JSON), Reply(sse(snapshot) + said("Ada."))]
    assert chat.run(ChatOptions(gateway.address, session="mine", once="Who am I?")) == 0
    history, turn = gateway.requests
    assert (history.document, session_of(history)) == ({"action": "history"}, "mine")
    assert turn.document["threadId"] == session_of(turn) == "mine"
    assert turn.document["messages"][:1] == known
    assert capsys.readouterr().out == "Ada.\n"
    assert turn.document["messages"][1]["content"] == "Who am I?"


def test_what_was_said_on_another_wire_meanwhile_is_mentioned(
    gateway: HttpScript, capsys: pytest.CaptureFixture[str]
) -> None:
    news = {"type": "MESSAGES_SNAPSHOT", "messages": [{"id": "9", "role": "user", "content": "x"}]}
    gateway.replies = [Reply(sse(news) + said("Ada."))]
    assert chat.run(ChatOptions(gateway.address, once="Who am I?")) == 0
    assert capsys.readouterr().out == (
        "[the conversation went on elsewhere; it is known here now]\nAda.\n"
    )


def test_a_server_that_tells_no_history_is_asked_all_the_same(gateway: HttpScript) -> None:
    gateway.replies = [Reply(b"Not found", 404), Reply(said("Hello."))]
    assert chat.run(ChatOptions(gateway.address, session="mine", once="Hi")) == 0
    assert len(gateway.requests[1].document["messages"]) == 1


def test_each_line_of_a_pipe_is_a_turn_of_one_conversation(
    gateway: HttpScript, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("My name is Ada.\n\n What is my name? \n"))
    gateway.replies = [Reply(said("Hello Ada.")), Reply(said("Ada.", "b"))]
    code = chat.run(ChatOptions(gateway.address))
    first, second = gateway.requests
    assert (code, *capsys.readouterr()) == (0, "Hello Ada.\nAda.\n", "")
    assert session_of(first) == session_of(second) == second.document["threadId"]
    assert [message["content"] for message in second.document["messages"]] == [
        "My name is Ada.",
        "Hello Ada.",
        "What is my name?",
    ]


@pytest.mark.parametrize(
    ("reply", "shown", "complaint"),
    [
        (
            Reply(b'{"error":"Busy.","code":"SESSION_BUSY"}', 409, JSON),
            "",
            "error: Busy. (SESSION_BUSY, HTTP 409)\n",
        ),
        (
            Reply(sse({"type": "RUN_ERROR", "message": "Busy.", "code": "SESSION_BUSY"})),
            "",
            "error: Busy. (SESSION_BUSY)\n",
        ),
        (
            Reply(
                said("One", "a").removesuffix(sse(FINISHED))
                + sse({"type": "RUN_ERROR", "message": "The model failed."})
            ),
            "One\n",
            "error: The model failed.\n",
        ),
        (
            Reply(said("One").removesuffix(sse(FINISHED))),
            "One\n",
            "error: the answer broke off; ask again\n",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(
    reply: Reply,
    shown: str,
    complaint: str,
    gateway: HttpScript,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway.replies = [reply]
    assert chat.run(ChatOptions(gateway.address, once="Hi")) == 1
    assert capsys.readouterr() == (shown, complaint)


def test_nobody_listening_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert chat.run(ChatOptions(nobody(), once="Hi")) == 1
    out, complaint = capsys.readouterr()
    assert (out, complaint.count("\n")) == ("", 1)
    assert "is the gateway running?" in complaint


def test_a_question_that_was_refused_is_not_asked_again(
    gateway: HttpScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo\n"))
    gateway.replies = [Reply(b"", 503), Reply(said("Two."))]
    assert chat.run(ChatOptions(gateway.address)) == 1
    assert [message["content"] for message in gateway.requests[1].document["messages"]] == ["two"]


@pytest.mark.parametrize("leaving", ["/quit\nnot asked\n", ""])
def test_a_terminal_is_prompted_until_the_user_leaves(
    leaving: str,
    gateway: HttpScript,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"Hi\n\n{leaving}"))
    gateway.replies = [NO_HISTORY, Reply(said("Hello."))]
    assert chat.run(ChatOptions(gateway.address, session="abc")) == 0
    out, complaints = capsys.readouterr()
    assert out.startswith(f"Session abc at {gateway.address.base}\n")
    assert "> Hello.\n" in out
    assert (complaints, len(gateway.requests)) == ("", 2)


def test_ctrl_c_at_the_prompt_leaves(
    gateway: HttpScript, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Terminal(""))
    monkeypatch.setattr("builtins.input", interrupted)
    assert chat.run(ChatOptions(gateway.address)) == 0
    assert capsys.readouterr().err == ""


class InterruptingScreen(io.StringIO):
    """Ctrl-C comes when the first words are printed."""

    was_interrupted = False

    def write(self, text: str) -> int:
        written = super().write(text)
        if "One" in text and not self.was_interrupted:
            self.was_interrupted = True
            raise KeyboardInterrupt
        return written


def test_ctrl_c_in_a_turn_cancels_it_at_the_gateway(
    gateway: HttpScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, hold = InterruptingScreen(), Event()
    monkeypatch.setattr(sys, "stdout", screen)
    gateway.replies = [
        NO_HISTORY,
        Reply(said("One").removesuffix(sse(FINISHED)), hold=hold),
        Reply(b'{"status":"success"}', content_type=JSON),
    ]
    try:
        code = chat.run(ChatOptions(gateway.address, session="abc", once="count"))
    finally:
        hold.set()
    _, turn, cancel = gateway.requests
    assert (code, screen.getvalue()) == (1, "One\n[cancelled]\n")
    assert cancel.document == {"action": "cancel"}
    assert session_of(turn) == session_of(cancel) == "abc"


def test_after_a_cancel_a_busy_session_is_waited_for(
    gateway: HttpScript, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = Reply(b'{"error":"Busy.","code":"SESSION_BUSY"}', 409, JSON)
    hold = Event()
    screen = InterruptingScreen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stdin", io.StringIO("count\nagain\n"))
    monkeypatch.setattr(chat, "_BUSY_PAUSE_SECONDS", 0.0)
    gateway.replies = [
        Reply(said("One").removesuffix(sse(FINISHED)), hold=hold),
        Reply(b"{}", content_type=JSON),
        busy,
        busy,
        Reply(said("Two.", "b")),
    ]
    try:
        code = chat.run(ChatOptions(gateway.address))
    finally:
        hold.set()
    assert (code, screen.getvalue()) == (1, "One\n[cancelled]\nTwo.\n")
    assert [message["content"] for message in gateway.requests[-1].document["messages"]] == [
        "count",
        "One",
        "again",
    ]


def test_a_gateway_that_cannot_be_told_is_mentioned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("httpx.Client.stream", interrupted)
    assert chat.run(ChatOptions(nobody(), once="count")) == 1
    assert "the answer may go on" in capsys.readouterr().err


@pytest.mark.slow
def test_a_real_ctrl_c_cancels_and_ends_without_a_traceback() -> None:
    hold = Event()
    with http_gateway() as gateway:
        gateway.replies = [
            Reply(said("One").removesuffix(sse(FINISHED)), hold=hold),
            Reply(b"{}", content_type=JSON),
        ]
        command = [sys.executable, "-m", "gateway", "chat", gateway.address.base, "--once", "count"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "One\n"
                process.send_signal(signal.SIGINT)
                out, complaints = process.communicate(timeout=BOUND_SECONDS)
            finally:
                hold.set()
                process.kill()
        assert (process.returncode, out, complaints) == (1, "[cancelled]\n", "")
        assert gateway.requests[1].document == {"action": "cancel"}


def test_a_question_of_the_agent_is_answered_by_the_next_line(
    gateway: HttpScript, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [{"id": each, "reason": "approval", "message": f"{each}?"} for each in "pq"]
    outcome = {"type": "interrupt", "interrupts": questions}
    gateway.replies = [Reply(sse(STARTED, FINISHED | {"outcome": outcome})), Reply(said("Done."))]
    monkeypatch.setattr(sys, "stdin", io.StringIO("Delete it\nyes\nno\n"))
    assert chat.run(ChatOptions(gateway.address)) == 0
    _, resumed = gateway.requests
    assert resumed.document["resume"] == [
        {"interruptId": "p", "status": "resolved"},
        {"interruptId": "q", "status": "cancelled"},
    ]
    assert "p? (yes, no, or an answer)" in capsys.readouterr().out
