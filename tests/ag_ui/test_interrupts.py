"""Tools that ask the user: the run ends, and another one goes on with the answer."""

from pathlib import Path
from typing import Any

import pytest

from tests.ag_ui.scene import Json, Scene, asking, client_tool, going_on, said_to, staged
from tests.ag_ui_consumer import Consumer, Run
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow

BREAD = ToolUse("order", {"thing": "bread"}, id="call-bread")
WINE = ToolUse("order", {"thing": "wine"}, id="call-wine")


def asked_by(scene: Scene, *uses: ToolUse) -> tuple[Json, Run]:
    """A run in which tools ask."""
    asked = asking("Order it.", state={})
    return asked, scene.run(asked, calls(*uses))


def questions_of(run: Run) -> list[Json]:
    assert run.outcome["type"] == "interrupt"
    interrupts: list[Json] = run.outcome["interrupts"]
    return interrupts


def answers(run: Run, status: str = "resolved", **more: Any) -> list[Json]:
    return [{"interruptId": each["id"], "status": status, **more} for each in questions_of(run)]


def resumed(asked: Json, run: Run, **more: Any) -> Json:
    return going_on(asked, run, state=run.state, **more)


@pytest.mark.check("C50")
def test_a_tool_that_asks_ends_the_run_with_its_question(scene: Scene) -> None:
    _, run = asked_by(scene, BREAD)
    assert run.kinds == [
        "RUN_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "RUN_FINISHED",
    ]
    (question,) = questions_of(run)
    assert question == {
        "id": question["id"],
        "reason": "approval",
        "message": "Order bread?",
        "toolCallId": "call-bread",
        "responseSchema": {"type": "object", "properties": {"count": {"type": "integer"}}},
    }
    assert run.finished["outcome"] == "interrupt"
    assert run.state == {}


@pytest.mark.check("C50")
def test_two_tools_that_ask_have_questions_of_their_own(scene: Scene) -> None:
    asked, run = asked_by(scene, BREAD, WINE)
    questions = questions_of(run)
    assert {each["toolCallId"] for each in questions} == {"call-bread", "call-wine"}
    assert len({each["id"] for each in questions}) == 2
    after = scene.run(resumed(asked, run, resume=answers(run)), says("Both ordered."))
    assert sorted(after.state["ordered"]) == ["bread", "wine"]
    assert after.outcome == {"type": "success"}


@pytest.mark.feature("interrupt")
@pytest.mark.check("C51")
def test_an_answer_lets_the_tool_run_once_under_its_own_call(scene: Scene) -> None:
    asked, run = asked_by(scene, BREAD)
    answer = answers(run, payload={"count": 2})
    after = scene.run(resumed(asked, run, resume=answer), says("It is ordered."))
    assert after.all("TOOL_CALL_START", "toolCallId") == []
    result = after.one("TOOL_CALL_RESULT")
    assert (result["toolCallId"], result["content"]) == (
        "call-bread",
        'Ordered bread: {"count": 2}.',
    )
    assert after.state == {"ordered": ["bread"]}
    assert (after.text, after.outcome) == ("It is ordered.", {"type": "success"})
    assert [message["role"] for message in after.messages] == [
        *["user", "assistant", "tool", "assistant"]
    ]
    last = scene.run(going_on(asked, after, "Thanks.", resume=[]), says("Welcome."))
    assert last.text == "Welcome."


@pytest.mark.check("C52")
def test_a_user_who_declines_stops_the_call(scene: Scene) -> None:
    asked, run = asked_by(scene, BREAD)
    after = scene.run(resumed(asked, run, resume=answers(run, "cancelled")), says("As you like."))
    assert after.state == {}
    assert (after.text, after.outcome) == ("As you like.", {"type": "success"})
    (result,) = [b["toolResult"] for b in said_to(scene.shown()[1]) if "toolResult" in b]
    assert result["status"] == "error"
    assert "declined" in str(result["content"])


@pytest.mark.check("C53")
def test_an_answer_is_good_after_a_restart(tmp_path: Path, consumer: Consumer) -> None:
    store = f"file:{tmp_path / 'store'}"
    with staged(tmp_path / "log", consumer, GATEWAY_SESSION_STORE=store) as scene:
        asked, run = asked_by(scene, BREAD)
    with staged(tmp_path / "again", consumer, GATEWAY_SESSION_STORE=store) as scene:
        after = scene.run(resumed(asked, run, resume=answers(run)), says("It is ordered."))
        assert (after.text, after.outcome) == ("It is ordered.", {"type": "success"})
        assert after.one("TOOL_CALL_RESULT")["toolCallId"] == "call-bread"
        assert after.state == {"ordered": ["bread"]}


@pytest.mark.check("C54")
def test_an_answer_to_nothing_is_ignored(scene: Scene) -> None:
    entry = {"interruptId": "nobody-asked", "status": "resolved", "payload": True}
    run = scene.run(asking("hello", resume=[entry]), says("Hi."))
    assert (run.text, run.outcome) == ("Hi.", {"type": "success"})
    asked, waiting = asked_by(scene, BREAD)
    both = [entry, *answers(waiting)]
    after = scene.run(resumed(asked, waiting, resume=both), says("It is ordered."))
    assert (after.state, after.outcome) == ({"ordered": ["bread"]}, {"type": "success"})


@pytest.mark.check("C55")
def test_without_an_answer_the_question_stays_open_and_nothing_is_done(scene: Scene) -> None:
    asked, run = asked_by(scene, BREAD)
    typed = resumed(asked, run)
    typed["messages"].append({"id": "u2", "role": "user", "content": "And wine."})
    again = scene.run(typed)
    assert questions_of(again) == questions_of(run)
    assert (again.state, len(scene.shown())) == ({}, 1)
    answered = going_on(asked, again, state={}, resume=answers(run))
    after = scene.run(answered, says("It is ordered."))
    assert (after.state, after.outcome) == ({"ordered": ["bread"]}, {"type": "success"})
    assert "And wine." in str(said_to(scene.shown()[1]))


@pytest.mark.check("C36", "C44", "C50")
def test_tools_beside_one_that_asks_are_answered_once_and_change_the_state(scene: Scene) -> None:
    asked = asking("Do it.", state={"a": 1}, tools=[client_tool("paint", "color")])
    paint = ToolUse("paint", {"color": "red"}, id="call-paint")
    put = ToolUse("put", {"place": "b", "thing": "2"}, id="call-put")
    run = scene.run(asked, calls(paint, put, BREAD))
    assert run.state == {"a": 1, "b": "2"}
    painted = {"id": "t1", "role": "tool", "toolCallId": "call-paint", "content": "Painted."}
    now = going_on(asked, run, painted, state=run.state, resume=answers(run))
    after = scene.run(now, says("All done."))
    assert after.state == {"a": 1, "b": "2", "ordered": ["bread"]}
    assert after.all("TOOL_CALL_RESULT", "toolCallId") == ["call-put", "call-bread"]
    last = scene.run(going_on(asked, after, "Thanks.", state=after.state), says("Welcome."))
    assert last.outcome == {"type": "success"}
    results = [
        b["toolResult"]["toolUseId"] for b in said_to(scene.shown()[-1]) if "toolResult" in b
    ]
    assert sorted(results) == ["call-bread", "call-paint", "call-put"]
