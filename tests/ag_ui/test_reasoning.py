"""Reasoning: shown to the client, and given back to the provider with its signature."""

import pytest

from tests.ag_ui.scene import Scene, asking, client_tool, going_on, said_to
from tests.emulators.converse.checks import reasoning_signature
from tests.emulators.converse.scripts import Reasoning, Reply, Text, ToolUse, says

pytestmark = pytest.mark.slow

THOUGHT = Reasoning("Let me think about it.")
ASK = ToolUse("paint", {"colour": "blue"}, id="call-blue")


@pytest.mark.feature("reasoning-chat")
@pytest.mark.check("C48")
def test_reasoning_is_balanced_and_comes_before_the_words(scene: Scene) -> None:
    run = scene.run(asking("Is it so?"), Reply((THOUGHT, Text("It is."))))
    assert run.kinds == [
        "RUN_STARTED",
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_ENCRYPTED_VALUE",
        "REASONING_MESSAGE_END",
        "REASONING_END",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]
    assert run.one("REASONING_MESSAGE_START")["role"] == "reasoning"
    _, thought, answer = run.messages
    assert (thought["role"], thought["content"]) == ("reasoning", THOUGHT.text)
    assert answer["content"] == "It is."


@pytest.mark.check("C48")
def test_each_model_turn_has_a_reasoning_message_of_its_own(scene: Scene) -> None:
    weigh = ToolUse("weigh", {"thing": "pear"})
    second = Reasoning("Now I know.")
    run = scene.run(asking("Weigh it."), Reply((THOUGHT, weigh)), Reply((second, Text("4 kg."))))
    roles = [message["role"] for message in run.messages]
    assert roles == ["user", "reasoning", "assistant", "tool", "reasoning", "assistant"]
    assert len({message["id"] for message in run.messages}) == len(roles)


@pytest.mark.check("C49")
def test_a_signature_comes_back_unchanged_after_a_tool_of_the_client(scene: Scene) -> None:
    asked = asking("Paint it.", tools=[client_tool("paint", "colour")])
    run = scene.run(asked, Reply((THOUGHT, ASK)))
    signature = reasoning_signature(THOUGHT.text)
    assert run.one("REASONING_ENCRYPTED_VALUE")["encryptedValue"] == signature
    answer = {"id": "a", "role": "tool", "toolCallId": "call-blue", "content": "Painted."}
    after = scene.run(going_on(asked, run, answer), says("Blue."))
    assert after.text == "Blue."
    thoughts = [b["reasoningContent"] for b in said_to(scene.shown()[1]) if "reasoningContent" in b]
    assert thoughts == [{"reasoningText": {"text": THOUGHT.text, "signature": signature}}]
