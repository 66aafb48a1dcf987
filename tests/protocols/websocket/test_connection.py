"""One socket: what is read, how fast it is written, and that it is always closed."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from protocols.contract.errors import TimedOut, TooLarge
from protocols.websocket.connection import Close, Connection, Gone
from protocols.websocket.options import WebSocketOptions


class Socket:
    """Stands for Litestar's socket: gives what is queued, notes what is sent."""

    def __init__(self, *received: Any) -> None:
        self.received = list(received)
        self.sent: list[Any] = []
        self.fails: BaseException | None = None
        self.takes: asyncio.Event | None = None

    async def receive(self) -> Any:
        item = self.received.pop(0)
        if isinstance(item, BaseException):
            raise item
        return item

    async def send(self, event: Any) -> None:
        await self._send(event["bytes"] if event["text"] is None else event["text"])

    async def close(self, code: int, reason: str) -> None:
        await self._send((code, reason))

    async def _send(self, item: Any) -> None:
        if self.takes is not None:
            await self.takes.wait()
        if self.fails is not None:
            raise self.fails
        self.sent.append(item)


def connected(
    socket: Socket,
    options: WebSocketOptions | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Connection:
    return Connection(cast(WebSocket, socket), options or WebSocketOptions(), clock)


def text(value: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": value}


async def test_text_and_bytes_are_read_as_they_come() -> None:
    socket = Socket(text(""), {"type": "websocket.receive", "bytes": b"x", "text": None})
    connection = connected(socket)
    assert [await connection.receive(), await connection.receive()] == ["", b"x"]


@pytest.mark.parametrize(
    "end", [{"type": "websocket.disconnect", "code": 1006}, WebSocketDisconnect(detail="gone")]
)
async def test_a_client_that_left_is_gone(end: Any) -> None:
    connection = connected(Socket(end))
    with pytest.raises(Gone):
        await connection.receive()
    assert connection.close_code == 1006


async def test_the_code_that_came_first_is_how_it_ended() -> None:
    left = connected(Socket({"type": "websocket.disconnect", "code": 1001}))
    with pytest.raises(Gone):
        await left.receive()
    await left.close(Close(1011))
    closed = connected(Socket())
    await closed.close(Close(1008))
    assert (left.close_code, closed.close_code) == (1001, 1008)


@pytest.mark.parametrize(
    ("frame", "fits"),
    [
        (text("x" * 1024), True),
        (text("x" * 1025), False),
        (text("€" * 341), True),
        (text("€" * 342), False),
        ({"type": "websocket.receive", "bytes": b"x" * 1024}, True),
        ({"type": "websocket.receive", "bytes": b"x" * 1025}, False),
    ],
)
async def test_the_limit_counts_bytes(frame: dict[str, Any], fits: bool) -> None:
    connection = connected(Socket(frame), WebSocketOptions(max_frame_bytes=1024))
    if fits:
        await connection.receive()
    else:
        with pytest.raises(TooLarge, match="GATEWAY_MAX_FRAME_BYTES"):
            await connection.receive()


async def test_objects_are_sent_as_json_text_and_sound_as_bytes() -> None:
    socket = Socket()
    connection = connected(socket)
    await connection.say({"type": "é"})
    await connection.play(b"\0\1")
    await connection.drop()
    assert socket.sent == ['{"type":"é"}', b"\0\1"]


async def test_never_more_than_250_frames_leave_in_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    times: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    connection = connected(Socket(), clock=lambda: now)
    for _ in range(1000):
        await connection.play(b"\0\0")
        times.append(now)
    busiest = max(sum(t <= other < t + 1 for other in times) for t in times)
    assert 200 <= busiest <= 250
    assert times[0] == times[39] == 0.0


async def test_a_client_that_takes_nothing_is_given_up_once_and_for_all() -> None:
    socket = Socket()
    socket.takes = asyncio.Event()
    connection = connected(socket, WebSocketOptions(stalled_seconds=0.01))
    with pytest.raises(TimedOut):
        await connection.say({})
    with pytest.raises(Gone):
        await connection.say({})
    socket.takes.set()
    await connection.close(Close(1008, "TIMED_OUT"))
    assert socket.sent == [(1008, "TIMED_OUT")]


@pytest.mark.parametrize(
    "fault", [OSError(), RuntimeError("after close"), WebSocketDisconnect(detail="gone")]
)
async def test_who_vanishes_while_something_is_sent_is_gone(fault: Exception) -> None:
    socket = Socket()
    socket.fails = fault
    connection = connected(socket)
    with pytest.raises(Gone):
        await connection.say({})
    await connection.close(Close())
    assert socket.sent == []


async def test_who_is_given_up_is_sent_nothing_more_even_in_the_middle() -> None:
    socket = Socket()
    socket.takes = asyncio.Event()
    connection = connected(socket)
    sending = asyncio.create_task(connection.say({"type": "a"}))
    await asyncio.sleep(0)
    connection.give_up()
    async with asyncio.timeout(5):
        with pytest.raises(Gone):
            await sending
        with pytest.raises(Gone):
            await connection.say({"type": "b"})
    socket.takes.set()
    assert socket.sent == []


async def test_who_takes_it_late_but_in_time_is_sent_everything() -> None:
    socket = Socket()
    socket.takes = asyncio.Event()
    connection = connected(socket)
    sending = asyncio.create_task(connection.play(b"ab"))
    await asyncio.sleep(0)
    assert not sending.done()
    socket.takes.set()
    async with asyncio.timeout(5):
        await sending
        await connection.play(b"cd")
    assert socket.sent == [b"ab", b"cd"]


async def test_a_reason_is_cut_to_123_bytes_at_a_character() -> None:
    socket = Socket()
    await connected(socket).close(Close(1003, "x" * 122 + "€"))
    assert socket.sent == [(1003, "x" * 122)]


async def test_what_is_too_large_for_a_frame_is_cut_whatever_it_is() -> None:
    socket = Socket()
    connection = connected(socket)
    await connection.say({"type": "anything", "text": "word " * 20_000})
    await connection.play(bytes(70_000))
    text, *sound = socket.sent
    assert json.loads(text)["cut"] is True
    assert [len(piece) for piece in sound] == [32_000, 32_000, 6_000]
    assert len(text.encode()) < 32_768
