"""The stage of a model's call, and what is heard there."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

from strands import Agent
from strands.middleware import InvokeModelContext, InvokeModelStage, TypedEvent

from gateway.agents.listening import listening
from tests.scripted import Call, Says, ScriptedModel

CONTEXT = cast(InvokeModelContext, None)  # handed on, not looked at


async def heard_and_passed(said: Sequence[TypedEvent]) -> tuple[list[Any], list[Any]]:
    heard: list[Any] = []

    async def tell(event: TypedEvent) -> None:
        heard.append(event)

    async def model(_: InvokeModelContext) -> AsyncGenerator[TypedEvent]:
        for event in said:
            yield event

    passed = [event async for event in listening(tell)(CONTEXT, model)]
    return heard, passed


async def test_chunks_are_told_and_only_pieces_of_the_answer_stay_here() -> None:
    start = TypedEvent({"event": {"messageStart": {"role": "assistant"}}})
    piece = TypedEvent({"event": {"contentBlockDelta": {"delta": {"text": "Hi"}}}})
    repeated = TypedEvent({"data": "Hi", "delta": {"text": "Hi"}})
    redacted = TypedEvent({"event": {"redactContent": {"redactUserContentMessage": "no"}}})
    stop = TypedEvent({"stop": ("end_turn", {}, {}, {})})
    heard, passed = await heard_and_passed([start, piece, repeated, redacted, stop])
    assert heard == [start, piece, redacted]
    assert passed == [start, redacted, stop]


async def test_an_agent_does_all_it_does_when_it_is_listened_to() -> None:
    turns = [Says(["I ", "ask"], [Call("c1", "double", ['{"number"', ": 21}"])]), Says(["42"])]
    heard: list[Any] = []

    async def tell(event: TypedEvent) -> None:
        heard.append(event["event"])

    agent = Agent(model=ScriptedModel(turns), callback_handler=None)
    agent.add_middleware(InvokeModelStage, listening(tell))
    passed = [event async for event in agent.stream_async("Hi")]
    deltas = [
        chunk["contentBlockDelta"]["delta"] for chunk in heard if "contentBlockDelta" in chunk
    ]
    assert deltas == [
        {"text": "I "},
        {"text": "ask"},
        {"toolUse": {"input": '{"number"'}},
        {"toolUse": {"input": ": 21}"}},
        {"text": "42"},
    ]
    assert [message["content"] for message in agent.messages if message["role"] == "assistant"] == [
        [
            {"text": "I ask"},
            {"toolUse": {"toolUseId": "c1", "name": "double", "input": {"number": 21}}},
        ],
        [{"text": "42"}],
    ]
    assert not any("delta" in event for event in passed)
