"""The model, the tools and the answers that everybody who is measured gets alike.

The question is the name of an answer, so that one model serves all of them, whoever asks and
however many at once. It costs next to nothing itself: what is measured is what is around it.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, override

from strands import tool
from strands.models import Model

_DELTA = "word "


@dataclass(frozen=True)
class Answer:
    """What the model does when it is asked.

    Args:
        deltas: pieces of text; after the tool's result if there is a call.
        argument_pieces: pieces of ten bytes that the arguments of one tool call come in.
        pause_seconds: how long each piece of text is waited for; 0 lets others run in between, and
            None gives all of them at once.
    """

    deltas: int
    argument_pieces: int = 0
    pause_seconds: float | None = None


ANSWERS = {
    "at once": Answer(deltas=1000),
    "one by one": Answer(deltas=1000, pause_seconds=0),
    "after a tool": Answer(deltas=1000, argument_pieces=1),
    "long arguments": Answer(deltas=1, argument_pieces=4000),
    "at the pace of a model": Answer(deltas=40, pause_seconds=0.05),
    "short": Answer(deltas=10),
}


@tool
def note(text: str) -> str:
    """Note a text.

    Args:
        text: what is noted.
    """
    return f"noted {len(text)}"


TOOLS = [note]


class FastModel(Model):
    """Answers by the table, without a network."""

    @override
    def update_config(self, **model_config: Any) -> None:
        """There is nothing to set."""

    @override
    def get_config(self) -> Any:
        """Name the model."""
        return {"model_id": "fast"}

    @override
    def structured_output(self, *arguments: Any, **options: Any) -> Any:
        """Nobody here asks for it."""
        raise NotImplementedError

    @override
    async def stream(self, messages: Any, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        """Call the tool if the answer has a call and the result is not there yet, else answer."""
        last = messages[-1]["content"]
        answered = any("toolResult" in block for block in last)
        answer = ANSWERS[_question(messages)]
        calls = answer.argument_pieces > 0 and not answered
        yield {"messageStart": {"role": "assistant"}}
        if calls:
            yield {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "c1", "name": "note"}}}}
            for delta in _arguments(answer.argument_pieces):
                yield {"contentBlockDelta": {"delta": {"toolUse": {"input": delta}}}}
        else:
            yield {"contentBlockStart": {"start": {}}}
            for _ in range(answer.deltas):
                if answer.pause_seconds is not None:
                    await asyncio.sleep(answer.pause_seconds)
                yield {"contentBlockDelta": {"delta": {"text": _DELTA}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if calls else "end_turn"}}
        usage = {"inputTokens": 100, "outputTokens": 1000, "totalTokens": 1100}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}


def text_model(_: object = None) -> FastModel:
    """Make the model; the gateway's providers are called with what was chosen."""
    return FastModel()


def _question(messages: Any) -> str:
    """Find the last thing the user typed."""
    for message in reversed(messages):
        for block in message["content"]:
            if message["role"] == "user" and "text" in block:
                return str(block["text"])
    raise ValueError("nothing was asked")


def _arguments(pieces: int) -> list[str]:
    """Write the arguments of the call as JSON text in pieces; all but the ends have ten bytes."""
    return ['{"text": "', *["0123456789"] * pieces, '"}']
