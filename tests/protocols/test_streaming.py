"""Event streams, also over real sockets to clients that go away."""

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Iterable

import pytest

from protocols.ag_ui_events import RunTranslator
from protocols.contract.errors import ModelFailed
from protocols.contract.events import AudioDelta, Event, TextDelta, Transcript, TurnEnded
from protocols.streaming import event_stream, frame, session_headers, session_in
from tests.fakes import FakeConversations, FakeTurn
from tests.protocols.doors import WAIT_SECONDS, Setting, events_in, kinds, serving

REQUEST = (
    b"POST /invocations HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
    b"Connection: close\r\nContent-Length: 15\r\n\r\n" + b'{"prompt":"hi"}'
)


class Turn(FakeTurn):
    """Tells when it is closed."""

    def __init__(self, events: Iterable[Event | Exception | asyncio.Event]) -> None:
        super().__init__(events)
        self.is_closed = asyncio.Event()

    async def aclose(self) -> None:
        await super().aclose()
        self.is_closed.set()


class Endless(Turn):
    """Gives words for as long as somebody takes them."""

    def __init__(self) -> None:
        super().__init__([])
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            self.given += 1
            yield TextDelta("m", "word " * 2000)


async def until(is_so: asyncio.Event) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        await is_so.wait()


async def asked(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    await writer.drain()
    return reader, writer


async def streamed(turn: Turn, keep_alive_seconds: float = 15.0) -> tuple[bytes, bytes]:
    """What a client reads: the head, and the body without the marks of its chunks."""
    setting = Setting(keep_alive_seconds=keep_alive_seconds)
    async with serving(FakeConversations(turn), setting) as port, asyncio.timeout(WAIT_SECONDS):
        reader, writer = await asked(port)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    chunks = body.split(b"\r\n")
    return head, b"".join(chunks[1::2])


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert left == set()


async def test_a_turn_is_streamed_in_lf_frames_and_closed() -> None:
    turn = Turn([TextDelta("m", "Hel"), TextDelta("m", "lo\r\n\n"), TurnEnded()])
    head, body = await streamed(turn)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\ncontent-type: text/event-stream; charset=utf-8" in head.lower()
    assert b"\r\ncache-control: no-cache" in head.lower()
    assert b"\r\nx-accel-buffering: no" in head.lower()
    events = events_in(body)
    assert kinds(events) == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert events[3]["delta"] == "lo\r\n\n"
    assert turn.closed > 0


async def test_silence_is_filled_with_comments() -> None:
    gate = asyncio.Event()
    turn = Turn([gate, TurnEnded()])
    setting = Setting(keep_alive_seconds=0.01)
    async with serving(FakeConversations(turn), setting) as port, asyncio.timeout(WAIT_SECONDS):
        reader, writer = await asked(port)
        for _ in range(3):
            await reader.readuntil(b"\r\n: keep-alive\n\n\r\n")
        gate.set()
        assert b'"type":"RUN_FINISHED"' in await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_sound_alone_is_silence_on_the_line() -> None:
    events: list[Event] = [AudioDelta("m", b"\0\0")] * 2
    _, body = await streamed(Turn([*events, TurnEnded()]), keep_alive_seconds=1e-9)
    assert body.count(b": keep-alive\n\n") >= 2
    assert kinds(events_in(body)) == ["RUN_STARTED", "RUN_FINISHED"]


async def test_events_that_are_not_written_need_no_comment_between_others() -> None:
    events: list[Event] = [
        AudioDelta("m", b"\0\0"),
        Transcript("m", "assistant", "Hi", final=True),
        TurnEnded(),
    ]
    _, body = await streamed(Turn(events))
    assert b"keep-alive" not in body


async def test_an_error_after_the_first_byte_is_the_last_event() -> None:
    turn = Turn([TextDelta("m", "Hel"), ModelFailed("The model failed. Try again.")])
    _, body = await streamed(turn)
    assert events_in(body)[-1] == {
        "type": "RUN_ERROR",
        "message": "The model failed. Try again.",
        "code": "AGENT_ERROR",
    }
    assert turn.closed > 0


async def test_a_fault_of_ours_is_an_event_that_tells_nothing_of_the_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turn = Turn([TextDelta("m", "Hel"), KeyError("sk-secret")])
    _, body = await streamed(turn)
    assert events_in(body)[-1]["code"] == "INTERNAL_ERROR"
    assert b"sk-secret" not in body
    assert turn.closed > 0
    assert [r.levelno for r in caplog.records if r.name == "protocols.streaming"] == [logging.ERROR]


async def test_a_client_that_leaves_while_the_model_thinks_closes_the_turn() -> None:
    turn = Turn([asyncio.Event()])
    async with serving(FakeConversations(turn)) as port:
        reader, writer = await asked(port)
        async with asyncio.timeout(WAIT_SECONDS):
            await reader.readuntil(b"RUN_STARTED")
        writer.close()
        await until(turn.is_closed)


async def test_a_client_that_leaves_between_comments_closes_the_turn() -> None:
    turn = Turn([asyncio.Event()])
    async with serving(FakeConversations(turn), Setting(keep_alive_seconds=0.001)) as port:
        reader, writer = await asked(port)
        async with asyncio.timeout(WAIT_SECONDS):
            await reader.readuntil(b": keep-alive")
        writer.transport.abort()
        await until(turn.is_closed)


async def test_a_client_that_stops_reading_stops_the_model_and_frees_it_by_leaving() -> None:
    turn = Endless()
    async with serving(FakeConversations(turn)) as port:
        with socket.socket() as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(stalled, ("127.0.0.1", port))
            await loop.sock_sendall(stalled, REQUEST)
            given = await until_it_stalls(turn)
            assert not turn.is_closed.is_set()
        await until(turn.is_closed)
        assert turn.given <= given + 1


async def until_it_stalls(turn: Endless) -> int:
    """Wait until the turn is asked for nothing for a while; gives how much it gave."""
    async with asyncio.timeout(WAIT_SECONDS):
        before = -1
        while turn.given != before or not turn.given:
            before = turn.given
            await asyncio.wait({asyncio.ensure_future(pause())})
    return turn.given


async def pause() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await asyncio.Event().wait()


async def test_a_stream_that_is_never_read_closes_its_turn() -> None:
    turn = Turn([])
    response = event_stream(
        turn, RunTranslator("t", "r"), session_id="s", keep_alive_seconds=1, known=()
    )
    assert response.background is not None
    await response.background()
    assert turn.closed == 1


async def test_an_error_that_comes_when_nobody_waits_any_more_makes_no_noise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = asyncio.Event()
    turn = Turn([gate, ModelFailed("late")])
    response = event_stream(
        turn, RunTranslator("t", "r"), session_id="s", keep_alive_seconds=0.001, known=()
    )
    frames = aiter(response.iterator)  # type: ignore[arg-type]  # it is our generator
    async with asyncio.timeout(WAIT_SECONDS):
        await anext(frames)
        assert await anext(frames) == b": keep-alive\n\n"
        gate.set()
        await pause()
        assert response.background is not None
        await response.background()
    del frames, response, turn
    gc.collect()  # asyncio complains when it drops the task
    assert caplog.records == []


def test_frames_are_one_json_object_each() -> None:
    assert frame([{"type": "A"}, {"type": "B"}]) == b'data: {"type":"A"}\n\ndata: {"type":"B"}\n\n'


@pytest.mark.parametrize("name", ["s", "été", "会话", "🦊" * 256])
def test_any_name_of_a_session_makes_the_round_trip_through_a_header(name: str) -> None:
    (header,) = session_headers(name).values()
    header.encode("latin-1")
    assert session_in(header) == name


def test_no_session_is_no_header() -> None:
    assert session_headers("") == {}
