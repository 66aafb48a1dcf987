import base64
import json

import pytest

from gateway.cli.answer import Question
from gateway.cli.failures import CommandFailed
from gateway.cli.listening import ToolUse
from gateway.cli.talk_http import ask
from protocols.audio import write_wav
from tests.gateway.cli.scripted_gateway import HttpScript, Reply, nobody

QUESTION = Question(b"\1\0" * 320, 16_000, 0.02, b"RIFF as it is")
SPEECH = b"\2\0" * 480


def reply(status: int = 200, **members: object) -> Reply:
    return Reply(json.dumps(members).encode(), status, "application/json")


async def test_the_wav_is_posted_as_it_is_and_the_spoken_reply_taken(gateway: HttpScript) -> None:
    gateway.replies = [
        reply(
            response="It is 714.",
            transcript="What is 42 times 17?",
            session_id="s",
            stop_reason="end_turn",
            tool_calls=[
                {"id": "1", "name": "calculator", "input": {"e": "42*17"}, "result": "714"},
                {"id": "2", "name": "clock", "input": {}, "result": ["x"], "status": "error"},
            ],
            audio=base64.b64encode(write_wav(SPEECH, 24_000)).decode(),
        )
    ]
    answer = await ask(QUESTION, gateway.address, "s")
    (request,) = gateway.requests
    assert (request.path, request.body) == ("/invocations", b"RIFF as it is")
    assert (request.headers["Content-Type"], request.headers["Accept"]) == (
        "audio/wav",
        "application/json",
    )
    assert (answer.session_id, answer.question, answer.reply) == (
        "s",
        "What is 42 times 17?",
        "It is 714.",
    )
    assert answer.tool_uses == (
        ToolUse("calculator", '{"e":"42*17"}', "-> 714"),
        ToolUse("clock", "{}", 'failed: ["x"]'),
    )
    assert (answer.pcm, answer.sample_rate) == (SPEECH, 24_000)
    assert [name for name, _ in answer.latencies] == ["end to end"]


async def test_a_reply_without_audio_is_an_answer(gateway: HttpScript) -> None:
    gateway.replies = [reply(response="Hi.")]
    answer = await ask(QUESTION, gateway.address, "mine")
    assert (answer.session_id, answer.reply, answer.pcm) == ("mine", "Hi.", b"")


@pytest.mark.parametrize(
    ("answered", "complaint"),
    [
        (reply(response=" ", transcript=""), r"^no answer \(nothing was understood\)$"),
        (reply(response="Hi.", audio="AAAA"), "the audio of the answer is not a WAV file"),
        (
            reply(400, error="No.", code="VALIDATION_ERROR"),
            r"^No\. \(VALIDATION_ERROR, HTTP 400\)$",
        ),
        (reply(error="No.", code="VALIDATION_ERROR"), r"^No\. \(VALIDATION_ERROR, HTTP 200\)$"),
        (Reply(b"<html>", 502), "no answer of a gateway"),
    ],
)
async def test_what_is_no_answer_is_one_line(
    answered: Reply, complaint: str, gateway: HttpScript
) -> None:
    gateway.replies = [answered]
    with pytest.raises(CommandFailed, match=complaint):
        await ask(QUESTION, gateway.address, "s")


async def test_nobody_listening_is_said() -> None:
    with pytest.raises(CommandFailed, match="is the gateway running"):
        await ask(QUESTION, nobody(), "s")
