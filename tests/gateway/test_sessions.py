"""Sessions: one turn at a time, one memory for every wire."""

import asyncio
from typing import Any, cast

import pytest
from strands import ToolContext, tool
from strands.types.tools import AgentTool

from gateway.activity import Activity
from gateway.agents.factory import AgentFactory
from gateway.agents.live import StrandsLive
from gateway.models.provider import Models
from gateway.sessions import Sessions
from gateway.settings import Limits
from gateway.stores import MemoryStore
from protocols.contract.conversations import Conversations, SessionKey
from protocols.contract.errors import (
    InvalidInput,
    ModelFailed,
    SessionBusy,
    TooManySessions,
    Unavailable,
)
from protocols.contract.events import Event, TextDelta, TurnEnded
from protocols.contract.inputs import ClientTool, LiveOptions, Message, Text, UserTurn
from tests.scripted import Call, Says, ScriptedModel
from tests.scripted_voice import ScriptedVoice, assistant_says, user_says
from tools.asking import ask

KEY = SessionKey("ada", "s1")


class ScriptedModels:
    """Stands for the models of the process."""

    text_name = "scripted"
    voice_name = "scripted-voice"
    voice_takes_images = False

    def __init__(self, *turns: Says) -> None:
        self.model = ScriptedModel(list(turns))
        self.voices: list[ScriptedVoice] = []
        self.error: BaseException | None = None

    async def text(self) -> ScriptedModel:
        return self.model

    async def voice(self, options: LiveOptions) -> ScriptedVoice:
        if self.error is not None:
            raise self.error
        self.voices.append(ScriptedVoice())
        return self.voices[-1]


class Rig:
    def __init__(
        self,
        *turns: Says,
        tools: list[AgentTool] | None = None,
        store: MemoryStore | None = None,
        **limits: Any,
    ) -> None:
        self.models = ScriptedModels(*turns)
        factory = AgentFactory(cast(Models, self.models), tools or [], "Be brief.")
        self.activity = Activity(lambda: 0.0)
        bounds = Limits(**limits)
        store = store or MemoryStore(bounds.max_sessions, bounds.max_memory_bytes)
        self.sessions = Sessions(factory, bounds, self.activity, store, 5.0)

    async def ask(
        self, text: str, key: SessionKey = KEY, history: tuple[Message, ...] | None = None
    ) -> list[Event]:
        said = UserTurn(content=(Text(text),), history=history)
        turn = await self.sessions.begin(key, said, "http")
        async with asyncio.timeout(5):
            return [event async for event in turn]

    def busy(self) -> bool:
        return self.activity.status == "HealthyBusy"

    def shown(self) -> list[str]:
        """The texts that the text model was last shown."""
        return [b["text"] for m in self.models.model.seen[-1].messages for b in m["content"]]


def test_sessions_are_the_conversations_of_the_contract() -> None:
    assert isinstance(Rig().sessions, Conversations)


async def test_a_session_remembers_what_was_said() -> None:
    rig = Rig(Says(["Hello Ada."]), Says(["Ada."]))
    await rig.ask("I am Ada.")
    await rig.ask("Who am I?")
    assert rig.shown() == ["I am Ada.", "Hello Ada.", "Who am I?"]
    assert rig.models.model.seen[0].system_prompt == "Be brief."


async def test_another_caller_with_the_same_id_has_another_session() -> None:
    rig = Rig(Says(["Hello."]), Says(["No idea."]))
    await rig.ask("I am Ada.")
    await rig.ask("Who am I?", SessionKey("eve", "s1"))
    assert rig.shown() == ["Who am I?"]


async def test_of_two_turns_at_once_one_works_and_the_other_is_refused() -> None:
    gate = asyncio.Event()
    rig = Rig(Says(["one"], waits_for=gate))
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("a"),)), "http")
    with pytest.raises(SessionBusy):
        await rig.sessions.begin(KEY, UserTurn(content=(Text("b"),)), "http")
    with pytest.raises(SessionBusy):
        await rig.sessions.open(KEY, LiveOptions(), "ws")
    assert rig.busy()
    gate.set()
    async with asyncio.timeout(5):
        assert [event async for event in turn][-1] == TurnEnded()
    assert not rig.busy()


