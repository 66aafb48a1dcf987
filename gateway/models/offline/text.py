"""The embedded text model: fixed rules behind the model interface of strands.

It says plainly that it is no language model (``small_talk.WHO_I_AM``). The same messages and tools
always give the same words and calls; only the measured latency differs.
"""

import asyncio
import hashlib
import json
import math
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar, cast, override

from pydantic import BaseModel
from strands.models import Model
from strands.models.model import BaseModelConfig
from strands.types.content import ContentBlockStartToolUse, Messages, SystemContentBlock
from strands.types.streaming import ContentBlockDeltaToolUse, StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

from gateway.models.choice import ModelChoice
from gateway.models.offline.conversation import Conversation, read_conversation
from gateway.models.offline.deciding import Decision, decide
from gateway.models.offline.toolbox import Tool, tool_of
from protocols.contract.errors import NotSupported

MODEL_ID = "offline-demo"
WORDS_PER_SECOND = 40.0
CONTEXT_TOKENS = 128_000

_PIECE_CHARACTERS = 12
_CHARACTERS_PER_TOKEN = 4
_ID_DIGITS = 20

T = TypeVar("T", bound=BaseModel)


class OfflineConfig(BaseModelConfig):
    """What can be set: ``words_per_second`` is the pace of the answer, 0 for no pauses."""

    model_id: str
    words_per_second: float


def text_model(choice: ModelChoice) -> Model:
    """Make the model; it has no other to choose from."""
    if choice.model_id not in {None, MODEL_ID}:
        raise NotSupported(
            f"The embedded text model has only one form: write {choice.provider} alone."
        )
    return OfflineTextModel(words_per_second=0) if choice.spoken else OfflineTextModel()


class OfflineTextModel(Model):
    """The demonstration model.

    Args:
        words_per_second: The pace of its answers; 0 for no pauses.
        sleep: How it pauses; the event loop's way unless a test says otherwise.
    """

    def __init__(
        self,
        words_per_second: float = WORDS_PER_SECOND,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = OfflineConfig(
            model_id=MODEL_ID,
            words_per_second=0.0,
            context_window_limit=CONTEXT_TOKENS,
        )
        self._sleep = sleep
        self.update_config(words_per_second=words_per_second)

    @override
    def get_config(self) -> OfflineConfig:
        return self._config

    @override
    def update_config(self, **model_config: Any) -> None:
        """Change the pace or the context window.

        Raises:
            ValueError: an unknown setting, or a pace below zero.
        """
        known = OfflineConfig.__required_keys__ | OfflineConfig.__optional_keys__
        if unknown := model_config.keys() - known:
            raise ValueError(f"The offline model has no setting {', '.join(sorted(unknown))}.")
        pace = model_config.get("words_per_second", 0.0)
        if not (isinstance(pace, int | float) and 0 <= pace < math.inf):
            raise ValueError("words_per_second must be a number of 0 or more.")
        self._config = cast(OfflineConfig, {**self._config, **model_config})  # keys are checked

    @override
    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        tool_choice: ToolChoice | None = None,
        system_prompt_content: list[SystemContentBlock] | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Answer the last message, word by word; a tool's arguments come as pieces of JSON."""
        started = time.perf_counter()
        if system_prompt is None and system_prompt_content:
            system_prompt = "\n".join(block.get("text", "") for block in system_prompt_content)
        conversation = read_conversation(messages, system_prompt)
        tools, must_call = _callable_tools(tool_specs or [], tool_choice)
        decision = decide(conversation, tools, must_call=must_call)
        begun = False
        for event in _events(decision, conversation):
            delta = event["contentBlockDelta"]["delta"] if "contentBlockDelta" in event else {}
            if begun and delta:
                await self._sleep(self._pause_seconds if "text" in delta else 0.0)
            begun = begun or bool(delta)
            yield event
        yield {"messageStop": {"stopReason": "tool_use" if decision.calls else "end_turn"}}
        tokens = await self.count_tokens(messages, tool_specs, system_prompt)
        yield _metadata(tokens, decision, time.perf_counter() - started)

    @property
    def _pause_seconds(self) -> float:
        pace = self._config["words_per_second"]
        return 1 / pace if pace else 0.0

    @override
    def structured_output(
        self,
        output_model: type[T],
        prompt: Messages,
        system_prompt: str | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[dict[str, T | Any], None]:
        """Refuse: rules cannot fill an arbitrary form.

        Raises:
            NotSupported: always.
        """
        raise NotSupported(
            "The offline demonstration model cannot give structured output. "
            "Set GATEWAY_TEXT_MODEL to a language model, for example bedrock."
        )


def _callable_tools(
    specs: Sequence[ToolSpec], tool_choice: ToolChoice | None
) -> tuple[list[Tool], bool]:
    """The tools that may be called, and whether one of them has to be."""
    tools = [_tool(spec) for spec in specs]
    if tool_choice is None or "auto" in tool_choice:
        return tools, False
    forced = cast(dict[str, Any], tool_choice).get("tool")  # one of three dicts of one key each
    name = forced["name"] if forced else None
    return [tool for tool in tools if name is None or tool.name == name], True


def _tool(spec: ToolSpec) -> Tool:
    schema = spec["inputSchema"]
    schema = schema.get("json", schema)
    return tool_of(spec["name"], spec["description"], schema if isinstance(schema, dict) else {})


def _events(decision: Decision, conversation: Conversation) -> Iterator[StreamEvent]:
    """The message of a decision: one block of text, then one for each call."""
    yield {"messageStart": {"role": "assistant"}}
    index = 0
    if decision.text:
        yield {"contentBlockStart": {"start": {}, "contentBlockIndex": index}}
        for word in re.findall(r"\S+\s*", decision.text):
            yield {"contentBlockDelta": {"delta": {"text": word}, "contentBlockIndex": index}}
        yield {"contentBlockStop": {"contentBlockIndex": index}}
        index += 1
    for call, call_id in zip(decision.calls, _call_ids(decision, conversation), strict=True):
        named: ContentBlockStartToolUse = {"name": call.tool, "toolUseId": call_id}
        yield {"contentBlockStart": {"start": {"toolUse": named}, "contentBlockIndex": index}}
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        for start in range(0, len(arguments), _PIECE_CHARACTERS):
            piece: ContentBlockDeltaToolUse = {
                "input": arguments[start : start + _PIECE_CHARACTERS]
            }
            yield {"contentBlockDelta": {"delta": {"toolUse": piece}, "contentBlockIndex": index}}
        yield {"contentBlockStop": {"contentBlockIndex": index}}
        index += 1


def _call_ids(decision: Decision, conversation: Conversation) -> Iterator[str]:
    """Ids that are the same for the same conversation, and unique within it."""
    said = (conversation.request, conversation.last_answer, len(conversation.earlier_requests))
    digest = hashlib.sha256(repr((said, conversation.call_ids, decision.calls)).encode())
    for index in range(len(decision.calls)):
        digest.update(str(index).encode())
        yield f"tooluse_{digest.hexdigest()[:_ID_DIGITS]}"


def _metadata(input_tokens: int, decision: Decision, seconds: float) -> StreamEvent:
    said = len(decision.text) + sum(len(repr(call)) for call in decision.calls)
    output_tokens = math.ceil(said / _CHARACTERS_PER_TOKEN)
    return {
        "metadata": {
            "usage": {
                "inputTokens": input_tokens,
                "outputTokens": output_tokens,
                "totalTokens": input_tokens + output_tokens,
            },
            "metrics": {"latencyMs": round(seconds * 1000)},
        }
    }
