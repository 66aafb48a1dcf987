"""Says a WAV to the agent in real time, over the wire chosen, and records the answer."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from gateway.cli import talk_http, talk_webrtc, talk_ws
from gateway.cli.address import Address
from gateway.cli.answer import Answer, Question, report
from gateway.cli.conversation import new_identifier
from gateway.cli.failures import CommandFailed, WrongUsage
from gateway.cli.sound import speech_end_seconds
from protocols.audio import read_wav, resample, write_wav
from protocols.contract.errors import GatewayError

type Wire = Literal["webrtc", "ws", "http"]

# Rates whose 20 ms are a whole number of samples, and that every wire carries.
_RATES_AS_THEY_ARE = frozenset({8_000, 16_000, 24_000, 48_000})
_RATE_OTHERWISE = 16_000

_WIRES = {"webrtc": talk_webrtc, "ws": talk_ws, "http": talk_http}


class TalkOptions(Struct, frozen=True, kw_only=True):
    """What the command line said."""

    question: str
    address: Address
    output: str | None = None
    via: Wire = "webrtc"
    session: str | None = None
    turn_only: bool = False


def run(options: TalkOptions) -> int:
    """Ask, show and record; give the exit code.

    Raises:
        CommandFailed: nothing was answered.
        WrongUsage: a file cannot be read or written, or an option is not of this wire.
    """
    if options.turn_only and options.via != "webrtc":
        raise WrongUsage("--turn-only: only WebRTC goes through TURN servers; leave --via out")
    question = read_question(Path(options.question))
    output = None if options.output is None else _writable(Path(options.output))
    session = options.session or new_identifier()
    ask: Callable[..., Coroutine[Any, Any, Answer]] = _WIRES[options.via].ask
    if options.turn_only:
        ask = partial(ask, turn_only=True)
    answer = asyncio.run(ask(question, options.address, session))
    print(report(answer))
    if output is not None:
        _record(answer, output)
    return 0


def read_question(path: Path) -> Question:
    """Read a WAV file of any common form.

    Raises:
        WrongUsage: there is none.
    """
    try:
        wav = path.read_bytes()
        pcm, sample_rate = read_wav(wav)
    except OSError as error:
        raise WrongUsage(f"QUESTION.wav: {path}: {error.strerror}") from None
    except GatewayError as error:
        raise WrongUsage(f"QUESTION.wav: {path}: {error.message}") from None
    if sample_rate not in _RATES_AS_THEY_ARE:
        pcm, sample_rate = resample(pcm, sample_rate, _RATE_OTHERWISE), _RATE_OTHERWISE
    return Question(pcm, sample_rate, speech_end_seconds(pcm, sample_rate), wav)


def _writable(path: Path) -> Path:
    """Find out that the answer cannot be written before the question is asked."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise WrongUsage(f"-o: {path}: there is no folder for this file")
    return path


def _record(answer: Answer, path: Path) -> None:
    if not answer.pcm:
        raise CommandFailed("the answer came without audio; nothing was recorded")
    try:
        path.write_bytes(write_wav(answer.pcm, answer.sample_rate))
    except OSError as error:
        raise CommandFailed(f"-o: {path}: {error.strerror}") from None
    print(f"Recorded {path}")