async def test_a_failed_turn_leaves_the_memory_as_it_was() -> None:
    rig = Rig(Says(["one"]), Says(["two"], error=RuntimeError("x")), Says(["three"]))
    await rig.ask("a")
    with pytest.raises(ModelFailed):
        await rig.ask("b")
    await rig.ask("c")
    assert rig.shown() == ["a", "one", "c"]


async def test_what_was_typed_is_known_to_the_voice_and_the_other_way_round() -> None:
    rig = Rig(Says(["Hello Ada."]), Says(["London."]))
    await rig.ask("I am Ada.")
    live = await rig.sessions.open(KEY, LiveOptions(), "webrtc")
    voice = rig.models.voices[0]
    voice.says(*user_says("I live in London."), *assistant_says("Noted."))
    await read_turn(live)
    assert [b["text"] for m in voice.history for b in m["content"]] == ["I am Ada.", "Hello Ada."]
    await live.aclose()
    await rig.ask("Where do I live?")
    assert rig.shown() == [
        "I am Ada.",
        "Hello Ada.",
        "I live in London.",
        "Noted.",
        "Where do I live?",
    ]


async def read_turn(live: StrandsLive) -> None:
    async with asyncio.timeout(5):
        async for event in live:
            if isinstance(event, TurnEnded):
                return


async def test_a_question_lapses_when_the_conversation_goes_on_aloud() -> None:
    @tool(context=True)
    def shred(tool_context: ToolContext) -> str:
        """Shred."""
        return str(ask(tool_context, "Sure?"))

    rig = Rig(Says([], [Call("c", "shred")]), Says(["Hello."]), tools=[cast(AgentTool, shred)])
    assert (await rig.ask("Shred it."))[-1] == TurnEnded(stop_reason="interrupt")
    live = await rig.sessions.open(KEY, LiveOptions(), "ws")
    voice = rig.models.voices[0]
    voice.says(*user_says("Well?"), *assistant_says("Not yet."))
    await read_turn(live)
    assert voice.history[2]["content"][0]["toolResult"]["status"] == "error"
    await live.aclose()
    assert (await rig.ask("Hi"))[-1] == TurnEnded()


async def test_a_client_that_owns_the_history_is_told_once_what_other_wires_said() -> None:
    rig = Rig(Says(["Hello Ada."]), Says(["hi"]), Says(["hi again"]))
    await rig.ask("I am Ada.")
    told = await rig.sessions.begin(KEY, UserTurn(content=(Text("x"),), history=()), "agui")
    assert [(m.role, m.content) for m in told.unseen] == [
        ("user", (Text("I am Ada."),)),
        ("assistant", (Text("Hello Ada."),)),
    ]
    async with asyncio.timeout(5):
        assert [e.text async for e in told if isinstance(e, TextDelta)] == ["hi"]
    again = await rig.sessions.begin(KEY, UserTurn(content=(Text("y"),), history=()), "agui")
    assert again.unseen == ()
    await again.aclose()


async def test_the_process_takes_no_more_turns_than_it_may() -> None:
    rig = Rig(Says(["one"], waits_for=asyncio.Event()), max_turns=1)
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("a"),)), "http")
    with pytest.raises(TooManySessions, match="GATEWAY_MAX_TURNS"):
        await rig.ask("b", SessionKey("ada", "s2"))
    await turn.aclose()


async def test_the_session_unused_for_longest_is_forgotten_first() -> None:
    rig = Rig(*(Says(["ok"]) for _ in range(4)), max_sessions=2)
    for session_id in ("1", "2", "1", "3"):
        await rig.ask("hi", SessionKey("ada", session_id))
    remembered = [bool(await rig.sessions.history(SessionKey("ada", each))) for each in "123"]
    assert remembered == [True, False, True]


