"""Models that say what a test wrote down, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, override

from strands.models import Model


@dataclass
class Call:
    """The model calls a tool; the arguments are given in these pieces."""

    id: str
    name: str
    arguments: Sequence[str] = ("{}",)


@dataclass
class Says:
    """One turn of a model: words, calls, or an error after the words."""

    words: Sequence[str] = ()
    calls: Sequence[Call] = ()
    error: Exception | None = None
    thinks: Sequence[str] = ()
    signature: str | None = None
    waits_for: asyncio.Event | None = None
    stop_reason: str | None = None


@dataclass
class Seen:
    """What a model was shown."""

    messages: list[Any]
    system_prompt: str | None
    tools: list[str]


@dataclass
class ScriptedModel(Model):
    """A text model that plays its turns in order and remembers what it was shown."""

    turns: list[Says] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @override
    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    @override
    def get_config(self) -> Any:
        return {"model_id": "scripted"}

    @override
    def structured_output(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError

    @override
    async def stream(
        self,
        messages: Any,
        tool_specs: Any = None,
        system_prompt: str | None = None,
        **options: Any,
    ) -> AsyncIterator[Any]:
        names = [spec["name"] for spec in tool_specs or ()]
        self.seen.append(Seen(list(messages), system_prompt, names))
        turn = self.turns.pop(0)
        for chunk in [{"messageStart": {"role": "assistant"}}, *_thoughts(turn), *_words(turn)]:
            yield chunk
            await asyncio.sleep(0)
        if turn.waits_for is not None:
            await turn.waits_for.wait()
        if turn.error is not None:
            raise turn.error
        for chunk in _calls(turn):
            yield chunk
        reason = turn.stop_reason or ("tool_use" if turn.calls else "end_turn")
        yield {"messageStop": {"stopReason": reason}}
        usage = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}


def _thoughts(turn: Says) -> list[dict[str, Any]]:
    if not turn.thinks and turn.signature is None:
        return []
    thoughts = [{"text": thought} for thought in turn.thinks]
    if turn.signature is not None:
        thoughts.append({"signature": turn.signature})
    deltas = [{"contentBlockDelta": {"delta": {"reasoningContent": each}}} for each in thoughts]
    return [{"contentBlockStart": {"start": {}}}, *deltas, {"contentBlockStop": {}}]


def _words(turn: Says) -> list[dict[str, Any]]:
    if not turn.words:
        return []
    deltas = [{"contentBlockDelta": {"delta": {"text": word}}} for word in turn.words]
    # An error comes in the middle of the words.
    end: list[dict[str, Any]] = [] if turn.error is not None else [{"contentBlockStop": {}}]
    return [{"contentBlockStart": {"start": {}}}, *deltas, *end]


def _calls(turn: Says) -> list[dict[str, Any]]:
    chunks: list[dict[str, Any]] = []
    for call in turn.calls:
        use = {"toolUseId": call.id, "name": call.name}
        chunks.append({"contentBlockStart": {"start": {"toolUse": use}}})
        chunks += [
            {"contentBlockDelta": {"delta": {"toolUse": {"input": piece}}}}
            for piece in call.arguments
        ]
        chunks.append({"contentBlockStop": {}})
    return chunks
