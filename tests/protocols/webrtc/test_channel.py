import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from aiortc import InvalidStateError, RTCDataChannel

from protocols.contract.errors import InvalidInput, ModelFailed, TimedOut, TooLarge
from protocols.live.messages import ClientMessage, InputText
from protocols.live.session import LiveSession
from protocols.webrtc.channel import Channel
from tests.protocols.webrtc.calls import Client, Mouth, serving

BOUND_SECONDS = 5.0


class FakeDataChannel:
    """The part of aiortc's data channel that is used."""

    def __init__(self, label: str = "gateway") -> None:
        self.label = label
        self.bufferedAmount = 0
        self.sent: list[str] = []
        self.closed = False
        self.fails: Exception | None = None
        self.handlers: dict[str, Callable[..., None]] = {}

    def on(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers[event] = handler

    def send(self, text: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(text)

    def close(self) -> None:
        self.closed = True


class FakeSession:
    """Takes what the channel understood."""

    def __init__(self) -> None:
        self.received: list[ClientMessage] = []
        self.refused: list[Exception] = []
        self.announced = 0
        self.news = asyncio.Event()

    async def receive(self, message: ClientMessage) -> None:
        self.received.append(message)
        self.news.set()

    async def refuse(self, error: Exception) -> None:
        self.refused.append(error)
        self.news.set()

    async def announce(self) -> None:
        self.announced += 1
        self.news.set()


def attach(channel: Channel, label: str = "gateway") -> FakeDataChannel:
    fake = FakeDataChannel(label)
    channel.attach(cast(RTCDataChannel, fake))
    return fake


def new_channel(*, expected: bool = True) -> Channel:
    return Channel(expected=expected, max_message_bytes=1_024)


async def serve(channel: Channel, done: Callable[[FakeSession], bool]) -> FakeSession:
    session = FakeSession()
    serving = asyncio.create_task(channel.serve(cast(LiveSession, session)))
    async with asyncio.timeout(BOUND_SECONDS):
        while not done(session):
            session.news.clear()
            await session.news.wait()
    serving.cancel()
    await asyncio.wait({serving})
    return session


async def test_what_is_said_before_the_channel_opens_is_said_then() -> None:
    channel = new_channel()
    channel.say({"seq": 1})
    channel.say({"seq": 2})
    fake = attach(channel)
    channel.say({"seq": 3})
    assert fake.sent == ['{"seq":1}', '{"seq":2}', '{"seq":3}']


async def test_nothing_is_kept_for_a_channel_that_was_not_announced() -> None:
    channel = new_channel(expected=False)
    channel.say({"seq": 1})
    assert attach(channel).sent == []


async def test_too_much_to_keep_is_dropped_whole() -> None:
    channel = new_channel()
    for _ in range(3):
        channel.say({"text": "x" * 100_000})
    channel.say({"seq": 4})
    assert attach(channel).sent == ['{"seq":4}']


async def test_a_channel_that_is_not_read_ends_the_call() -> None:
    channel = new_channel()
    attach(channel).bufferedAmount = 2_000_000
    with pytest.raises(TimedOut, match="not read"):
        channel.say({"seq": 1})


@pytest.mark.parametrize("error", [InvalidStateError(), ValueError("too large for the client")])
async def test_what_cannot_be_sent_does_not_end_the_call(error: Exception) -> None:
    channel = new_channel()
    fake = attach(channel)
    fake.fails = error
    channel.say({"seq": 1})
    fake.fails = None
    channel.say({"seq": 2})
    assert fake.sent == ['{"seq":2}']


async def test_a_second_channel_is_closed_unless_it_has_our_name() -> None:
    channel = new_channel()
    first, second = attach(channel, "chat"), attach(channel, "other")
    assert (first.closed, second.closed) == (False, True)
    ours = attach(channel, "gateway")
    first.handlers["close"]()
    channel.say({"seq": 1})
    assert (first.sent, ours.sent) == ([], ['{"seq":1}'])


async def test_after_a_close_the_next_channel_is_used() -> None:
    channel = new_channel()
    attach(channel, "chat").handlers["close"]()
    channel.say({"seq": 1})
    assert attach(channel, "other").sent == ['{"seq":1}']


async def test_messages_are_done_in_their_order() -> None:
    channel = new_channel()
    take = attach(channel).handlers["message"]
    take('{"type": "input.text", "text": "one"}')
    take('{"type": "gateway.state", "state": "listening"}')
    take('{"type": "input.text", "text": "two"}')
    session = await serve(channel, lambda s: len(s.received) == 2)
    assert session.received == [InputText("one"), InputText("two")]
    assert session.refused == []


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        (b"\0\0", InvalidInput, "RTP"),
        ('{"type": "input.audio", "data": ""}', InvalidInput, "RTP"),
        ('{"type": "input.text", "text": "' + "x" * 2_000 + '"}', TooLarge, "1024 bytes"),
        ('{"type": "input.text", "text": "' + "é" * 600 + '"}', TooLarge, "1024 bytes"),
        ("nonsense", InvalidInput, "JSON"),
        ('{"type": "nonsense"}', InvalidInput, "unknown type"),
        ('{"type": "session.start", "voice": "ann"}', InvalidInput, "offer"),
        ('{"type": "session.start", "audio": false}', InvalidInput, "offer"),
    ],
)
async def test_a_message_that_cannot_be_done_is_refused_and_the_next_is_done(
    message: Any, kind: type[Exception], text: str
) -> None:
    channel = new_channel()
    take = attach(channel).handlers["message"]
    take(message)
    take('{"type": "input.text", "text": "next"}')
    session = await serve(channel, lambda s: len(s.received) == 1)
    [error] = session.refused
    assert (type(error), text in str(error)) == (kind, True)


