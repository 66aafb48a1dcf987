"""The life of a call, with connections that do what the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from protocols.contract.errors import InvalidInput, ModelFailed, NotFound, TimedOut
from protocols.contract.events import AudioDelta, TextDelta, TurnStarted
from protocols.live.session import LiveSession, SampleRates
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.offer import Offer
from protocols.webrtc.options import WebRtcOptions
from protocols.webrtc.peer import Peer
from tests.protocols.webrtc.calls import SESSION, ScriptedConversation

BOUND_SECONDS = 5.0
OFFER = Offer("", "0", takes_audio=True, has_channel=True)
PLAN = IcePlan(loopback=True)


class FakeChannel:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.is_read = True
        self.news = asyncio.Event()

    def say(self, document: dict[str, Any]) -> None:
        if not self.is_read:
            raise TimedOut("not read")
        self.said.append(document["type"])
        self.news.set()

    async def until_said(self, kind: str) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            while kind not in self.said:
                self.news.clear()
                await self.news.wait()


class FakeVoice:
    def __init__(self) -> None:
        self.played = 0
        self.dropped = 0
        self.queued_seconds = 0.0

    async def play(self, pcm: bytes) -> None:
        self.played += len(pcm)

    def drop(self) -> None:
        self.dropped += 1


class FakeConnection:
    """Stands for ``Connection``; the test decides when it connects and when it is lost."""

    made: list["FakeConnection"]

    def __init__(
        self,
        options: WebRtcOptions,
        sample_rates: SampleRates,
        plan: IcePlan,
        *,
        ticker: object = None,
    ) -> None:
        self.id = f"connection-{len(self.made) + 1}"
        self.made.append(self)
        self.arguments = (options, sample_rates, plan)
        self.channel = FakeChannel()
        self.voice = FakeVoice()
        self.outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()
        self.carrying = asyncio.Event()
        self.answering = asyncio.Event()
        self.answering.set()
        self.closed = asyncio.Event()
        self.candidates: list[str] = []
        self.reads_to_the_end = True
        self.has_hung_up = True
        self.quiet_seconds = 0.0

    async def answer(self, offer: Offer) -> str:
        await self.answering.wait()
        return "sdp"

    async def add_candidate(self, text: str) -> None:
        self.candidates.append(text)

    async def connects(self) -> bool:
        return await asyncio.shield(self.outcome)

    @property
    def is_connected(self) -> bool:
        return self.outcome.done() and self.outcome.result()

    async def carry(self, session: LiveSession) -> None:
        self.carrying.set()
        await self.lost.wait()

    async def drained(self) -> None:
        if not self.reads_to_the_end:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(False)
        self.closed.set()


class Scene:
    """A call and what became of it."""

    def __init__(self, **options: Any) -> None:
        self.conversation = ScriptedConversation(lambda: None)
        self.options = WebRtcOptions(**options)
        self.peer = Peer(SESSION, self.conversation, self.options)
        self.freed = asyncio.Event()

    async def offer(self) -> FakeConnection:
        pc_id, _ = await self.peer.answer(OFFER, PLAN)
        connection = FakeConnection.made[-1]
        assert connection.id == pc_id
        return connection

    async def until(self, event: asyncio.Event) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            await event.wait()


@asynccontextmanager
async def connected(**options: Any) -> AsyncIterator[tuple[Scene, FakeConnection]]:
    scene = Scene(**options)
    first = await scene.offer()
    scene.peer.start(scene.freed.set)
    first.outcome.set_result(True)
    await scene.until(first.carrying)
    try:
        yield scene, first
    finally:
        await scene.peer.aclose()
    await scene.until(scene.freed)
    assert scene.conversation.closed
    assert all(connection.closed.is_set() for connection in FakeConnection.made)


@pytest.fixture(autouse=True)
def fake_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeConnection, "made", [], raising=False)
    monkeypatch.setattr("protocols.webrtc.peer.Connection", FakeConnection)
    monkeypatch.setattr("protocols.webrtc.peer._FAREWELL_SECONDS", 0.05)


async def test_a_connection_is_made_with_the_rates_that_opus_can_have() -> None:
    async with connected() as (scene, first):
        assert first.arguments == (scene.options, SampleRates(16_000, 24_000), PLAN)
        assert scene.peer.ids == ["connection-1"]


async def test_a_call_that_is_lost_frees_everything_without_a_word() -> None:
    async with connected() as (scene, first):
        await first.channel.until_said("gateway.session")
        first.lost.set()
        await scene.until(scene.freed)
        assert "gateway.end" not in first.channel.said


async def test_a_call_that_does_not_connect_ends() -> None:
    scene = Scene()
    first = await scene.offer()
    scene.peer.start(scene.freed.set)
    first.outcome.set_result(False)
    await scene.until(scene.freed)
    assert (scene.conversation.closed, first.closed.is_set()) == (True, True)


@pytest.mark.parametrize("fails_first", [False, True])
async def test_an_offer_in_place_of_one_that_does_not_connect_begins_the_call(
    fails_first: bool,
) -> None:
    scene = Scene()
    first = await scene.offer()
    scene.peer.start(scene.freed.set)
    second = await scene.offer()
    if fails_first:
        first.outcome.set_result(False)
        await asyncio.sleep(0)
    second.outcome.set_result(True)
    await scene.until(second.carrying)
    await second.channel.until_said("gateway.session")
    assert (first.closed.is_set(), scene.peer.ids) == (True, ["connection-2"])
    await scene.peer.aclose()
    await scene.until(scene.freed)


async def test_a_take_over_that_was_offered_before_the_call_was_connected_is_not_forgotten() -> (
    None
):
    scene = Scene()
    first = await scene.offer()
    scene.peer.start(scene.freed.set)
    second = await scene.offer()
    await asyncio.sleep(0)
    first.outcome.set_result(True)
    await scene.until(first.carrying)
    second.outcome.set_result(True)
    await scene.until(second.carrying)
    await scene.peer.aclose()
    await scene.until(scene.freed)


async def test_a_client_that_does_not_read_is_hung_up_on() -> None:
    async with connected() as (scene, first):
        await first.channel.until_said("gateway.session")
        first.channel.is_read = False
        scene.conversation.emit(TurnStarted("turn-1"))
        await scene.until(scene.freed)


async def test_a_client_that_does_not_read_the_end_is_not_waited_for() -> None:
    async with connected() as (scene, first):
        first.reads_to_the_end = False
        scene.conversation.emit(ModelFailed("gone"))
        await first.channel.until_said("gateway.end")
        await scene.until(scene.freed)


async def test_a_hang_up_that_is_not_followed_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocols.webrtc.peer._STOP_SECONDS", 0.05)
    monkeypatch.setattr("protocols.webrtc.peer._FAREWELL_SECONDS", 60)
    async with connected() as (scene, first):
        first.reads_to_the_end = False
        await first.channel.until_said("gateway.session")
        async with asyncio.timeout(BOUND_SECONDS):
            await scene.peer.aclose()
        assert scene.freed.is_set()


async def test_a_call_moves_to_the_next_connection_and_voice_goes_there() -> None:
    async with connected() as (scene, first):
        second = await scene.offer()
        assert scene.peer.ids == ["connection-1", "connection-2"]
        await scene.peer.add_candidate("connection-2", "a candidate")
        assert (first.candidates, second.candidates) == ([], ["a candidate"])
        second.outcome.set_result(True)
        await scene.until(second.carrying)
        assert (first.closed.is_set(), second.closed.is_set()) == (True, False)
        assert second.channel.said == ["gateway.session", "gateway.state"]
        scene.conversation.emit(TurnStarted("turn-1"), AudioDelta("m", bytes(960)))
        await second.channel.until_said("gateway.audio.start")
        await second.channel.until_said("gateway.latency")
        assert (first.voice.played, second.voice.played) == (0, 960)
        with pytest.raises(NotFound):
            await scene.peer.add_candidate("connection-1", "a candidate")


async def test_a_connection_that_is_lost_is_waited_for_while_another_comes() -> None:
    async with connected() as (scene, first):
        second = await scene.offer()
        first.lost.set()
        await asyncio.sleep(0)
        second.outcome.set_result(True)
        await scene.until(second.carrying)
        assert not scene.freed.is_set()


async def test_a_connection_that_is_lost_ends_the_call_if_the_other_does_not_come() -> None:
    async with connected() as (scene, first):
        second = await scene.offer()
        first.lost.set()
        second.outcome.set_result(False)
        await scene.until(scene.freed)


async def test_a_take_over_that_fails_leaves_the_call_where_it_is() -> None:
    async with connected() as (scene, first):
        second = await scene.offer()
        second.outcome.set_result(False)
        await scene.until(second.closed)
        assert scene.peer.ids == ["connection-1"]
        assert not first.closed.is_set()


async def test_of_two_take_overs_the_later_one_counts() -> None:
    async with connected() as (scene, _):
        second = await scene.offer()
        third = await scene.offer()
        assert (second.closed.is_set(), scene.peer.ids) == (True, ["connection-1", "connection-3"])
        third.outcome.set_result(True)
        await scene.until(third.carrying)


@pytest.mark.parametrize("has_hung_up", [True, False])
async def test_of_two_take_overs_the_later_one_is_waited_for_when_the_call_is_lost(
    has_hung_up: bool,
) -> None:
    async with connected() as (scene, first):
        first.has_hung_up = has_hung_up
        second = await scene.offer()
        first.lost.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.05)
        third = await scene.offer()
        third.outcome.set_result(True)
        await third.channel.until_said("gateway.session")
        scene.conversation.emit(TurnStarted("turn-1"))
        await third.channel.until_said("RUN_STARTED")
        assert (second.closed.is_set(), scene.peer.is_waiting) == (True, False)


async def test_an_answer_that_comes_after_the_end_frees_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (scene, _):
        late = asyncio.Event()

        async def answer(self: FakeConnection, offer: Offer) -> str:
            await late.wait()
            return "sdp"

        monkeypatch.setattr(FakeConnection, "answer", answer)
        answering = asyncio.create_task(scene.peer.answer(OFFER, PLAN))
        await asyncio.sleep(0)
        await scene.peer.aclose()
        late.set()
        with pytest.raises(NotFound):
            async with asyncio.timeout(BOUND_SECONDS):
                await answering
        assert FakeConnection.made[-1].closed.is_set()


async def test_an_interruption_empties_the_voice() -> None:
    async with connected() as (scene, first):
        await scene.peer.drop()
        assert first.voice.dropped == 1


async def test_nothing_can_be_said_before_the_call_begins() -> None:
    with pytest.raises(RuntimeError, match="not begun"):
        await Scene().peer.say({})


async def test_a_client_that_was_cut_off_goes_on_with_its_call() -> None:
    async with connected() as (scene, first):
        await first.channel.until_said("gateway.state")
        first.has_hung_up, first.quiet_seconds = False, 0.5
        scene.conversation.emit(TurnStarted("turn-1"), AudioDelta("m", bytes(2 * 24_000)))
        await first.channel.until_said("gateway.audio.start")
        first.lost.set()
        await scene.conversation.until(lambda conversation: conversation.parked)
        scene.conversation.emit(TextDelta("w", "written meanwhile"))
        second = await scene.offer()
        second.outcome.set_result(True)
        await second.channel.until_said("TEXT_MESSAGE_CONTENT")
        assert second.channel.said[0] == "gateway.session"
        assert second.channel.said.count("gateway.audio.start") == 1
        assert not scene.conversation.parked
        assert second.voice.played == 2 * 24_000  # what went to nobody is said again


async def test_a_client_that_comes_back_may_tell_what_it_has_seen() -> None:
    async with connected() as (scene, first):
        first.has_hung_up = False
        scene.conversation.emit(TurnStarted("turn-1"))
        await first.channel.until_said("RUN_STARTED")
        first.lost.set()
        await scene.conversation.until(lambda conversation: conversation.parked)
        with pytest.raises(InvalidInput, match="lastSeq"):
            scene.peer.note_seen(99)
        scene.peer.note_seen(2)
        second = await scene.offer()
        second.outcome.set_result(True)
        await second.channel.until_said("RUN_STARTED")


async def test_a_client_that_does_not_come_back_in_time_has_hung_up() -> None:
    async with connected(grace_seconds=0.02) as (scene, first):
        first.has_hung_up = False
        first.lost.set()
        await scene.until(scene.freed)


async def test_a_first_attempt_to_come_back_that_fails_is_not_the_last() -> None:
    async with connected() as (scene, first):
        first.has_hung_up = False
        second = await scene.offer()
        first.lost.set()
        second.outcome.set_result(False)
        await scene.conversation.until(lambda conversation: conversation.parked)
        third = await scene.offer()
        third.outcome.set_result(True)
        await scene.until(third.carrying)


async def test_voice_that_has_not_left_was_not_heard() -> None:
    assert Scene().peer.unsent_seconds == 0.0
    async with connected() as (scene, first):
        first.voice.queued_seconds = 0.04
        assert scene.peer.unsent_seconds == 0.04
