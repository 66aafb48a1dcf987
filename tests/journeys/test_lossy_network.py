"""A call over a network that loses a tenth of its packets each way; LOSSY_SECONDS makes it longer.

The network is a namespace of one thread of this test: what it starts, server and caller, is in it.
Needs root and nftables.
"""

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import talk_webrtc
from gateway.cli.address import parse_address
from gateway.cli.answer import Answer, Question
from gateway.cli.talk import read_question
from tests.journeys.wires import AUDIO
from tests.server_process import serve

# Before the question; what is lost in it is counted, too.
CALL_SECONDS = float(os.environ.get("LOSSY_SECONDS", "25"))
BOUND_SECONDS = 180 + CALL_SECONDS

# Two of 21 packets, counted over both directions: 9.5 %. Evenly, so that the figure can be tested
# in half a minute; RTCP and ICE lose their share.
RULES = """
table inet loss {
    chain input {
        type filter hook input priority 0
        meta l4proto udp numgen inc mod 21 vmap { 0 : drop, 10 : drop }
    }
}
"""

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("nft") is None, reason="needs root and nftables"
)


def in_a_lossy_network(do: Callable[[], Any]) -> Any:
    """Run something in a network of its own; gives its result."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            os.unshare(os.CLONE_NEWNET)
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            outcome["cannot"] = error
            return
        try:
            outcome["result"] = do()
        except BaseException as error:
            outcome["error"] = error
            raise

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(BOUND_SECONDS)
    assert not thread.is_alive()
    if "cannot" in outcome:
        pytest.skip(f"no network of its own here: {outcome['cannot']}")
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


def late_question(phrase: str, seconds: float) -> Question:
    """A recording after so much silence."""
    question = read_question(AUDIO / f"{phrase}.wav")
    silence = bytes(2 * round(seconds * question.sample_rate))
    return Question(
        silence + question.pcm,
        question.sample_rate,
        question.speech_end_seconds + seconds,
        question.wav,
    )


@needs_root
@pytest.mark.slow
def test_with_a_tenth_of_the_packets_lost_every_word_is_understood_and_the_loss_is_known(
    tmp_path: Path,
) -> None:
    def call() -> Answer:
        # aiortc repeats what a handshake has lost after 1, 2, 4 and 8 seconds.
        with serve(tmp_path / "log", GATEWAY_CONNECT_SECONDS="40") as url:
            question = late_question("multiply", CALL_SECONDS)
            return asyncio.run(
                talk_webrtc.ask(question, parse_address(url), "a-call-that-loses-packets-0")
            )

    answer = in_a_lossy_network(call)
    words = answer.question.lower().replace("-", " ").strip(" ?.")
    assert words == "what is forty two times seventeen"
    assert "714" in answer.reply
    loss = dict(answer.figures)["lossUpPercent"]
    assert isinstance(loss, float)
    assert 8.0 <= loss <= 12.0
    assert len(answer.pcm) / 2 / answer.sample_rate > 1.0
