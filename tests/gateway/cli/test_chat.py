import io
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
    code = chat.run(ChatOptions(gateway.address, session="s" * 33, once="Hi"))
    (request,) = gateway.requests
    assert (code, *capsys.readouterr()) == (0, "Hello.\n", "")
    assert (request.path, session_of(request)) == ("/invocations", "s" * 33)
    assert request.headers["Accept"] == "text/event-stream"
    assert request.document["threadId"] == "s" * 33
    assert [message["content"] for message in request.document["messages"]] == ["Hi"]


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
            Reply(b'{"error":"Busy.","code":"SESSION_BUSY"}', 409, "application/json"),
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
    gateway.replies = [Reply(said("Hello."))]
    assert chat.run(ChatOptions(gateway.address, session="abc")) == 0
    out, complaints = capsys.readouterr()
    assert out.startswith(f"Session abc at {gateway.address.base}\n")
    assert "> Hello.\n" in out
    assert (complaints, len(gateway.requests)) == ("", 1)


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
        Reply(said("One").removesuffix(sse(FINISHED)), hold=hold),
        Reply(b'{"status":"success"}', content_type="application/json"),
    ]
    try:
        code = chat.run(ChatOptions(gateway.address, session="abc", once="count"))
    finally:
        hold.set()
    turn, cancel = gateway.requests
    assert (code, screen.getvalue()) == (1, "One\n[cancelled]\n")
    assert cancel.document == {"action": "cancel"}
    assert session_of(turn) == session_of(cancel) == "abc"


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
            Reply(b"{}", content_type="application/json"),
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
