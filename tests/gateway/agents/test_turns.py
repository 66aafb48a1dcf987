"""One question to a real strands agent, with a scripted model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import Any

import pytest
from strands import Agent, tool
from strands.types.content import Messages

from gateway.agents.client_tools import ClientToolProxy
from gateway.agents.interrupts import Suspended
from gateway.agents.turns import WAITING_EVENTS, StrandsTurn, TurnPlan
from observability.turns import TurnObservation
from protocols.contract.errors import GatewayError, ModelFailed, TimedOut
from protocols.contract.events import Event, TextDelta, ToolFinished, ToolStarted, TurnEnded
from protocols.contract.inputs import ClientTool, Media, Message, Text, UserTurn
from tests.scripted import Call, Says, ScriptedModel


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


class Watched(TurnObservation):
    """Remembers the outcome."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def ended(self, outcome: str = "ok") -> None:
        self.outcomes.append(outcome)


class Rig:
    """A turn, and what it did to its session."""

    def __init__(
        self,
        model: ScriptedModel,
        said: UserTurn | None = None,
        limit_seconds: float = 5,
        stalled_seconds: float = 5,
    ) -> None:
        self.model = model
        self.watched = Watched()
        self.kept: list[Messages] = []
        self.released = 0
        said = said or UserTurn(content=(Text("Hello"),))
        self.turn = StrandsTurn(
            TurnPlan(
                said=said,
                history=[{"role": "user", "content": [{"text": "earlier"}]}],
                unseen=(Message("x", "user", (Text("unseen"),)),) if said.history else (),
                agent=self._agent(said),
                observe=self._observe,
                keep=self._keep,
                release=self._release,
                limit_seconds=limit_seconds,
                stalled_seconds=stalled_seconds,
                kinds={"image", "document"},
            )
        )

    def _agent(self, said: UserTurn) -> Any:
        async def make(messages: Messages) -> Agent:
            proxies = [ClientToolProxy(client_tool) for client_tool in said.client_tools]
            return Agent(
                model=self.model,
                messages=messages,
                tools=[double, *proxies],
                callback_handler=None,
            )

        return make

    async def _keep(self, agent: Agent, suspended: Suspended | None) -> None:
        self.kept.append(agent.messages)

    @contextmanager
    def _observe(self) -> Any:
        yield self.watched

    def _release(self) -> None:
        self.released = 1

    async def events(self) -> list[Event]:
        async with asyncio.timeout(5):
            return [event async for event in self.turn]


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert left == set()


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


async def test_a_turn_tells_its_words_and_its_end_and_frees_the_session() -> None:
    rig = Rig(ScriptedModel([Says(["Hi ", "you"])]))
    events = await rig.events()
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert (texts, events[-1]) == (["Hi ", "you"], TurnEnded())
    assert (rig.released, rig.watched.outcomes, len(rig.kept)) == (1, ["ok"], 1)
    asked, answered = rig.kept[0]
    # Providers refuse two messages of one role: what was said before and not answered is one.
    assert asked["content"] == [{"text": "earlier"}, {"text": "Hello"}]
    assert (asked["role"], answered["role"]) == ("user", "assistant")
    await rig.turn.aclose()


async def test_a_turn_works_from_its_first_reading_on() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"])]))
    for _ in range(10):
        await asyncio.sleep(0)
    assert rig.model.seen == []
    assert TextDelta in kinds(await rig.events())


async def test_a_turn_that_nobody_reads_ends_at_its_limit() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"])]), limit_seconds=0.01)
    await rig.turn.drain(5)
    assert (rig.released, rig.model.seen, rig.watched.outcomes) == (1, [], ["timeout"])


async def test_a_turn_that_nobody_reads_can_be_cancelled() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"])]))
    rig.turn.cancel()
    assert await rig.events() == [TurnEnded("cancelled", "cancelled")]
    assert rig.model.seen == []


async def test_the_session_is_free_before_the_last_event_is_read() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"])]))
    async with asyncio.timeout(5):
        async for event in rig.turn:
            if isinstance(event, TurnEnded):
                assert rig.released == 1


async def test_a_tool_runs_and_its_result_reaches_the_model() -> None:
    model = ScriptedModel([Says(calls=[Call("c1", "double", ['{"number": 21}'])]), Says(["42"])])
    events = await Rig(model).events()
    results = [event for event in events if isinstance(event, ToolFinished)]
    assert results == [ToolFinished("c1", (Text("42"),))]
    assert model.seen[1].messages[-1]["content"][0]["toolResult"]["content"] == [{"text": "42"}]


