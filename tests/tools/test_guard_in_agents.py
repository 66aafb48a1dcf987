"""Guarded tools in the agents of strands, in text and in voice."""

import asyncio
from collections.abc import Iterator
from typing import Any, override

import pytest
from strands import Agent
from strands.bidi import BidiAgent

from tests.scripted import Call, Says, ScriptedModel
from tests.scripted_voice import ScriptedVoice, calls_tool
from tests.tools.failing_tools import FAILURES, LIMIT_SECONDS, SHORT_SECONDS, keeps, opened
from tools import guard
from tools.guard import GuardedTool
from tools.registry import ToolRegistry
from tools.threads import ToolThreads
from tools.wording import INTERNAL


@pytest.fixture(autouse=True)
def _open() -> Iterator[None]:
    """Let every thread that waits go when its test is over."""
    opened.clear()
    yield
    opened.set()


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "GRACE_SECONDS", SHORT_SECONDS)


class Listening(ScriptedVoice):
    """Tells when it is sent something."""

    def __init__(self) -> None:
        super().__init__()
        self.was_sent = asyncio.Event()

    @override
    async def send(self, content: Any) -> None:
        await super().send(content)
        self.was_sent.set()


def guarded(inner: Any, seconds: float = LIMIT_SECONDS) -> GuardedTool:
    return GuardedTool(inner, seconds, ToolThreads())


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize(("inner", "seconds", "text"), FAILURES)
async def test_in_text_a_failing_tool_is_an_error_the_model_sees(
    inner: Any, seconds: float, text: str
) -> None:
    model = ScriptedModel([Says(calls=[Call("call-1", inner.tool_name)]), Says(["It failed."])])
    agent = Agent(model=model, tools=[guarded(inner, seconds)], callback_handler=None)
    async with asyncio.timeout(LIMIT_SECONDS):
        answer = await agent.invoke_async("go")
    assert str(answer).strip() == "It failed."
    assert model.seen[1].messages[-1]["content"] == [
        {"toolResult": {"toolUseId": "call-1", "status": "error", "content": [{"text": text}]}}
    ]
    opened.set()


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize(("inner", "seconds", "text"), FAILURES)
async def test_in_voice_a_failing_tool_is_an_error_the_model_sees(
    inner: Any, seconds: float, text: str
) -> None:
    voice = Listening()
    agent = BidiAgent(model=voice, tools=[guarded(inner, seconds)])
    await agent.start()
    voice.says(*calls_tool("call-1", inner.tool_name))
    async with asyncio.timeout(LIMIT_SECONDS):
        async for event in agent.receive():
            if "message" in event:
                break
        await voice.was_sent.wait()
        await agent.stop()
    (block,) = voice.sent[0].content
    assert (block.tool_use_id, block.status, block.content) == ("call-1", "error", [{"text": text}])
    opened.set()


async def test_tools_get_their_context_in_text() -> None:
    model = ScriptedModel([Says(calls=[Call("c", "keeps", ['{"text": "tea"}'])]), Says(["Yes."])])
    agent = Agent(model=model, tools=[guarded(keeps)], callback_handler=None)
    async with asyncio.timeout(LIMIT_SECONDS):
        await agent.invoke_async("go")
    result = model.seen[1].messages[-1]["content"][0]["toolResult"]
    assert (result["status"], result["content"]) == ("success", [{"text": "kept tea by c"}])
    assert agent.state.get("kept") == "tea"


async def test_tools_get_their_context_in_voice() -> None:
    voice = Listening()
    agent = BidiAgent(model=voice, tools=[guarded(keeps)])
    await agent.start()
    voice.says(*calls_tool("c", "keeps", text="tea"))
    async with asyncio.timeout(LIMIT_SECONDS):
        async for event in agent.receive():
            if "message" in event:
                break
        await voice.was_sent.wait()
        await agent.stop()
    assert voice.sent[0].content[0].content == [{"text": "kept tea by c"}]
    assert agent.state.get("kept") == "tea"


async def test_an_agent_as_tool_tells_its_work_and_nothing_of_what_it_raised() -> None:
    inner = Agent(
        model=ScriptedModel([Says(["I "], error=RuntimeError("swordfish"))]), name="asked"
    )
    (ask,) = ToolRegistry([inner.as_tool(description="Asks.")])
    outer = Agent(model=ScriptedModel(), callback_handler=None)
    use: Any = {"toolUseId": "c", "name": "asked", "input": {"input": "?"}}
    async with asyncio.timeout(10):
        *told, last = [event async for event in ask.stream(use, {"agent": outer})]
    data: list[Any] = [event["tool_stream_event"]["data"] for event in told]
    assert {(each.name, each.description) for each in data} == {("asked", "Asks.")}
    assert last.tool_result["content"] == [{"text": INTERNAL}]