async def test_a_session_whose_turn_is_running_is_not_forgotten_for_another() -> None:
    gate = asyncio.Event()
    rig = Rig(Says(["one"]), Says(["two"], waits_for=gate), Says(["other"]), max_sessions=1)
    await rig.ask("a")
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("b"),)), "http")
    events = aiter(turn)
    assert isinstance(await anext(events), TextDelta)
    await rig.ask("c", SessionKey("ada", "s2"))
    gate.set()
    async with asyncio.timeout(5):
        assert [event async for event in events][-1] == TurnEnded()
    texts = [m.content for m in await rig.sessions.history(KEY)]
    assert texts == [(Text("a"),), (Text("one"),), (Text("b"),), (Text("two"),)]


async def test_a_running_turn_can_be_cancelled_by_its_session() -> None:
    rig = Rig(Says(["word "] * 200))
    assert rig.sessions.cancel(KEY) is False
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("a"),)), "http")
    assert rig.sessions.cancel(KEY) is True
    async with asyncio.timeout(5):
        assert [event async for event in turn][-1] == TurnEnded("cancelled", "cancelled")


async def test_a_forgotten_session_begins_anew() -> None:
    rig = Rig(Says(["Hello Ada."]), Says(["x"], waits_for=asyncio.Event()), Says(["No idea."]))
    assert await rig.sessions.forget(KEY) is False
    await rig.ask("I am Ada.")
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("a"),)), "http")
    assert isinstance(await anext(aiter(turn)), TextDelta)
    assert await rig.sessions.forget(KEY) is True
    assert [event async for event in turn][-1] == TurnEnded("cancelled", "cancelled")
    assert await rig.sessions.history(KEY) == ()
    await rig.ask("Who am I?")
    assert rig.shown() == ["Who am I?"]


async def test_a_voice_that_cannot_be_made_frees_the_session() -> None:
    rig = Rig()
    rig.models.error = RuntimeError("secret")
    with pytest.raises(ModelFailed):
        await rig.sessions.open(KEY, LiveOptions(), "ws")
    rig.models.error = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await rig.sessions.open(KEY, LiveOptions(), "ws")
    assert rig.activity.status == "Healthy"
    rig.models.error = None
    live = await rig.sessions.open(KEY, LiveOptions(voice="x"), "ws")
    await live.aclose()


async def test_draining_takes_no_new_turns_and_lets_the_running_ones_end() -> None:
    gate = asyncio.Event()
    rig = Rig(Says(["one"], waits_for=gate))
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("a"),)), "http")
    live = await rig.sessions.open(SessionKey("ada", "s2"), LiveOptions(), "ws")
    draining = asyncio.create_task(rig.sessions.drain())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await rig.ask("b", SessionKey("ada", "s3"))
    gate.set()
    async with asyncio.timeout(5):
        assert [event async for event in turn][-1] == TurnEnded()
        await live.aclose()
        await draining
    assert rig.activity.status == "Healthy"


@pytest.mark.parametrize("name", ["paint", "pa-int", "", "with space", "x" * 65])
async def test_client_tools_must_have_names_that_models_can_tell_apart(name: str) -> None:
    rig = Rig(Says(["ok"]))
    tools = (ClientTool("paint", ""), ClientTool("pa_int", ""), ClientTool(name, ""))
    said = UserTurn(content=(Text("a"),), client_tools=tools)
    with pytest.raises(InvalidInput) as caught:
        await rig.sessions.begin(KEY, said, "agui")
    assert caught.value.details[0].path == "$.tools[2].name"
    assert not rig.busy()


async def test_a_long_conversation_is_remembered_from_its_beginning() -> None:
    rig = Rig(*(Says(["ok"]) for _ in range(60)))
    await rig.ask("I am Ada.")
    for _ in range(50):
        await rig.ask("Go on.")
    assert rig.shown()[0] == "I am Ada."
    assert len(await rig.sessions.history(KEY)) == 102


