"""The messages of a run are the whole conversation: for the model, and for the client."""

from typing import Any

import pytest

from tests.ag_ui.scene import Scene, asking, going_on, words_to
from tests.emulators.converse.checks import reasoning_signature
from tests.emulators.converse.scripts import ToolUse, calls, says

pytestmark = pytest.mark.slow


def said(identifier: str, role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"id": identifier, "role": role, "content": content, **more}


@pytest.mark.check("C38")
def test_system_and_developer_messages_reach_the_model(scene: Scene) -> None:
    asked = asking(
        said("s", "system", "Speak like a pirate."),
        said("d", "developer", "Never mention parrots."),
        "Ahoy.",
    )
    run = scene.run(asked, says("Arr."))
    (body,) = scene.shown()
    instructions = body["system"][0]["text"]
    assert "Speak like a pirate." in instructions
    assert "Never mention parrots." in instructions
    assert list(run.messages[:3]) == asked["messages"]


@pytest.mark.check("C39")
def test_context_reaches_the_model(scene: Scene) -> None:
    context = [
        {"description": "The page", "value": "/orders/42"},
        {"description": "", "value": "no description"},
    ]
    scene.run(asking("Where am I?", context=context), says("At an order."))
    words = words_to(scene.shown()[0])
    assert "The page: /orders/42" in words
    assert "no description" in words


@pytest.mark.check("C40")
def test_the_client_keeps_every_message_unchanged(scene: Scene) -> None:
    source = {"type": "data", "value": "iVBORw0KGgo=", "mimeType": "image/png"}
    parts = [{"type": "text", "text": "And?", "id": "p"}, {"type": "image", "source": source}]
    function = {"name": "weigh", "arguments": '{"thing": "pear"}'}
    history = [
        said("1", "system", "Be brief.", name="house"),
        said("2", "user", "Weigh this.", name="ann", metadata={"place": {"row": 1}}),
        said(
            "3", "reasoning", "A pear.",
            encryptedValue=reasoning_signature("A pear."), metadata={"k": 1},
        ),
        said(
            "4", "assistant", "Let me see.", name="scales", encryptedValue="sealed-too",
            toolCalls=[{"id": "c", "type": "function", "function": function, "metadata": {"n": 1}}],
        ),
        said("5", "tool", "It weighs 4 kg.", toolCallId="c", encryptedValue="sealed-result"),
        said("6", "assistant", "4 kg.", metadata={"citations": []}),
        said("7", "user", parts),
    ]  # fmt: skip
    run = scene.run(asking(*history, "Well?"), says("5 kg."))
    assert list(run.messages[:7]) == history
    assert run.messages[-1]["content"] == "5 kg."


@pytest.mark.check("C41")
def test_what_the_client_removed_is_forgotten(scene: Scene) -> None:
    first = asking("My name is Ada.")
    answered = scene.run(first, says("Hello Ada."))
    second = going_on(first, answered, "My dog is Rex.")
    scene.run(second, says("Hello Rex."))
    shorter = asking("Who am I?", threadId=first["threadId"])
    last = scene.run(shorter, says("I do not know."))
    words = words_to(scene.shown()[2])
    assert "Ada" not in words
    assert "Rex" not in words
    assert [message["content"] for message in last.messages] == ["Who am I?", "I do not know."]


@pytest.mark.check("C42")
def test_over_many_turns_ids_are_unique_and_messages_stay(scene: Scene) -> None:
    asked = asking("One.")
    run = scene.run(asked, calls(ToolUse("weigh", {"thing": "one"})), says("First."))
    for turn in ("Two.", "Three.", "Four."):
        before = list(run.messages)
        asked = going_on(asked, run, turn)
        uses = (ToolUse("weigh", {"thing": turn}), ToolUse("refuse", {"thing": turn}))
        run = scene.run(asked, calls(*uses, before="Hm."), calls(uses[0]), says(f"{turn} done."))
        assert list(run.messages[: len(before)]) == before
    ids = [message["id"] for message in run.messages]
    uses_made = [call["id"] for each in run.messages for call in each.get("toolCalls", ())]
    assert len(set(ids)) == len(ids) == 4 + 3 * 7
    assert len(set(uses_made)) == len(uses_made) == 1 + 3 * 3


@pytest.mark.check("C42")
def test_200_messages_reach_the_model_in_order(scene: Scene) -> None:
    roles = ("user", "assistant")
    history = [said(f"m{n}", roles[n % 2], f"message {n}") for n in range(200)]
    run = scene.run(asking(*history, "And now?"), says("Fine."))
    words = words_to(scene.shown()[0])
    places = [words.index(f"message {n}\n") for n in range(200)]
    assert places == sorted(places)
    assert list(run.messages[:200]) == history


@pytest.mark.check("C10")
@pytest.mark.parametrize(
    "messages",
    [
        [],
        [said("s", "system", "Greet the user.")],
        [said("u", "user", "Hello."), said("a", "assistant", "Hello.")],
        [said("u", "user", "")],
        [said("u", "user", [])],
    ],
    ids=["nothing", "instructions", "an answer last", "no words", "no parts"],
)
def test_a_run_that_asks_nothing_is_answered_in_order(
    scene: Scene, messages: list[dict[str, Any]]
) -> None:
    run = scene.run(asking(*messages), says("What can I do?"))
    assert (run.text, run.outcome) == ("What can I do?", {"type": "success"})
    assert list(run.messages[:-1]) == messages