async def test_a_client_tool_stops_the_turn_without_a_result() -> None:
    said = UserTurn(content=(Text("paint"),), client_tools=(ClientTool("paint", "", None),))
    model = ScriptedModel(
        [Says(calls=[Call("c1", "paint"), Call("c2", "double", ['{"number": 1}'])])]
    )
    events = await Rig(model, said).events()
    started = [(e.name, e.client) for e in events if isinstance(e, ToolStarted)]
    finished = [event.tool_call_id for event in events if isinstance(event, ToolFinished)]
    assert started == [("paint", True), ("double", False)]
    assert finished == ["c2"]
    assert events[-1] == TurnEnded(stop_reason="tool_use")
    assert model.seen[0].tools == ["double", "paint"]


async def test_the_clients_history_and_what_it_has_not_seen_are_what_the_model_sees() -> None:
    history = (Message("1", "user", (Text("a"),)), Message("2", "assistant", (Text("b"),)))
    model = ScriptedModel([Says(["ok"])])
    rig = Rig(model, UserTurn(content=(Text("c"),), history=history))
    await rig.events()
    texts = [block["text"] for m in model.seen[0].messages for block in m["content"]]
    assert texts == ["a", "b", "unseen", "c"]
    assert [message.id for message in rig.turn.unseen] == ["x"]


async def test_a_document_is_named_apart_from_those_of_the_history() -> None:
    paper = Media("document", "text/plain", b"t", "paper.txt")
    model = ScriptedModel([Says(["ok"])])
    history = (Message("1", "user", (paper, Text("a"))), Message("2", "assistant", (Text("b"),)))
    await Rig(model, UserTurn(content=(paper, Text("c")), history=history)).events()
    shown: list[Any] = [block for m in model.seen[0].messages for block in m["content"]]
    names = [block["document"]["name"] for block in shown if "document" in block]
    assert names == ["paper", "paper 2"]


async def test_media_that_the_model_does_not_take_are_named_and_fail_no_turn() -> None:
    film = Media("video", "video/mp4", b"ftyp")
    image = Media("image", "image/png", b"png")
    model = ScriptedModel([Says(["ok"])])
    history = (Message("1", "user", (film, image)), Message("2", "assistant", (Text("b"),)))
    await Rig(model, UserTurn(content=(film, Text("c")), history=history)).events()
    named = {"text": "[an attached video that this model cannot be shown]"}
    shown = {"image": {"format": "png", "source": {"bytes": b"png"}}}
    blocks = [block for m in model.seen[0].messages for block in m["content"]]
    assert blocks == [named, shown, {"text": "b"}, {"text": "unseen"}, named, {"text": "c"}]


async def test_a_history_that_ends_in_an_answer_needs_no_question() -> None:
    history = (Message("1", "user", (Text("a"),)),)
    model = ScriptedModel([Says(["ok"])])
    await Rig(model, UserTurn(content=(), history=history)).events()
    assert len(model.seen[0].messages) == 1


async def test_a_failing_model_raises_without_its_text_and_frees_the_session() -> None:
    rig = Rig(ScriptedModel([Says(["He"], error=RuntimeError("secret"))]))
    with pytest.raises(ModelFailed) as caught:
        await rig.events()
    assert "secret" not in caught.value.message
    assert (rig.released, rig.kept, rig.watched.outcomes) == (1, [], ["server_error"])


async def test_an_answer_that_is_cut_at_the_token_limit_is_an_answer() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"], stop_reason="max_tokens")]))
    assert (await rig.events())[-1] == TurnEnded(stop_reason="max_tokens")


async def test_a_turn_that_takes_too_long_is_ended() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"], waits_for=asyncio.Event())]), limit_seconds=0.05)
    with pytest.raises(TimedOut, match="GATEWAY_TURN_SECONDS"):
        await rig.events()
    assert (rig.released, rig.watched.outcomes) == (1, ["timeout"])