async def test_a_client_that_starts_the_session_again_is_told_of_it() -> None:
    channel = new_channel()
    attach(channel).handlers["message"]('{"type": "session.start"}')
    session = await serve(channel, lambda s: s.announced == 1)
    assert session.refused == []


async def test_a_flood_is_cut_and_told_once() -> None:
    channel = new_channel()
    take = attach(channel).handlers["message"]
    for n in range(200):
        take(f'{{"type": "input.text", "text": "{n + 1}"}}')
    session = await serve(channel, lambda s: len(s.received) == 64)
    assert [type(error) for error in session.refused] == [TooLarge]


async def test_what_waits_for_a_channel_to_open_has_not_left() -> None:
    channel = new_channel()
    channel.say({"seq": 1})
    drained = asyncio.create_task(channel.drained())
    await asyncio.sleep(0)
    assert not drained.done()
    fake = attach(channel)
    async with asyncio.timeout(BOUND_SECONDS):
        await drained
    fake.handlers["close"]()
    channel.say({"seq": 2})
    async with asyncio.timeout(BOUND_SECONDS):
        await channel.drained()  # whoever closed it will not read it


async def test_a_call_that_fails_before_its_channel_is_open_tells_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attach = Channel.attach

    def attach_later(channel: Channel, opened: RTCDataChannel) -> None:
        asyncio.get_running_loop().call_later(0.2, attach, channel, opened)

    monkeypatch.setattr(Channel, "attach", attach_later)
    async with serving() as server:
        client = Client(Mouth())
        answer = await server.act("offer", {"sdp": await client.offer(), "type": "offer"})
        server.conversation().emit(ModelFailed("No voice is free."))
        await client.answered(answer)
        assert (await client.until_told("gateway.error"))["error"] == "No voice is free."
        assert (await client.until_told("gateway.end"))["reason"] == "failed"
        await client.aclose()


async def test_a_channel_is_drained_when_all_has_left_or_it_is_closed() -> None:
    channel = new_channel()
    await channel.drained()
    for event in ("bufferedamountlow", "close"):
        fake = attach(channel)
        fake.bufferedAmount = 10
        drained = asyncio.create_task(channel.drained())
        await asyncio.sleep(0)
        assert not drained.done()
        fake.bufferedAmount = 0
        fake.handlers[event]()
        async with asyncio.timeout(BOUND_SECONDS):
            await drained
