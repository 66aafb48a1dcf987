"""Speakers over WebSocket: each sends 20 ms of sound fifty times a second and hears it again.

What is said is a recording, whose pieces are told apart by their first bytes: every answer is timed
and none is counted twice. The clients share the process of the benchmark; the server's share is
read from its own clock.
"""

import asyncio
import base64
import json
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from protocols.audio import read_wav, resample

FRAMES_PER_SECOND = 50
SAMPLE_RATE = 24_000
_RECORDING = Path(__file__).parents[1] / "tests" / "audio" / "multiply.wav"
_FRAME_SECONDS = 1 / FRAMES_PER_SECOND
_FRAME_BYTES = SAMPLE_RATE // FRAMES_PER_SECOND * 2
_LAST_ANSWERS_SECONDS = 5.0
_OPEN_SECONDS = 30.0

type Encode = Callable[[bytes], str | bytes]
type Decode = Callable[[str | bytes], bytes | None]


@dataclass(frozen=True)
class Wire:
    """How a server is spoken to; ``first`` is said once, before all sound."""

    encode: Encode
    decode: Decode
    first: str | None = None


def _as_json(pcm: bytes) -> str:
    audio = base64.b64encode(pcm).decode()
    return json.dumps({"type": "bidi_audio_input", "audio": audio, "sample_rate": SAMPLE_RATE})


def _from_json(frame: str | bytes) -> bytes | None:
    return base64.b64decode(json.loads(frame)["audio"])


NATIVE = Wire(
    encode=lambda pcm: pcm,
    decode=lambda frame: frame if isinstance(frame, bytes) else None,
    first=json.dumps(
        {
            "type": "session.start",
            "inputSampleRate": SAMPLE_RATE,
            "outputSampleRate": SAMPLE_RATE,
        }
    ),
)
JSON = Wire(_as_json, _from_json)


@dataclass
class Said:
    """What one speaker said and heard; ``delays`` in seconds."""

    sent: int = 0
    delays: list[float] = field(default_factory=list)

    @property
    def missed(self) -> int:
        """Pieces that were said and never heard."""
        return self.sent - len(self.delays)


async def speak(port: int, wire: Wire, seconds: float, phase: float) -> Said:
    """Speak for so long; returns when all was heard, or is not going to be.

    ``phase``, from 0 to 1, is how late within 20 ms each piece is said: who speaks at the same
    moment is served cheaper, and how many do must not be left to chance.
    """
    said = Said()
    said_at: dict[int, float] = {}
    async with _opened(port) as socket:
        if wire.first is not None:
            await socket.send(wire.first)
        hearing = asyncio.create_task(_hear(socket, wire, said, said_at))
        begin = (time.monotonic() // _FRAME_SECONDS + 1 + phase) * _FRAME_SECONDS
        for number in range(round(seconds * FRAMES_PER_SECOND)):
            await asyncio.sleep(begin + number * _FRAME_SECONDS - time.monotonic())
            said_at[number] = time.monotonic()
            said.sent += 1
            await socket.send(wire.encode(struct.pack("<I", number) + _sound(number)))
        last_by = time.monotonic() + _LAST_ANSWERS_SECONDS
        while said_at and time.monotonic() < last_by:  # noqa: ASYNC110 - a look now and then
            await asyncio.sleep(_FRAME_SECONDS)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    return said


@cache
def _recording() -> bytes:
    pcm, rate = read_wav(_RECORDING.read_bytes())
    return resample(pcm, rate, SAMPLE_RATE)


def _sound(number: int) -> bytes:
    """What is said in this piece, behind its number."""
    size = _FRAME_BYTES - 4
    begin = number * size % (len(_recording()) - size) & ~1
    return _recording()[begin : begin + size]


async def _hear(
    socket: ClientConnection, wire: Wire, said: Said, said_at: dict[int, float]
) -> None:
    async for frame in socket:
        pcm = wire.decode(frame)
        if pcm is None:
            continue
        [number] = struct.unpack_from("<I", pcm)
        begun = said_at.pop(number, None)
        if begun is not None:
            said.delays.append(time.monotonic() - begun)


async def idle(port: int, count: int) -> list[ClientConnection]:
    """Open so many connections and start a session without sound on each."""
    start = json.dumps({"type": "session.start", "audio": False})

    async def one() -> ClientConnection:
        socket = await _opened(port)
        await socket.send(start)
        await socket.recv()  # the greeting
        return socket

    opened: list[ClientConnection] = []
    while len(opened) < count:
        opened += await asyncio.gather(*(one() for _ in range(min(50, count - len(opened)))))
    return opened


def _opened(port: int) -> connect:
    return connect(f"ws://127.0.0.1:{port}/ws", open_timeout=_OPEN_SECONDS, max_queue=None)
