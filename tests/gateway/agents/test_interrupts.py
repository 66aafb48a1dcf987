"""Turns that stop for a question of a tool and go on with its answer."""

import asyncio
from typing import Any, cast

import pytest
from strands import Agent, ToolContext, tool
from strands.types.tools import AgentTool

from gateway.activity import Activity
from gateway.agents.factory import AgentFactory
from gateway.agents.interrupts import Opening, asked
from gateway.models.provider import Models
from gateway.sessions import Sessions
from gateway.settings import Limits
from gateway.stores import MemoryStore
from protocols.contract.conversations import SessionKey, Wire
from protocols.contract.errors import GatewayError
from protocols.contract.events import Event, InputRequested, TextDelta, ToolFinished, TurnEnded
from protocols.contract.inputs import (
    ClientTool,
    InterruptAnswer,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    UserTurn,
)
from tests.scripted import Call, Says, ScriptedModel
from tools.asking import ask

KEY = SessionKey("ada", "s1")
SCHEMA = {"type": "object", "properties": {"sure": {"type": "boolean"}}}
WAITS = TurnEnded(stop_reason="interrupt")
CALL = Call("c1", "delete_all", ('{"what": "mail"}',))


class Rig:
    """One session with a tool that asks, and what the tool did."""

    def __init__(self, *turns: Says) -> None:
        self.done: list[str] = []
        self.cancels = False
        self.model = ScriptedModel(list(turns))
        self.store = MemoryStore(10, 1_000_000)
        self.sessions = self.restarted()

    def restarted(self) -> Sessions:
        """Make the sessions of another process with the same store."""
        rig = self

        class OneModel:
            text_name = voice_name = "scripted"

            async def text(self) -> ScriptedModel:
                return rig.model

        @tool(context=True)
        def delete_all(tool_context: ToolContext, what: str) -> str:
            """Delete everything.

            Args:
                what: of what kind.
            """
            answer = ask(tool_context, f"Delete all {what}?", schema=SCHEMA)
            self.done.append(f"{what} {answer}")
            return f"deleted {what}: {answer}"

        @tool
        def count() -> str:
            """Count."""
            self.done.append("count")
            if self.cancels:
                self.sessions.cancel(KEY)
            return "three"

        tools = cast(list[AgentTool], [delete_all, count])
        factory = AgentFactory(cast(Models, OneModel()), tools, "")
        return Sessions(factory, Limits(), Activity(lambda: 0.0), self.store, 5.0)

    async def run(self, said: UserTurn, wire: Wire = "agui") -> list[Event]:
        turn = await self.sessions.begin(KEY, said, wire)
        async with asyncio.timeout(5):
            return [event async for event in turn]

    async def say(self, *words: str, **members: Any) -> list[Event]:
        return await self.run(UserTurn(content=tuple(map(Text, words)), **members))


def question_in(events: list[Event]) -> InputRequested:
    (question,) = [event for event in events if isinstance(event, InputRequested)]
    return question


def results(events: list[Event]) -> list[tuple[str, str, bool]]:
    return [
        (event.tool_call_id, "".join(cast(Text, part).text for part in event.content), event.error)
        for event in events
        if isinstance(event, ToolFinished)
    ]


