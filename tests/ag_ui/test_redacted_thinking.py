"""Thinking that only the provider can read, and several thoughts in one message."""

from base64 import b64encode
from typing import Any

import pytest

from tests.ag_ui.scene import Scene, asking, client_tool, going_on, said_to
from tests.emulators.converse.checks import reasoning_signature
from tests.emulators.converse.scripts import (
    Reasoning,
    RedactedReasoning,
    Reply,
    Text,
    ToolUse,
    says,
)

pytestmark = pytest.mark.slow

FIRST = Reasoning("Let me think about it.")
SECOND = Reasoning("Now I know.")
SEALED = RedactedReasoning(bytes(range(256)))


@pytest.mark.check("C49")
def test_thoughts_come_back_byte_for_byte_and_in_their_order(scene: Scene) -> None:
    asked = asking("Paint it.", tools=[client_tool("paint", "colour")])
    paint = ToolUse("paint", {"colour": "blue"}, id="call-blue")
    run = scene.run(asked, Reply((FIRST, SEALED, SECOND, paint)))
    assert [m["role"] for m in run.messages] == ["user", *["reasoning"] * 3, "assistant"]
    answer = {"id": "a", "role": "tool", "toolCallId": "call-blue", "content": "Painted."}
    scene.run(going_on(asked, run, answer), says("Blue."))
    assert thoughts_in(scene.shown()[1]) == [signed(FIRST), sealed(SEALED), signed(SECOND)]


@pytest.mark.check("C49")
def test_thoughts_before_tools_of_ours_come_back_unchanged_too(scene: Scene) -> None:
    weigh = ToolUse("weigh", {"thing": "pear"})
    asked = asking("Weigh it.")
    run = scene.run(asked, Reply((FIRST, SEALED, weigh)), Reply((SECOND, Text("4 kg."))))
    scene.run(going_on(asked, run, "Sure?"), says("Yes."))
    within, after = scene.shown()[1:]
    assert thoughts_in(within) == [signed(FIRST), sealed(SEALED)]
    assert thoughts_in(after) == [signed(FIRST), sealed(SEALED), signed(SECOND)]


@pytest.mark.check("C49")
def test_thoughts_of_another_wire_can_be_gone_on_with(scene: Scene) -> None:
    asked = asking("Sure?")
    scene.plays(Reply((FIRST, SEALED, Text("So."))))
    scene.post({"prompt": "Is it so?", "session_id": asked["threadId"]})
    run = scene.run(asked, says("Yes."))
    scene.run(going_on(asked, run, "Why?"), says("Because."))
    assert thoughts_in(scene.shown()[-1]) == [signed(FIRST), sealed(SEALED)]


def signed(thought: Reasoning) -> Any:
    signature = reasoning_signature(thought.text)
    return {"reasoningText": {"text": thought.text, "signature": signature}}


def sealed(thought: RedactedReasoning) -> Any:
    return {"redactedContent": b64encode(thought.data).decode()}


def thoughts_in(body: dict[str, Any]) -> list[Any]:
    return [b["reasoningContent"] for b in said_to(body) if "reasoningContent" in b]
