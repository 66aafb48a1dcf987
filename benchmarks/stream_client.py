"""A client that costs little: sends a run and notes when its events came.

The clients and the server share a small machine, so what a client takes is lost to the server.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

_DATA = b"data: "
_FIRST_WORDS = b"TEXT_MESSAGE_CONTENT"
_FINISHED = b'"RUN_FINISHED"'
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Heard:
    """What came back: counts, and seconds from the moment the connection was asked for."""

    events: int
    size: int
    first_event_seconds: float
    first_words_seconds: float
    seconds: float


async def run(port: int, document: dict[str, Any], timeout_seconds: float = 60) -> Heard:
    """Run once, on a connection of its own.

    Raises:
        RuntimeError: the run did not finish.
    """
    begun = time.perf_counter()
    first_event = first_words = 0.0
    received = bytearray()
    async with asyncio.timeout(timeout_seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(_request(document))
            while piece := await reader.read(_READ_BYTES):
                received += piece
                if not first_event and _DATA in received:
                    first_event = time.perf_counter() - begun
                if not first_words and _FIRST_WORDS in received:
                    first_words = time.perf_counter() - begun
        finally:
            writer.close()
    if _FINISHED not in received:
        raise RuntimeError(f"the run did not finish: {received[-500:]!r}")
    seconds = time.perf_counter() - begun
    return Heard(received.count(_DATA), len(received), first_event, first_words, seconds)


def _request(document: dict[str, Any]) -> bytes:
    body = json.dumps(document).encode()
    lines = [
        "POST /invocations HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Accept: text/event-stream",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
