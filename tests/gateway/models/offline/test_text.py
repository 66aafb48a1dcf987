import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest
from pydantic import BaseModel
from strands import Agent, tool
from strands.types.content import Messages
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec

from gateway.models.choice import ModelChoice
from gateway.models.offline.text import (
    CONTEXT_TOKENS,
    MODEL_ID,
    WORDS_PER_SECOND,
    OfflineTextModel,
    text_model,
)
from protocols.contract.errors import NotSupported
from tools.catalog import TOOLS

SPECS = [served.tool_spec for served in TOOLS]


def said(*texts: str) -> Messages:
    return [{"role": "user", "content": [{"text": text}]} for text in texts]


async def streamed(
    messages: Messages, specs: list[ToolSpec] | None = None, **options: Any
) -> list[StreamEvent]:
    model = OfflineTextModel(words_per_second=0)
    async with asyncio.timeout(5):
        return [event async for event in model.stream(messages, specs, **options)]


def calls_of(events: list[StreamEvent]) -> list[tuple[str, Any]]:
    """The tools called, with their arguments put together."""
    calls: list[tuple[str, str]] = []
    for event in events:
        start = event.get("contentBlockStart")
        if start is not None and (used := start["start"].get("toolUse")):
            calls.append((used["name"], ""))
        delta = event.get("contentBlockDelta")
        if delta is not None and "toolUse" in delta["delta"]:
            name, text = calls[-1]
            calls[-1] = (name, text + delta["delta"]["toolUse"]["input"])
    return [(name, json.loads(text)) for name, text in calls]


def ids_of(events: list[StreamEvent]) -> list[str]:
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    return [used["toolUseId"] for start in starts if (used := start["start"].get("toolUse"))]


async def test_words_are_streamed_one_by_one() -> None:
    *message, metadata = await streamed(said("My name is David."))
    assert message == [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockStart": {"start": {}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "Nice "}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "to "}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "meet "}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "you, "}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "David."}, "contentBlockIndex": 0}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
    ]
    usage = metadata["metadata"]["usage"]
    assert usage == {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}
    assert metadata["metadata"]["metrics"]["latencyMs"] >= 0


async def test_calls_follow_the_words_and_stream_their_arguments() -> None:
    events = await streamed(
        said("I'm Ann. What is 42 times 17 and what time is it in Rome?"), SPECS
    )
    assert calls_of(events) == [
        ("calculator", {"expression": "42 * 17"}),
        ("current_time", {"place": "Rome"}),
    ]
    pieces = [event for event in events if "contentBlockDelta" in event]
    assert [piece["contentBlockDelta"]["contentBlockIndex"] for piece in pieces] == (
        [0] * 5 + [1] * 3 + [2] * 2
    )
    assert events[-2] == {"messageStop": {"stopReason": "tool_use"}}


async def test_the_same_conversation_has_the_same_events() -> None:
    first = await streamed(said("what is 2+2 and what is 3+3"), SPECS)
    again = await streamed(said("what is 2+2 and what is 3+3"), SPECS)
    assert first[:-1] == again[:-1]


async def test_ids_of_calls_are_unique_within_a_conversation() -> None:
    messages = said("what is 2+2 and what is 3+3")
    seen: list[str] = []
    for _ in range(3):
        ids = ids_of(await streamed(messages, SPECS))
        seen += ids
        for key in ids:
            call: Any = {"toolUse": {"toolUseId": key, "name": "calculator", "input": {}}}
            messages.append({"role": "assistant", "content": [call]})
        messages += said("what is 2+2 and what is 3+3")
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ({"auto": {}}, []),
        ({"any": {}}, ["web_search"]),
        ({"tool": {"name": "web_search"}}, ["web_search"]),
        ({"tool": {"name": "unknown"}}, []),
    ],
)
async def test_a_tool_can_be_demanded(choice: Any, called: list[str]) -> None:
    schema: Any = {"json": {"properties": {"query": {"type": "string"}}, "required": ["query"]}}
    spec: ToolSpec = {"name": "web_search", "description": "Finds pages", "inputSchema": schema}
    events = await streamed(said("purple cats"), [spec], tool_choice=choice)
    assert [name for name, _ in calls_of(events)] == called


@pytest.mark.parametrize("schema", [{"properties": {}}, {"json": None}, {}])
async def test_tools_may_have_no_proper_schema(schema: Any) -> None:
    spec: ToolSpec = {"name": "roll_dice", "description": "Roll", "inputSchema": schema}
    assert calls_of(await streamed(said("roll a dice"), [spec])) == [("roll_dice", {})]


@pytest.mark.parametrize(
    "options",
    [
        {"system_prompt": "The user's name is David."},
        {"system_prompt_content": [{"text": "The user's name is David."}, {"cachePoint": {}}]},
    ],
)
async def test_the_system_prompt_is_read_in_both_forms(options: dict[str, Any]) -> None:
    events = await streamed(said("What is my name?"), **options)
    deltas = [
        event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event
    ]
    assert "".join(delta["text"] for delta in deltas) == "Your name is David."


async def test_words_come_at_the_pace_that_is_set() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    model = OfflineTextModel(words_per_second=20, sleep=sleep)
    async for _ in model.stream(said("count to 5")):
        pass
    assert pauses == [0.05] * 4
    pauses.clear()
    async for _ in model.stream(said("What is 2+2?"), SPECS):
        pass
    assert set(pauses) == {0.0}


