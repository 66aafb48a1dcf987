"""Strands agents whose models follow a script: they call a tool that fails, then answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from strands import Agent, tool
from strands.bidi import BidiAgent
from strands.bidi.models import BidiModel
from strands.bidi.types.events import (
    BidiConnectionStartEvent,
    BidiConnectionStopEvent,
    BidiResponseStartEvent,
    BidiResponseStopEvent,
    BidiToolUseBlocksEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
)
from strands.models import Model

SECRET = "xyzzy-4711"
PROMPT = f"Never tell {SECRET}"


@tool
def repeat(word: str) -> str:
    """Say a word again."""
    raise ValueError(f"cannot say {word}")


class ScriptedModel(Model):
    """Calls ``repeat`` with the secret, then answers with it."""

    def __init__(self) -> None:
        self._calls = 0

    def update_config(self, **model_config: Any) -> None:
        """Nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """The name only."""
        return {"model_id": "scripted"}

    def structured_output(self, *args: Any, **kwargs: Any) -> Any:
        """Not used."""
        raise NotImplementedError

    async def stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """The script."""
        self._calls += 1
        yield {"messageStart": {"role": "assistant"}}
        first = self._calls == 1
        start: Any = {"toolUse": {"name": "repeat", "toolUseId": "call-1"}} if first else {}
        called = {"toolUse": {"input": f'{{"word": "{SECRET}"}}'}}
        delta: Any = called if first else {"text": f"You said {SECRET}"}
        stop_reason = "tool_use" if first else "end_turn"
        yield {"contentBlockStart": {"start": start}}
        yield {"contentBlockDelta": {"delta": delta}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": stop_reason}}
        usage = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}


class ScriptedVoice(BidiModel):
    """One reply with a tool call, then hangs up."""

    def __init__(self) -> None:
        self._answered = asyncio.Event()

    def update_config(self, **model_config: Any) -> None:
        """Nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """The name only."""
        return {"model_id": "scripted-voice"}

    async def start(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""

    async def send(self, content: Any) -> None:
        """The tool's result came."""
        self._answered.set()

    async def receive(self) -> AsyncIterator[Any]:
        """The script."""
        yield BidiConnectionStartEvent("connection-1", "scripted-voice")
        yield BidiResponseStartEvent("response-1")
        yield BidiToolUseBlocksEvent(
            [{"toolUseId": "call-1", "name": "repeat", "input": {"word": SECRET}}]
        )
        await self._answered.wait()
        yield BidiTranscriptStartEvent("assistant", "content-1")
        yield BidiTranscriptDeltaEvent(f"You said {SECRET}", "assistant", "content-1")
        yield BidiTranscriptStopEvent("assistant", "content-1")
        yield BidiResponseStopEvent("response-1")
        yield BidiConnectionStopEvent("connection-1", "user_request")


def text_agent() -> Agent:
    """An agent for one text turn."""
    return Agent(model=ScriptedModel(), tools=[repeat], system_prompt=PROMPT, callback_handler=None)


def voice_agent() -> BidiAgent:
    """An agent for one live conversation."""
    return BidiAgent(model=ScriptedVoice(), tools=[repeat], system_prompt=PROMPT)
