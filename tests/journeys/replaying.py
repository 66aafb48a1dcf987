"""Replays recorded sessions of WebSocket clients, message by message.

A recording is a file of JSON lines. The first tells what it is and where its shapes come from; each
other is a step:

* ``{"client": MESSAGE}`` is sent as it stands.
* ``{"client_says": NAME, "as": MESSAGE}`` says a recording of ``tests/audio`` and a second of
  silence behind it, as fast as one speaks; ``"<audio>"`` in the message is each tenth of a second.
* ``{"server": SHAPE}`` is the next message.
* ``{"server_repeats": SHAPE}`` is any number of messages, at least one.
* ``{"closed": [CODE, REASON]}`` is how the server ends it.

A shape has exactly the members of the message. A text in angle brackets stands for a value:
``<text>``, ``<number>``, ``<audio>`` (base64 of whole samples), any other name for a value that is
the same wherever it stands.
"""

import asyncio
import base64
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.server_process import ROOT

_WAIT_SECONDS = 30
_PIECE_SECONDS = 0.1


class Mismatch(AssertionError):
    """The server said something else than was recorded."""


class Replay:
    """One client that plays its part."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._names: dict[str, Any] = {}
        self._repeated: Any = None

    async def step(self, step: dict[str, Any]) -> None:
        """Do one step."""
        match step:
            case {"client": message}:
                await self._socket.send(json.dumps(message))
            case {"client_says": name, "as": message}:
                await self._say(name, json.dumps(message))
            case {"server_repeats": shape}:
                await self._expect(shape)
                self._repeated = shape
            case {"server": shape}:
                await self._expect(shape)
                self._repeated = None
            case {"closed": [code, reason]}:
                await self._expect_close(code, reason)
            case _:
                raise ValueError(f"no step: {step}")

    async def _say(self, name: str, message: str) -> None:
        pcm, rate = _sound(name)
        step = int(rate * _PIECE_SECONDS) * 2
        pause = asyncio.get_running_loop().time
        started_at = pause()
        for number, start in enumerate(range(0, len(pcm), step)):
            due_at = started_at + number * _PIECE_SECONDS
            await asyncio.sleep(max(0.0, due_at - pause()))  # a microphone is no faster
            piece = base64.b64encode(pcm[start : start + step]).decode()
            await self._socket.send(message.replace("<audio>", piece))

    async def _expect(self, shape: Any) -> None:
        while True:
            message = await self._receive()
            try:
                self._compare(shape, message, "$")
            except Mismatch:
                if self._repeated is None:
                    raise
                self._compare(self._repeated, message, "$")
            else:
                return

    async def _expect_close(self, code: int, reason: str) -> None:
        try:
            message = await self._receive()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "closed without a close frame"
            assert (closed.rcvd.code, closed.rcvd.reason) == (code, reason)
        else:
            raise Mismatch(f"instead of the close came {message}")

    async def _receive(self) -> Any:
        async with asyncio.timeout(_WAIT_SECONDS):
            return json.loads(await self._socket.recv())

    def _compare(self, shape: Any, value: Any, path: str) -> None:
        if isinstance(shape, str) and shape.startswith("<"):
            self._compare_placeholder(shape, value, path)
        elif isinstance(shape, dict) and isinstance(value, dict):
            if shape.keys() != value.keys():
                raise Mismatch(f"{path} has the members {list(value)}, not {list(shape)}")
            for name, part in shape.items():
                self._compare(part, value[name], f"{path}.{name}")
        elif isinstance(shape, list) and isinstance(value, list) and len(shape) == len(value):
            for number, part in enumerate(shape):
                self._compare(part, value[number], f"{path}[{number}]")
        elif shape != value:
            raise Mismatch(f"{path} is {value!r}, not {shape!r}")

    def _compare_placeholder(self, shape: str, value: Any, path: str) -> None:
        match shape:
            case "<text>":
                fits = isinstance(value, str) and value != ""
            case "<number>":
                fits = isinstance(value, int)
            case "<audio>":
                fits = len(base64.b64decode(value, validate=True)) % 2 == 0
            case _:
                fits = self._names.setdefault(shape, value) == value
        if not fits:
            raise Mismatch(f"{path} is {value!r}, which is no {shape}")


def steps_of(recording: Path) -> Iterator[dict[str, Any]]:
    """Read the steps; the first line is for people."""
    lines = [line for line in recording.read_text().splitlines() if line]
    assert json.loads(lines[0]).keys() == {"about"}
    for line in lines[1:]:
        yield json.loads(line)


async def replay(url: str, recording: Path) -> None:
    """Play a recording to a server; raises ``Mismatch`` at the first step that goes wrong."""
    async with connect(url) as socket:
        client = Replay(socket)
        for number, step in enumerate(steps_of(recording), 2):
            try:
                await client.step(step)
            except (Mismatch, TimeoutError, ConnectionClosed) as error:
                raise Mismatch(f"{recording.name}, line {number}: {error!r}") from error


def _sound(name: str) -> tuple[bytes, int]:
    with wave.open(str(ROOT / "tests" / "audio" / f"{name}.wav")) as file:
        rate = file.getframerate()
        return file.readframes(file.getnframes()) + bytes(2 * rate), rate