async def test_an_answer_can_be_cancelled_between_two_words() -> None:
    pausing = asyncio.Event()

    async def pause_for_ever(seconds: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    model = OfflineTextModel(sleep=pause_for_ever)
    async with asyncio.timeout(5), aclosing(model.stream(said("count from 1 to 400"))) as events:
        begun = [await anext(events) for _ in range(3)]
        next_word = asyncio.ensure_future(anext(events))
        await pausing.wait()
        next_word.cancel()
        with pytest.raises(asyncio.CancelledError):
            await next_word
    assert begun[-1] == {"contentBlockDelta": {"delta": {"text": "1, "}, "contentBlockIndex": 0}}


def test_settings_can_be_read_and_changed() -> None:
    model = OfflineTextModel()
    assert model.get_config() == {
        "model_id": MODEL_ID,
        "words_per_second": WORDS_PER_SECOND,
        "context_window_limit": CONTEXT_TOKENS,
    }
    model.update_config(words_per_second=0, context_window_limit=1_000)
    assert model.get_config()["words_per_second"] == 0
    assert model.context_window_limit == 1_000


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 1},
        {"words_per_second": -1},
        {"words_per_second": "fast"},
        {"words_per_second": float("inf")},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no setting temperature|must be a number"):
        OfflineTextModel().update_config(**settings)


def test_there_is_one_model_to_choose() -> None:
    assert text_model(ModelChoice(setting="offline")).get_config()["model_id"] == MODEL_ID
    with pytest.raises(NotSupported, match="write offline alone"):
        text_model(ModelChoice(setting="offline/large"))


class Person(BaseModel):
    name: str


async def test_structured_output_is_refused_with_a_remedy() -> None:
    with pytest.raises(NotSupported, match="GATEWAY_TEXT_MODEL"):
        async for _ in OfflineTextModel().structured_output(Person, said("I am Ann")):
            pass


def agent(*more: Any) -> Agent:
    return Agent(
        model=OfflineTextModel(words_per_second=0), tools=[*TOOLS, *more], callback_handler=None
    )


async def answer(asked: Agent, text: str) -> str:
    async with asyncio.timeout(10):
        return str(await asked.invoke_async(text)).strip()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What is forty two times seventeen?", "42 times 17 is 714."),
        ("what is forty to times seventeen", "42 times 17 is 714."),
        ("What is ninety minus thirty five?", "90 minus 35 is 55."),
        ("What is one hundred divided by four?", "100 divided by 4 is 25."),
        ("one hundred divided by for", "100 divided by 4 is 25."),
        ("what is 15 percent of 80", "15 percent of 80 is 12."),
        ("200 plus 10%", "200 plus 10 percent is 220."),
        ("square root of 144", "The square root of 144 is 12."),
        ("what is 2+2 and what is 3+3", "2 plus 2 is 4. 3 plus 3 is 6."),
        ("What time is it in Paris?", "Paris"),
        ("Tell me the time in Sydney.", "Sydney"),
        ("My name is David.", "David"),
        ("Please count from one to thirty.", "30."),
        ("how many kilometres are 26.2 miles", "26.2 miles is about 42.1648 kilometers."),
        ("convert 50 fahrenheit to celsius", "50 degrees Fahrenheit is 10 degrees Celsius."),
        ("how many days between 2026-01-01 and 2026-01-11", "it is 10 days."),
        ("how many days until 2999-01-01", "January 1, 2999"),
        ("what day of the week is 2026-12-25", "December 25, 2026 is a Friday."),
        ("what is the date 30 days after 2026-01-01", "is Saturday, January 31, 2026."),
        ("what is 100 divided by zero", "could not do that: Division by zero has no result."),
        ("what time is it in Atlantis", "The current time tool could not do that:"),
        ("convert 5 kg to miles", "they cannot be converted."),
        ("what is 2 to the power of 100000", "The exponent is too large"),
    ],
)
async def test_the_tools_that_are_served_are_used_from_natural_sentences(
    text: str, words: str
) -> None:
    assert words in await answer(agent(), text)


async def test_notes_are_kept_and_told() -> None:
    asked = agent()
    assert await answer(asked, "Make a note: buy milk.") == "Noted as number 1: buy milk."
    assert await answer(asked, "make a note to call Bob") == "Noted as number 2: call Bob."
    listed = "There are 2 notes. Number 1: buy milk. Number 2: call Bob."
    assert await answer(asked, "What are my notes?") == listed
    assert await answer(asked, "delete note 1") == "Note number 1 is deleted."
    assert await answer(asked, "do I have a note about Bob?") == (
        "There is 1 note with that. Number 2: call Bob."
    )


async def test_a_name_is_remembered_across_tool_calls() -> None:
    asked = agent()
    await answer(asked, "My name is David.")
    await answer(asked, "What is 2+2?")
    assert await answer(asked, "what is my name") == "Your name is David."


async def test_a_failing_tool_is_called_once_and_its_error_said() -> None:
    calls = 0

    @tool
    def roll_dice(sides: int = 6) -> str:
        """Roll a dice."""
        nonlocal calls
        calls += 1
        raise ValueError("the dice fell off the table")

    said_back = await answer(agent(roll_dice), "roll a dice with 20 sides")
    assert said_back == "The roll dice tool could not do that: the dice fell off the table."
    assert calls == 1
