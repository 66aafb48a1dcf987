"""Delegates as tools of real strands agents."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from strands import Agent, ToolContext, tool
from strands.bidi import BidiAgent
from strands.models import Model
from strands.multiagent import GraphBuilder
from strands.multiagent.graph import Graph

from tests.scripted import Call, Says, ScriptedModel
from tests.scripted_voice import ScriptedVoice
from tests.tools import teams
from tools.delegate_events import TEXT_MODEL, DelegateEnded, DelegateTold
from tools.delegation import delegate
from tools.registry import ToolRegistry

CALL: Any = {"toolUseId": "c", "name": "ask", "input": {"input": "What is it?"}}
FAILED = "The agent failed before it had an answer."


async def run(
    build: Callable[[Model], Any], state: dict[str, Any] | None = None
) -> tuple[list[Any], Any]:
    """Call a delegate, guarded as it is served; gives what it tells and its last event."""
    (ask,) = ToolRegistry([delegate("ask", "Asks.", build)])
    agent = Agent(model=ScriptedModel(), callback_handler=None)
    async with asyncio.timeout(10):
        *told, last = [
            event async for event in ask.stream(CALL, state if state else {"agent": agent})
        ]
    return [event["tool_stream_event"]["data"] for event in told], last


def text_of(last: Any) -> str:
    (block,) = last.tool_result["content"]
    return f"{last.tool_result['status']}: {block['text']}"


@pytest.mark.parametrize(
    ("build", "answer"),
    [
        (teams.researcher, "It is gone."),
        (teams.panel, "Both are right."),
        (teams.nested_panel, "Both are right."),
        (teams.relay, "I answer."),
        (teams.manager, "The panel agrees."),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_a_delegate_answers_with_what_its_last_agent_said(build: Any, answer: str) -> None:
    told, last = await run(build)
    assert text_of(last) == f"success: {answer}"
    assert (told[0], told[-1]) == (DelegateTold("ask", "Asks."), DelegateEnded())
    assert all(isinstance(each, DelegateTold) for each in told[:-1])


@pytest.mark.parametrize(
    "build",
    [teams.failing, teams.broken_panel, teams.broken_relay],
    ids=lambda each: each.__name__,
)
async def test_a_delegate_that_fails_tells_nothing_of_the_exception(build: Any) -> None:
    told, last = await run(build)
    assert text_of(last) == f"error: {FAILED}"
    assert told[-1] == DelegateEnded("failed")


async def test_what_tools_of_a_delegate_raise_is_kept_from_its_model() -> None:
    told, _ = await run(teams.researcher)
    assert teams.SECRET not in repr(
        [each.event.get("message") for each in told if isinstance(each, DelegateTold)]
    )


async def test_several_last_nodes_answer_under_their_names() -> None:
    def both(model: Model) -> Graph:
        builder = GraphBuilder()
        builder.add_node(teams.member("a", Says(["A."])), "a")
        builder.add_node(teams.member("b", Says(["B."])), "b")
        builder.set_execution_timeout(60)
        return builder.build()

    _, last = await run(both)
    assert sorted(text_of(last).removeprefix("success: ").split("\n\n")) == ["a: A.", "b: B."]


async def test_nodes_in_a_circle_answer_with_the_last_of_them() -> None:
    def circle(model: Model) -> Graph:
        builder = GraphBuilder()
        builder.add_node(teams.member("a", Says(["A."])), "a")
        builder.add_node(teams.member("b", Says(["B."])), "b")
        builder.add_edge("a", "b")
        builder.add_edge("b", "a", condition=lambda state: False)
        builder.set_entry_point("a")
        builder.set_max_node_executions(5)
        return builder.build()

    _, last = await run(circle)
    assert text_of(last) == "success: B."


async def test_a_delegate_has_the_model_of_the_agent_that_asks() -> None:
    model = ScriptedModel([Says(["Hello."])])
    lent: list[Model] = []

    def build(given: Model) -> Agent:
        lent.append(given)
        return Agent(model=given, callback_handler=None)

    _, last = await run(build, {"agent": Agent(model=model, callback_handler=None)})
    assert (lent, text_of(last)) == ([model], "success: Hello.")


async def test_each_call_has_an_agent_of_its_own() -> None:
    model = ScriptedModel([Says(["One."]), Says(["Two."])])
    (ask,) = ToolRegistry([delegate("ask", "Asks.", lambda given: Agent(model=given))])
    state = {"agent": Agent(model=model, callback_handler=None)}
    for _ in range(2):
        assert [event async for event in ask.stream(CALL, dict(state))][-1]
    assert [[m["role"] for m in seen.messages] for seen in model.seen] == [["user"], ["user"]]


async def test_a_live_agent_is_lent_a_text_model() -> None:
    model = ScriptedModel([Says(["Hello."])])

    async def lend() -> Model:
        return model

    voice = BidiAgent(model=ScriptedVoice())
    _, last = await run(lambda given: Agent(model=given), {"agent": voice, TEXT_MODEL: lend})
    assert text_of(last) == "success: Hello."


async def test_without_a_text_model_the_agent_that_asks_is_told() -> None:
    _, last = await run(lambda given: Agent(model=given), {"agent": object()})
    assert text_of(last) == "error: There is no text model here for another agent to work with."


async def test_what_is_neither_agent_nor_team_is_a_fault_of_the_tool() -> None:
    _, last = await run(lambda given: "nobody")
    assert text_of(last) == "error: The tool failed because of an internal error."


@pytest.mark.parametrize("build", [teams.endless, teams.endless_team], ids=lambda e: e.__name__)
async def test_a_delegate_is_cancelled_with_the_agent_that_asks(build: Any) -> None:
    waiting = asyncio.Event()
    workers: list[Agent] = []

    def patient(given: Model) -> Any:
        built = build(given)
        workers.extend([built] if isinstance(built, Agent) else [built.nodes["endless"].executor])
        workers[0].model = ScriptedModel([Says(["I begin"], waits_for=waiting)])
        return built

    (ask,) = ToolRegistry([delegate("ask", "Asks.", patient)])
    outer = ScriptedModel([Says(calls=[Call("c", "ask", ['{"input": "go"}'])])])
    agent = Agent(model=outer, tools=[ask], callback_handler=None)

    async def cancel() -> None:
        agent.cancel()
        await asyncio.to_thread(workers[0].cancel_signal.wait, 5)
        waiting.set()

    ended: list[Any] = []
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        async for event in agent.stream_async("Go."):
            data = event.get("tool_stream_event", {}).get("data")
            if isinstance(data, DelegateEnded):
                ended.append(data)
            if isinstance(data, DelegateTold) and "I begin" in repr(data.event):
                tasks.create_task(cancel())
    assert ended == [DelegateEnded("cancelled")]


async def test_a_team_that_is_given_up_ends() -> None:
    before = asyncio.all_tasks()
    (ask,) = ToolRegistry([delegate("ask", "Asks.", teams.endless_team)], timeout_seconds=0.2)
    state = {"agent": Agent(model=ScriptedModel(), callback_handler=None)}
    async with asyncio.timeout(10):
        last: Any = [event async for event in ask.stream(CALL, state)][-1]
    assert text_of(last) == "error: The tool did not finish within 0.2 seconds."
    assert asyncio.all_tasks() == before


@tool(context=True)
def confirm(tool_context: ToolContext) -> str:
    """Ask the user."""
    return f"The user said {tool_context.interrupt('sure', reason='Sure?')}."


def asking(model: Model) -> Agent:
    turns = [Says(calls=[Call("1", "confirm", ["{}"])]), Says(["Done."])]
    return teams.member("asking", *turns, tools=[confirm])


async def test_an_agent_that_asks_the_user_goes_on_with_the_answer() -> None:
    def build(model: Model) -> Agent:
        return Agent(model=inner, tools=[confirm])

    inner = ScriptedModel([Says(calls=[Call("1", "confirm", ["{}"])]), Says(["Done."])])
    outer = ScriptedModel([Says(calls=[Call("c", "ask", ['{"input": "go"}'])]), Says(["Fine."])])
    tools: list[Any] = [*ToolRegistry([delegate("ask", "Asks.", build)])]
    agent = Agent(model=outer, tools=tools, callback_handler=None)
    async with asyncio.timeout(10):
        asked = await agent.invoke_async("Go.")
        assert (asked.stop_reason, asked.interrupts is not None) == ("interrupt", True)
        (question,) = asked.interrupts or ()
        answer: Any = {"interruptId": question.id, "response": "yes"}
        resume: Any = [{"interruptResponse": answer}]
        await agent.invoke_async(resume)
    said = inner.seen[1].messages[-1]["content"][0]["toolResult"]["content"]
    assert said == [{"text": "The user said yes."}]
    assert outer.seen[1].messages[-1]["content"][0]["toolResult"]["content"] == [{"text": "Done."}]


async def test_an_agent_that_asks_the_user_is_suspended() -> None:
    told, last = await run(asking)
    (interrupt,) = last.interrupts
    assert told[-1] == DelegateEnded("suspended", (interrupt.id,))


async def test_a_team_cannot_ask_the_user() -> None:
    def team(model: Model) -> Graph:
        builder = GraphBuilder()
        builder.add_node(asking(model), "asking")
        builder.set_execution_timeout(60)
        return builder.build()

    told, last = await run(team)
    assert told[-1] == DelegateEnded("failed")
    assert text_of(last).startswith("error: The agent wanted to ask the user something")


async def test_nobody_can_be_asked_in_a_live_conversation() -> None:
    async def lend() -> Model:
        return ScriptedModel()

    voice = BidiAgent(model=ScriptedVoice())
    told, last = await run(asking, {"agent": voice, TEXT_MODEL: lend})
    assert not voice._interrupt_state.activated
    assert told[-1] == DelegateEnded("failed")
    assert text_of(last).startswith("error: The agent wanted to ask the user something")


async def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    await run(teams.panel)
    assert capsys.readouterr().out == ""


async def test_tools_of_agents_that_serve_agents_are_guarded_too() -> None:
    def build(model: Model) -> Agent:
        inner = teams.researcher(model)
        turns = [Says(calls=[teams.calls("researcher", input="go")]), Says(["So."])]
        return teams.member("boss", *turns, tools=[inner.as_tool()])

    told, last = await run(build)
    assert text_of(last) == "success: So."
    assert teams.SECRET not in repr([e.event for e in told if isinstance(e, DelegateTold)])