def words(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def agrees(question: InputRequested, payload: Any = None) -> tuple[InterruptAnswer, ...]:
    return (InterruptAnswer(question.interrupt_id, "resolved", payload),)


def shown(rig: Rig) -> list[Any]:
    """What the model was last shown, without what strands adds."""
    return [(message["role"], message["content"]) for message in rig.model.seen[-1].messages]


async def test_a_tool_that_asks_ends_the_turn_and_nothing_is_done() -> None:
    rig = Rig(Says(["Wait."], [CALL]))
    events = await rig.say("Delete my mail")
    question = question_in(events)
    assert question == InputRequested(
        question.interrupt_id, "confirmation", "Delete all mail?", "c1", SCHEMA
    )
    assert (events[-1], results(events), rig.done) == (WAITS, [], [])


@pytest.mark.parametrize(
    ("payload", "answer"), [(None, "True"), (False, "False"), ({"sure": True}, "{'sure': True}")]
)
async def test_an_answer_lets_the_tool_run_once(payload: Any, answer: str) -> None:
    rig = Rig(Says([], [CALL]), Says(["Done."]))
    question = question_in(await rig.say("Delete my mail"))
    events = await rig.say(answers=agrees(question, payload))
    assert results(events) == [("c1", f"deleted mail: {answer}", False)]
    assert (words(events), events[-1], rig.done) == ("Done.", TurnEnded(), [f"mail {answer}"])


async def test_an_answer_is_good_in_another_process_too() -> None:
    rig = Rig(Says([], [CALL]), Says(["Done."]))
    question = question_in(await rig.say("Delete my mail"))
    rig.sessions = rig.restarted()
    assert words(await rig.say(answers=agrees(question))) == "Done."
    assert rig.done == ["mail True"]


async def test_a_user_who_declines_stops_the_call_and_the_model_is_told() -> None:
    rig = Rig(Says([], [CALL]), Says(["I left it."]))
    question = question_in(await rig.say("Delete my mail"))
    events = await rig.say(answers=(InterruptAnswer(question.interrupt_id, "cancelled"),))
    assert results(events) == [("c1", "The user declined: this was not done.", True)]
    assert (words(events), rig.done) == ("I left it.", [])


async def test_without_an_answer_the_question_is_asked_again_and_nothing_is_done() -> None:
    rig = Rig(Says([], [CALL]), Says(["Done."]))
    question = question_in(await rig.say("Delete my mail"))
    stray = (InterruptAnswer("another", "resolved"),)
    assert await rig.say("Well?") == [question, WAITS]
    assert await rig.say(answers=stray) == [question, WAITS]
    assert (len(rig.model.seen), rig.done) == (1, [])
    assert words(await rig.say(answers=stray + agrees(question))) == "Done."


async def test_an_answer_to_nothing_is_ignored() -> None:
    rig = Rig(Says(["Hello."]))
    events = await rig.say("Hi", answers=(InterruptAnswer("x", "resolved"),))
    assert (words(events), events[-1]) == ("Hello.", TurnEnded())


async def test_what_is_said_with_the_answer_reaches_the_model() -> None:
    rig = Rig(Says([], [CALL]), Says(["Done."]))
    question = question_in(await rig.say("Delete my mail"))
    await rig.say("And hurry.", answers=agrees(question))
    role, content = shown(rig)[-1]
    assert (role, content[-1], "toolResult" in content[0]) == ("user", {"text": "And hurry."}, True)


async def test_of_several_calls_those_that_do_not_ask_run_once() -> None:
    rig = Rig(Says([], [Call("c0", "count"), CALL]), Says(["Done."]))
    question = question_in(await rig.say("Count and delete"))
    assert rig.done == ["count"]
    events = await rig.say(answers=agrees(question))
    assert results(events) == [("c0", "three", False), ("c1", "deleted mail: True", False)]
    assert rig.done == ["count", "mail True"]


async def test_a_turn_may_ask_again() -> None:
    again = Call("c2", "delete_all", ('{"what": "news"}',))
    rig = Rig(Says([], [CALL]), Says([], [again]), Says(["Done."]))
    first = question_in(await rig.say("Delete all"))
    events = await rig.say(answers=agrees(first))
    second = question_in(events)
    assert (second.message, events[-1]) == ("Delete all news?", WAITS)
    assert words(await rig.say(answers=agrees(second))) == "Done."
    assert rig.done == ["mail True", "news True"]


HISTORY = (
    Message("m1", "user", (Text("Delete my mail"),)),
    Message("m2", "assistant", (Reasoning("Hm.", "signed"),)),
    Message("m3", "assistant", (Text("Wait."), ToolCall("c1", "delete_all", "{}"))),
)


async def test_a_client_that_owns_the_history_resumes_within_its_own() -> None:
    rig = Rig(Says(["Wait."], [CALL]), Says(["Done."]))
    question = question_in(await rig.say("Delete my mail", history=()))
    edited = (Message("m0", "user", (Text("Be brief."),)), *HISTORY)
    events = await rig.say(history=edited, answers=agrees(question))
    assert words(events) == "Done."
    first, waiting, result = shown(rig)
    assert first == ("user", [{"text": "Be brief."}, {"text": "Delete my mail"}])
    assert [list(block) for block in waiting[1]] == [["text"], ["toolUse"]]
    assert waiting[1][1]["toolUse"]["input"] == {"what": "mail"}
    assert result[1][0]["toolResult"]["toolUseId"] == "c1"


async def test_a_client_may_take_the_question_out_of_its_history() -> None:
    rig = Rig(Says([], [CALL]), Says(["Hello."]))
    await rig.say("Delete my mail", history=())
    events = await rig.say("Hi", history=())
    assert (words(events), events[-1], rig.done) == ("Hello.", TurnEnded(), [])


async def test_a_call_of_the_client_beside_the_question_is_answered_by_the_client() -> None:
    rig = Rig(Says([], [Call("p1", "paint"), CALL]), Says(["Done."]))
    tools = (ClientTool("paint", "Paint."),)
    events = await rig.say("Paint and delete", history=(), client_tools=tools)
    assert events[-1] == WAITS
    history = (
        Message("m1", "user", (Text("Paint and delete"),)),
        Message(
            "m2",
            "assistant",
            (ToolCall("p1", "paint", "{}"), ToolCall("c1", "delete_all", "{}")),
        ),
        Message("m3", "user", (ToolResult("p1", (Text("painted"),)),)),
    )
    answers = agrees(question_in(events))
    events = await rig.say(history=history, answers=answers, client_tools=tools)
    assert words(events) == "Done."
    assert results(events) == [("c1", "deleted mail: True", False)]
    told = {
        block["toolResult"]["toolUseId"]: block["toolResult"]["content"]
        for block in shown(rig)[-1][1]
    }
    assert told == {"p1": [{"text": "painted"}], "c1": [{"text": "deleted mail: True"}]}


async def test_a_call_that_the_client_has_not_answered_yet_is_not_answered_for_it() -> None:
    rig = Rig(Says([], [Call("p1", "paint"), CALL]), Says(["Done."]))
    tools = (ClientTool("paint", "Paint."),)
    question = question_in(await rig.say("Paint and delete", client_tools=tools))
    events = await rig.say(answers=agrees(question), client_tools=tools)
    assert results(events) == [("c1", "deleted mail: True", False)]


@pytest.mark.parametrize("beside", [CALL, Call("p1", "paint")], ids=["asks", "of the client"])
async def test_who_cancels_is_not_waited_for(beside: Call) -> None:
    rig = Rig(Says([], [Call("c0", "count"), beside]), Says(["Hello."]))
    rig.cancels = True
    tools = (ClientTool("paint", "Paint."),)
    events = await rig.say("Count", client_tools=tools)
    assert events[-1] == TurnEnded("cancelled", "cancelled")
    assert words(await rig.say("Hi")) == "Hello."


async def test_what_the_model_said_before_its_question_is_shown_once() -> None:
    news = Call("c2", "delete_all", ('{"what": "news"}',))
    rig = Rig(Says(["Wait."], [CALL, news]), Says(["Done."]))
    events = await rig.say("Delete all", history=())
    questions = [each for each in events if isinstance(each, InputRequested)]
    history = (
        HISTORY[0],
        Message("m0", "assistant", (Text("Said on another wire."),)),
        Message("m2", "assistant", (Text("Wait."),)),
        *(Message(each, "assistant", (ToolCall(each, "x", "{}"),)) for each in ("c1", "c2")),
    )
    await rig.say(history=history, answers=tuple(each for q in questions for each in agrees(q)))
    said, waiting, results = shown(rig)
    assert said == ("user", [{"text": "Delete my mail"}])
    assert waiting[1][:2] == [{"text": "Said on another wire."}, {"text": "Wait."}]
    assert [each["toolUse"]["toolUseId"] for each in waiting[1][2:]] == ["c1", "c2"]
    assert len(results[1]) == 2


@pytest.mark.parametrize("wire", ["ws", "webrtc"])
async def test_a_question_lapses_on_a_wire_that_has_no_words_for_answers(wire: Wire) -> None:
    rig = Rig(Says([], [CALL]), Says(["Hello."]))
    await rig.run(UserTurn(content=(Text("Delete my mail"),)), wire)
    assert words(await rig.run(UserTurn(content=(Text("Hi"),)), wire)) == "Hello."
    assert rig.done == []


async def test_a_question_stays_open_for_ag_ui_on_a_socket() -> None:
    rig = Rig(Says([], [CALL]), Says(["Done."]))
    question = question_in(await rig.run(UserTurn(content=(), history=HISTORY[:1]), "ws"))
    assert await rig.run(UserTurn(content=(), history=HISTORY), "ws") == [question, WAITS]
    events = await rig.run(UserTurn(content=(), history=HISTORY, answers=agrees(question)), "ws")
    assert words(events) == "Done."


DOWN = Says(error=RuntimeError("down"))


async def test_what_was_done_is_not_done_again_although_the_model_failed_after_it() -> None:
    rig = Rig(Says([], [CALL]), DOWN, Says(["Hello."]))
    question = question_in(await rig.say("Delete my mail"))
    with pytest.raises(GatewayError):
        await rig.say(answers=agrees(question))
    assert words(await rig.say("Well?")) == "Hello."
    assert rig.done == ["mail True"]
    result, said = shown(rig)[-1][1]
    assert result["toolResult"]["content"] == [{"text": "deleted mail: True"}]
    assert said == {"text": "Well?"}


async def test_a_question_whose_call_has_a_result_is_asked_no_more() -> None:
    rig = Rig(Says([], [CALL]), Says(["Hello."]))
    await rig.say("Delete my mail", history=())
    result = Message("m4", "user", (ToolResult("c1", (Text("deleted"),)),))
    events = await rig.say("Well?", history=(*HISTORY, result))
    assert (words(events), rig.done) == ("Hello.", [])
    assert shown(rig)[-1][1][0]["toolResult"]["content"] == [{"text": "deleted"}]


async def test_all_that_is_said_while_a_question_is_open_reaches_the_model() -> None:
    rig = Rig(Says([], [CALL]), Says(["Done."]))
    question = question_in(await rig.say("Delete my mail", history=()))
    first = Message("m4", "user", (Text("Hm."),))
    assert (await rig.say("Well?", history=(*HISTORY, first)))[-1] == WAITS
    second = Message("m5", "user", (Text("Well?"),))
    await rig.say("Yes.", history=(*HISTORY, first, second), answers=agrees(question))
    result, *said = shown(rig)[-1][1]
    assert ("toolResult" in result, said) == (
        True,
        [{"text": "Hm."}, {"text": "Well?"}, {"text": "Yes."}],
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Sure?", InputRequested("i", "approve", "Sure?", "c1")),
        (None, InputRequested("i", "approve", None, "c1")),
        ([1], InputRequested("i", "approve", None, "c1", metadata={"reason": [1]})),
        (
            {(1,): object()},
            InputRequested("i", "approve", None, "c1", metadata={"(1,)": "(object)"}),
        ),
        (
            {"message": 1, "responseSchema": 2, "risk": "high"},
            InputRequested("i", "approve", None, "c1", metadata={"risk": "high"}),
        ),
    ],
)
def test_any_reason_that_a_tool_gives_strands_can_be_shown(
    reason: Any, expected: InputRequested
) -> None:
    class Interrupt:
        id, name = "i", "approve"

    interrupt = Interrupt()
    cast(Any, interrupt).reason = reason
    event = {"tool_use": {"toolUseId": "c1"}, "interrupts": [interrupt]}
    assert asked(event) == [expected]


def test_a_model_is_asked_something_although_nothing_was_said() -> None:
    history: Any = [{"role": "assistant", "content": [{"text": "Hello."}]}]
    agent = Agent(model=ScriptedModel([]), messages=history, callback_handler=None)
    assert Opening(history).prompt(agent, []) == [{"text": "…"}]
    history.append({"role": "user", "content": [{"text": "Hello."}]})
    assert Opening(history).prompt(agent, []) is None
