"""What a tool may ask, seen from the tool."""

from typing import Any, cast

import pytest
from strands import Agent, ToolContext
from strands.bidi import BidiAgent
from strands.interrupt import InterruptException
from strands.types.tools import ToolUse

from tests.scripted_voice import ScriptedVoice
from tools.asking import ask

USE: ToolUse = {"toolUseId": "c", "name": "n", "input": {}}


def context(agent: Any) -> ToolContext:
    return ToolContext(tool_use=USE, agent=cast(Any, agent), invocation_state={})


def test_a_question_stops_the_tool_and_carries_what_clients_need() -> None:
    schema = {"type": "boolean"}
    with pytest.raises(InterruptException) as caught:
        ask(context(Agent(callback_handler=None)), "Sure?", reason="approval", schema=schema)
    interrupt = caught.value.interrupt
    assert (interrupt.name, interrupt.reason) == (
        "approval",
        {"message": "Sure?", "responseSchema": schema},
    )


def test_a_question_that_is_answered_gives_the_answer() -> None:
    agent = Agent(callback_handler=None)
    with pytest.raises(InterruptException) as caught:
        ask(context(agent), "Sure?")
    assert caught.value.interrupt.reason == {"message": "Sure?"}
    caught.value.interrupt.response = {"sure": True}
    assert ask(context(agent), "Sure?") == {"sure": True}


def test_a_spoken_conversation_cannot_be_asked_in_writing() -> None:
    with pytest.raises(ValueError, match="in writing"):
        ask(context(BidiAgent(model=ScriptedVoice())), "Sure?")