async def test_what_other_wires_said_is_told_in_a_long_conversation_too() -> None:
    rig = Rig(*(Says(["ok"]) for _ in range(60)))
    for _ in range(25):
        await rig.ask("by AG-UI", history=())
    await rig.ask("by HTTP")
    said = UserTurn(content=(Text("x"),), history=())
    turn = await rig.sessions.begin(KEY, said, "agui")
    assert [message.content for message in turn.unseen] == [(Text("by HTTP"),), (Text("ok"),)]
    await turn.aclose()


async def test_the_memory_of_all_sessions_is_bounded() -> None:
    rig = Rig(*(Says(["ok"]) for _ in range(4)), max_memory_bytes=2500)
    for session_id in "123":
        await rig.ask("x" * 1000, SessionKey("ada", session_id))
    remembered = [bool(await rig.sessions.history(SessionKey("ada", each))) for each in "123"]
    assert remembered == [False, True, True]


async def test_what_a_forgotten_turn_leaves_does_not_come_back() -> None:
    gate = asyncio.Event()
    rig = Rig(Says(["one"], waits_for=gate), Says(["two"]))
    turn = await rig.sessions.begin(KEY, UserTurn(content=(Text("a"),)), "http")
    assert isinstance(await anext(aiter(turn)), TextDelta)
    forgetting = asyncio.create_task(rig.sessions.forget(KEY))
    gate.set()
    async with asyncio.timeout(5):
        assert await forgetting
    assert await rig.sessions.history(KEY) == ()


async def test_a_conversation_that_is_being_opened_does_not_outlive_the_drain() -> None:
    rig = Rig()
    gate = asyncio.Event()
    made = rig.models.voice

    async def slow_voice(options: LiveOptions) -> ScriptedVoice:
        await gate.wait()
        return await made(options)

    rig.models.voice = slow_voice  # type: ignore[method-assign]  # it takes its time
    opening = asyncio.create_task(rig.sessions.open(KEY, LiveOptions(), "ws"))
    await asyncio.sleep(0)
    await rig.sessions.drain()
    gate.set()
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await opening
    assert not rig.busy()


async def test_twenty_sessions_at_once_do_not_mix() -> None:
    rig = Rig(*(Says(["ok"]) for _ in range(20)))
    keys = [SessionKey("ada", str(number)) for number in range(20)]
    await asyncio.gather(*(rig.ask(f"I am {key.id}.", key) for key in keys))
    for key in keys:
        first = (await rig.sessions.history(key))[0]
        assert first.content == (Text(f"I am {key.id}."),)


class FullDisk(MemoryStore):
    """Takes nothing."""

    async def write(self, key: SessionKey, packed: bytes) -> None:
        raise Unavailable("Full.")


async def test_what_cannot_be_kept_is_told_to_who_writes_and_frees_the_session() -> None:
    rig = Rig(Says(["Hello."]), store=FullDisk(1, 1))
    with pytest.raises(Unavailable, match="Full"):
        await rig.ask("Hi")
    live = await rig.sessions.open(KEY, LiveOptions(), "ws")
    await live.aclose()
    assert not rig.busy()


class LostDisk(MemoryStore):
    """Gives what no version of the gateway has written."""

    async def read(self, key: SessionKey) -> bytes | None:
        return b"?"


async def test_what_cannot_be_read_is_told_and_frees_the_session() -> None:
    rig = Rig(Says(["Hello."]), store=LostDisk(1, 1))
    for _ in range(2):
        with pytest.raises(Unavailable, match="forget"):
            await rig.ask("Hi")
    with pytest.raises(Unavailable):
        await rig.sessions.open(KEY, LiveOptions(), "ws")
    with pytest.raises(Unavailable):
        await rig.sessions.history(KEY)
    assert not rig.busy()
