"""Models whose answers a test writes down chunk by chunk, waits and failures included."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, override

from strands.models import Model

STARTED: Any = {"messageStart": {"role": "assistant"}}
STOPPED: Any = {"contentBlockStop": {}}
ENDED: Any = {"messageStop": {"stopReason": "end_turn"}}
COUNTED: Any = {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}}
NEVER = "never"


def word(text: str) -> Any:
    return {"contentBlockDelta": {"delta": {"text": text}}}


def says(*words: str) -> list[Any]:
    """A whole answer."""
    return [STARTED, *map(word, words), STOPPED, ENDED, COUNTED]


def told(chunks: Sequence[Any]) -> str:
    """The words of an answer."""
    deltas = [
        chunk["contentBlockDelta"]["delta"] for chunk in chunks if "contentBlockDelta" in chunk
    ]
    return "".join(delta["text"] for delta in deltas)


@dataclass
class PlayedModel(Model):
    """Plays one answer a call: chunks are told, exceptions raised, ``NEVER`` waits for ever."""

    answers: list[Sequence[Any]] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    closed: int = 0
    name: str = "played"

    @override
    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    @override
    def get_config(self) -> Any:
        return {"model_id": self.name}

    @override
    def structured_output(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError

    @override
    async def stream(self, messages: Any, *arguments: Any, **options: Any) -> AsyncGenerator[Any]:
        self.asked.append(messages)
        try:
            for step in self.answers.pop(0):
                if step == NEVER:
                    await asyncio.Event().wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
                    await asyncio.sleep(0)
        finally:
            self.closed += 1