async def test_cancelling_between_two_words_ends_the_turn_as_cancelled() -> None:
    rig = Rig(ScriptedModel([Says(["word "] * 500)]))
    read: list[Event] = []
    async with asyncio.timeout(5):
        async for event in rig.turn:
            read.append(event)
            rig.turn.cancel()
            rig.turn.cancel()
    assert read[-1] == TurnEnded("cancelled", "cancelled")
    assert len(read) < 500
    assert (rig.released, rig.watched.outcomes) == (1, ["cancelled"])
    rig.turn.cancel()


async def test_a_model_that_does_not_heed_is_cancelled_by_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.agents.turns._CANCEL_GRACE_SECONDS", 0.01)
    rig = Rig(ScriptedModel([Says(["Hi"], waits_for=asyncio.Event())]))
    async with asyncio.timeout(5):
        async for event in rig.turn:
            if isinstance(event, TextDelta):
                rig.turn.cancel()
    assert event == TurnEnded("cancelled", "cancelled")
    assert (rig.released, rig.watched.outcomes) == (1, ["cancelled"])


async def test_a_reader_that_goes_away_frees_the_session_though_the_model_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.agents.turns._CANCEL_GRACE_SECONDS", 0.01)
    rig = Rig(ScriptedModel([Says(["Hi"], waits_for=asyncio.Event())]))
    async with asyncio.timeout(5):
        await anext(aiter(rig.turn))
        await rig.turn.aclose()
        await rig.turn.aclose()
    assert rig.released == 1


async def test_a_turn_that_is_cancelled_before_it_starts_asks_no_model() -> None:
    rig = Rig(ScriptedModel([]))
    rig.turn.cancel()
    assert await rig.events() == [TurnEnded("cancelled", "cancelled")]


async def test_a_slow_reader_slows_the_model() -> None:
    rig = Rig(ScriptedModel([Says(["word "] * 1000)]))
    async with asyncio.timeout(5):
        await anext(aiter(rig.turn))
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(await rig.turn._buffer.take()) == WAITING_EVENTS
        await rig.turn.aclose()
    assert rig.released == 1


async def test_draining_lets_a_turn_end_by_itself() -> None:
    rig = Rig(ScriptedModel([Says(["Hi"])]))
    await asyncio.gather(rig.turn.drain(5), rig.events())
    assert rig.watched.outcomes == ["ok"]


async def test_draining_stops_a_turn_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.agents.turns._CANCEL_GRACE_SECONDS", 0.01)
    rig = Rig(ScriptedModel([Says(["Hi"], waits_for=asyncio.Event())]))
    reading = asyncio.create_task(rig.events())
    await rig.turn.drain(0.01)
    assert (await reading)[-1] == TurnEnded("cancelled", "cancelled")


async def test_an_agent_that_cannot_be_made_is_an_error_of_the_turn() -> None:
    rig = Rig(ScriptedModel([]))
    with pytest.raises(GatewayError):
        await rig.events()
    assert rig.released == 1


async def test_a_cancelled_turn_ends_for_a_reader_that_comes_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.agents.turns._CANCEL_GRACE_SECONDS", 0.01)
    rig = Rig(ScriptedModel([Says(["word "] * 1000)]))
    reader = aiter(rig.turn)
    async with asyncio.timeout(5):
        await anext(reader)
        for _ in range(200):
            await asyncio.sleep(0)  # until the buffer is full and the agent waits
        rig.turn.cancel()
        await asyncio.wait({rig.turn._task})
        rest = [event async for event in reader]
    assert rest[-1] == TurnEnded("cancelled", "cancelled")
    assert rig.released == 1


async def test_a_model_that_runs_out_of_time_is_not_our_limit() -> None:
    rig = Rig(ScriptedModel([Says(["He"], error=TimeoutError("secret"))]))
    with pytest.raises(TimedOut, match="The model did not answer in time"):
        await rig.events()


async def test_a_reader_that_stops_reading_ends_the_turn_as_cancelled() -> None:
    rig = Rig(ScriptedModel([Says(["word "] * (WAITING_EVENTS + 2))]), stalled_seconds=0.01)
    events = aiter(rig.turn)
    async with asyncio.timeout(5):
        assert isinstance(await anext(events), TextDelta)
        await rig.turn.drain(5)
        assert rig.released == 1
        rest = [event async for event in events]
    assert (rest[-1], rig.watched.outcomes) == (TurnEnded("cancelled", "cancelled"), ["cancelled"])
    assert len(rest) <= WAITING_EVENTS + 2
