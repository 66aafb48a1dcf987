import io
import struct
import subprocess

import pytest

from gateway.models.offline.pico_process import FAILED, REPLY_HEAD, SPOKEN, serve
from gateway.models.offline.synthesizer import PICO_COMMAND


def request(voice: str, sentence: str) -> bytes:
    text = f"{voice}\n{sentence}".encode()
    return struct.pack(">I", len(text)) + text


def test_each_request_is_answered_in_order_until_the_input_ends() -> None:
    replies = io.BytesIO()
    said: list[tuple[str, str]] = []

    def speak(sentence: str, voice: str) -> bytes:
        said.append((sentence, voice))
        return sentence.encode()

    requests = request("en-US", "One.") + request("de-DE", "Zwei\nür.")
    serve(io.BytesIO(requests), replies, speak)
    assert said == [("One.", "en-US"), ("Zwei\nür.", "de-DE")]
    assert replies.getvalue() == (
        REPLY_HEAD.pack(SPOKEN, 4) + b"One." + REPLY_HEAD.pack(SPOKEN, 9) + "Zwei\nür.".encode()
    )


@pytest.mark.parametrize("error", [RuntimeError, ValueError, MemoryError])
def test_a_sentence_that_fails_is_reported_and_the_next_one_is_said(error: type[Exception]) -> None:
    replies = io.BytesIO()

    def speak(sentence: str, voice: str) -> bytes:
        if sentence == "bad":
            raise error
        return b"ok"

    serve(io.BytesIO(request("x", "bad") + request("x", "good")), replies, speak)
    assert replies.getvalue() == REPLY_HEAD.pack(FAILED, 0) + REPLY_HEAD.pack(SPOKEN, 2) + b"ok"


@pytest.mark.slow
def test_the_process_speaks_and_ends_with_its_input() -> None:
    done = subprocess.run(
        PICO_COMMAND,
        input=request("en-US", "Hello.") + request("xx-XX", "Hello."),
        capture_output=True,
        timeout=20,
        check=True,
    )
    status, size = REPLY_HEAD.unpack(done.stdout[: REPLY_HEAD.size])
    audio = done.stdout[REPLY_HEAD.size :]
    assert (status, done.stderr) == (SPOKEN, b"")
    assert size > 16_000  # half a second
    assert audio[size:] == REPLY_HEAD.pack(FAILED, 0)
