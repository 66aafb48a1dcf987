"""An agent forgets what its model cannot read."""

from typing import Any

import pytest
from strands import Agent
from strands.types.exceptions import ContextWindowOverflowException

from gateway.agents.forgetting import Forgetting
from tests.scripted import ScriptedModel


def agent(count: int, *more: Any) -> Agent:
    roles = ("user", "assistant")
    messages: Any = [
        {"role": roles[index % 2], "content": [{"text": str(index)}]} for index in range(count)
    ]
    return Agent(ScriptedModel(), messages=[*messages, *more], callback_handler=None)


def left(asked: Agent) -> list[str]:
    return [message["content"][0].get("text", "") for message in asked.messages]


def test_a_third_is_forgotten_each_time_down_to_one_question() -> None:
    asked, forgetting = agent(13), Forgetting()
    counts = []
    for _ in range(3):
        forgetting.reduce_context(asked, ContextWindowOverflowException("long"))
        counts.append(len(asked.messages))
    assert counts == [7, 3, 1]
    assert left(asked) == ["12"]


def test_when_nothing_is_left_the_model_cannot_be_helped() -> None:
    with pytest.raises(ContextWindowOverflowException):
        Forgetting().reduce_context(agent(1), ContextWindowOverflowException("long"))


def test_long_results_of_tools_are_shortened_first() -> None:
    use: Any = {"toolUse": {"toolUseId": "1", "name": "read", "input": {}}}
    result: Any = {"toolUseId": "1", "status": "success", "content": [{"text": "x" * 10_000}]}
    asked = agent(
        3,
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [{"toolResult": result}]},
    )
    Forgetting().reduce_context(asked, ContextWindowOverflowException("long"))
    content: Any = asked.messages[-1]["content"][0]
    assert len(asked.messages) == 5
    assert len(content["toolResult"]["content"][0]["text"]) < 1000


def test_the_number_of_messages_alone_makes_nothing_forgotten() -> None:
    asked = agent(301)
    Forgetting().apply_management(asked)
    assert len(asked.messages) == 301
