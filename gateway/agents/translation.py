"""Strands events → contract events. Pure: each translator is fed one event and gives 0..n back.

strands tells events apart by which key is there, and shows each model chunk twice: as ``{"event":
chunk}`` and as a convenience event that holds the agent and all messages. Only the chunks are
read; nothing that came in is ever logged, copied or kept.
"""

import base64
import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from gateway.agents.citations import citation_of
from gateway.agents.delegation import Delegations
from gateway.agents.history import redacted_signature, tool_content
from gateway.agents.interrupts import asked
from protocols.contract import events
from protocols.contract.inputs import code_units
from tools.plain import plain_text
from tools.sharing import Predictions, Progress

type StrandsEvent = Mapping[str, Any]

NO_PREDICTIONS: Predictions = {}

_OF_AN_ANSWER = frozenset(
    {
        "bidi_audio_delta",
        "bidi_text_delta",
        "bidi_reasoning_delta",
        "bidi_transcript_start",
        "bidi_tool_use_blocks",
        "bidi_response_stop",
    }
)


def new_identifier() -> str:
    """Make an identifier when it is needed."""
    return str(uuid4())


class TextTranslation:
    """Translates the stream of one ``Agent.stream_async`` call.

    Args:
        client_tools: names of the tools that the client runs: their placeholders are no results.
        new_id: makes the identifiers of messages.
        predictions: of tools whose arguments show what the state will be (``tools.sharing``).
        owner: identifier of the agent, if it works for another one.
    """

    def __init__(
        self,
        client_tools: Collection[str] = (),
        new_id: Callable[[], str] = new_identifier,
        predictions: Predictions = NO_PREDICTIONS,
        owner: str | None = None,
    ) -> None:
        self._client_tools = client_tools
        self._new_id = new_id
        self._predictions = predictions
        self._delegations = Delegations(partial(_delegate_translation, new_id), owner)
        self._message_id = ""
        self._said: list[str] = []
        self._signature = ""
        self._redacted = b""
        self._open_call: str | None = None
        self._waiting: set[str] = set()

    def translate(self, event: StrandsEvent) -> list[events.Event]:
        """Give what one strands event means."""
        if "event" in event:
            return self._chunk(event["event"])
        if "message" in event:
            return self._results(event["message"])
        if "result" in event:
            return [self._ended(event["result"].stop_reason)]
        if "tool_stream_event" in event:
            return self._delegations.told(event["tool_stream_event"], self._message_id)
        if "tool_interrupt_event" in event:
            return [*asked(event["tool_interrupt_event"])]
        return []

    def _chunk(self, chunk: Mapping[str, Any]) -> list[events.Event]:
        if "contentBlockDelta" in chunk:  # first: there are hundreds of them
            return self._block_delta(chunk["contentBlockDelta"]["delta"])
        if "messageStart" in chunk:
            self._message_id = self._new_id()
            self._said.clear()
        elif "contentBlockStart" in chunk:
            return self._block_started(chunk["contentBlockStart"].get("start") or {})
        elif "contentBlockStop" in chunk:
            return self._block_stopped()
        elif "metadata" in chunk:
            return usage_reported(chunk["metadata"].get("usage") or {})
        return []

    def _block_started(self, start: Mapping[str, Any]) -> list[events.Event]:
        if "toolUse" not in start:
            return []
        use = start["toolUse"]
        self._open_call = use["toolUseId"]
        client = use["name"] in self._client_tools
        if client:
            self._waiting.add(use["toolUseId"])
        started = events.ToolStarted(
            self._message_id,
            use["toolUseId"],
            use["name"],
            client,
            use.get("reasoningSignature"),
        )
        return [*_predicted(self._predictions, use["name"]), started]

    def _block_delta(self, delta: Mapping[str, Any]) -> list[events.Event]:
        if "text" in delta:
            text = plain_text(delta["text"])
            self._said.append(text)
            return [events.TextDelta(self._message_id, text)]
        if "toolUse" in delta and self._open_call is not None:
            return [events.ToolArguments(self._open_call, delta["toolUse"].get("input") or "")]
        if "reasoningContent" in delta:
            return self._thought(delta["reasoningContent"])
        if "citation" in delta:
            citation = citation_of(delta["citation"], code_units("".join(self._said)))
            return [] if citation is None else [events.Cited(self._message_id, citation)]
        return []

    def _thought(self, thought: Mapping[str, Any]) -> list[events.Event]:
        """Tell thinking as it comes; what proves it may come in pieces and is told at its end."""
        self._signature += thought.get("signature") or ""
        self._redacted += thought.get("redactedContent") or b""
        text = thought.get("text")
        return [events.ReasoningDelta(self._message_id, text)] if text else []

    def _block_stopped(self) -> list[events.Event]:
        stopped: list[events.Event] = []
        if self._signature:
            stopped.append(events.ReasoningDelta(self._message_id, "", self._signature))
            self._signature = ""
        if self._redacted:
            sealed = redacted_signature(self._redacted)
            stopped.append(events.ReasoningDelta(self._message_id, "", sealed))
            self._redacted = b""
        if self._open_call is not None:
            stopped.append(events.ToolRequested(self._open_call))
            self._open_call = None
        return stopped

    def _results(self, message: Mapping[str, Any]) -> list[events.Event]:
        if message["role"] != "user":
            return []
        told: list[events.Event] = []
        for result in tool_results(message):
            if result.tool_call_id not in self._waiting:
                told += [*self._delegations.finished(result), result]
        return told

    def _ended(self, stop_reason: str) -> events.TurnEnded:
        if stop_reason == "interrupt":
            return events.TurnEnded(stop_reason=stop_reason)
        if stop_reason == "cancelled" and not self._waiting:
            return events.TurnEnded("cancelled", stop_reason)
        return events.TurnEnded(stop_reason="tool_use" if self._waiting else stop_reason)


class LiveTranslation:
    """Translates the events of a ``BidiAgent`` and finds where its turns begin and end.

    strands.bidi knows responses, not turns: a turn begins with what the user says (or with a
    response nobody asked for), and ends with the first response that leaves no tool running.

    Args:
        client_tools: names of the tools that the client runs.
        new_id: makes the identifiers of turns and messages.
        predictions: see ``TextTranslation``.
    """

    def __init__(
        self,
        client_tools: Collection[str] = (),
        new_id: Callable[[], str] = new_identifier,
        predictions: Predictions = NO_PREDICTIONS,
    ) -> None:
        self._client_tools = client_tools
        self._new_id = new_id
        self._predictions = predictions
        self._delegations = Delegations(partial(_delegate_translation, new_id))
        self._turn_open = False
        self._cut = False
        self._answer_id = ""
        self._running_tools: set[str] = set()
        self._transcripts: dict[str, tuple[str, Any]] = {}
        self._handlers: Mapping[str, Callable[[StrandsEvent], list[events.Event]]] = {
            "bidi_response_start": self._response_started,
            "bidi_response_stop": self._response_stopped,
            "bidi_transcript_start": self._transcript_started,
            "bidi_transcript_delta": self._transcript_delta,
            "bidi_transcript_stop": self._transcript_stopped,
            "bidi_text_delta": self._text_delta,
            "bidi_reasoning_delta": self._reasoning_delta,
            "bidi_audio_delta": self._audio_delta,
            "bidi_tool_use_blocks": self._tools_called,
            "bidi_usage": self._usage,
            "bidi_barge_in": self._barged_in,
            "cascade_speech_start": self._speech_started,
            "cascade_speech_stop": self._speech_stopped,
        }

    @property
    def turn_open(self) -> bool:
        """Whether an answer is being given or owed."""
        return self._turn_open

    @property
    def answering(self) -> str | None:
        """The message that the model is making now; None between the turns."""
        return self._answer_id if self._turn_open else None

    def interrupted(self) -> list[events.Event]:
        """The answer being given is cut off; what the model still says of it is not told."""
        self._running_tools.clear()
        self._cut = True
        return [events.BargeIn(), *self._close_turn(events.TurnEnded("cancelled", "interrupted"))]

    def translate(self, event: StrandsEvent) -> list[events.Event]:
        """Give what one event of the agent means."""
        if "message" in event:
            return self._tools_finished(event["message"])
        if "tool_stream_event" in event:
            return self._tool_told(event["tool_stream_event"])
        kind = event.get("type", "")
        if self._cut and kind in _OF_AN_ANSWER and event.get("role") != "user":
            return []
        handler = self._handlers.get(kind)
        return handler(event) if handler else []

    def _open_turn(self) -> list[events.Event]:
        if self._turn_open:
            return []
        self._turn_open = True
        self._answer_id = self._new_id()
        return [events.TurnStarted(self._new_id())]

    def _close_turn(self, ended: events.TurnEnded) -> list[events.Event]:
        if not self._turn_open:
            return []
        self._turn_open = False
        return [ended]

    def _response_started(self, event: StrandsEvent) -> list[events.Event]:
        self._cut = False
        return self._open_turn()

    def _response_stopped(self, event: StrandsEvent) -> list[events.Event]:
        if self._running_tools:
            return []
        return self._close_turn(events.TurnEnded())

    def _transcript_started(self, event: StrandsEvent) -> list[events.Event]:
        self._cut = False
        opened = self._open_turn()
        role = event["role"]
        message_id = self._answer_id if role == "assistant" else self._new_id()
        self._transcripts[event["content_id"]] = (message_id, role)
        return opened

    def _transcript_delta(self, event: StrandsEvent) -> list[events.Event]:
        known = self._transcripts.get(event["content_id"])
        return [events.Transcript(*known, delta=event["delta"])] if known else []

    def _transcript_stopped(self, event: StrandsEvent) -> list[events.Event]:
        known = self._transcripts.pop(event["content_id"], None)
        return [events.Transcript(*known, delta="", final=True)] if known else []

    def _text_delta(self, event: StrandsEvent) -> list[events.Event]:
        return [*self._open_turn(), events.TextDelta(self._answer_id, event["delta"])]

    def _reasoning_delta(self, event: StrandsEvent) -> list[events.Event]:
        return [*self._open_turn(), events.ReasoningDelta(self._answer_id, event["delta"])]

    def _audio_delta(self, event: StrandsEvent) -> list[events.Event]:
        pcm = base64.b64decode(event["audio"])
        return [*self._open_turn(), events.AudioDelta(self._answer_id, pcm)]

    def _tools_called(self, event: StrandsEvent) -> list[events.Event]:
        translated = self._open_turn()
        for use in event["tool_uses"]:
            call = use["toolUseId"]
            self._running_tools.add(call)
            arguments = json.dumps(use["input"], ensure_ascii=False)
            client = use["name"] in self._client_tools
            translated += _predicted(self._predictions, use["name"])
            translated.append(events.ToolStarted(self._answer_id, call, use["name"], client))
            translated.append(events.ToolArguments(call, arguments))
            translated.append(events.ToolRequested(call))
        return translated

    def _tools_finished(self, message: Mapping[str, Any]) -> list[events.Event]:
        """Results of calls that a barge-in has dropped are nobody's any more."""
        finished: list[events.Event] = []
        for result in tool_results(message):
            ended = self._delegations.finished(result)
            if result.tool_call_id in self._running_tools:
                self._running_tools.discard(result.tool_call_id)
                finished += [*ended, result]
        if finished:
            self._answer_id = self._new_id()
        return finished

    def _tool_told(self, told: Mapping[str, Any]) -> list[events.Event]:
        """Of the work for a call that a barge-in has dropped, only the tokens are told."""
        translated = self._delegations.told(told, self._answer_id)
        if isinstance(told.get("data"), Progress) or self._is_running(told):
            return translated
        return [event for event in translated if isinstance(event, events.UsageReported)]

    def _is_running(self, told: Mapping[str, Any]) -> bool:
        return told["tool_use"]["toolUseId"] in self._running_tools

    def _usage(self, event: StrandsEvent) -> list[events.Event]:
        details = event.get("input_token_details") or {}
        return [
            events.UsageReported(
                event["input_tokens"],
                event["output_tokens"],
                event["total_tokens"],
                cache_read_tokens=details.get("cache_read"),
            )
        ]

    def _barged_in(self, event: StrandsEvent) -> list[events.Event]:
        return self.interrupted()

    def _speech_started(self, event: StrandsEvent) -> list[events.Event]:
        return [events.SpeechStarted()]

    def _speech_stopped(self, event: StrandsEvent) -> list[events.Event]:
        return [events.SpeechStopped(float(event["silence_seconds"]))]


def tool_results(message: Mapping[str, Any]) -> list[events.ToolFinished]:
    """Give the tool results that a strands message holds."""
    return [
        events.ToolFinished(
            block["toolResult"]["toolUseId"],
            tool_content(block["toolResult"]["content"]),
            block["toolResult"].get("status") == "error",
        )
        for block in message["content"]
        if "toolResult" in block
    ]


def _delegate_translation(new_id: Callable[[], str], owner: str) -> TextTranslation:
    return TextTranslation(new_id=new_id, owner=owner)


def _predicted(predictions: Predictions, tool: str) -> list[events.Event]:
    """Tell before a call what its arguments will show."""
    arguments = predictions.get(tool)
    return [events.StatePredicted(tool, dict(arguments))] if arguments else []


def usage_reported(usage: Mapping[str, Any]) -> list[events.Event]:
    """Give a model call's tokens; cache tokens are counted into the input.

    Some providers (OpenAI) have done so already: then their total is that of input and output.
    """
    if not usage:
        return []
    cache_read = usage.get("cacheReadInputTokens")
    cache_write = usage.get("cacheWriteInputTokens")
    input_tokens, output_tokens = usage.get("inputTokens", 0), usage.get("outputTokens", 0)
    if input_tokens + output_tokens != usage.get("totalTokens"):
        input_tokens += (cache_read or 0) + (cache_write or 0)
    total = input_tokens + output_tokens
    return [events.UsageReported(input_tokens, output_tokens, total, cache_read, cache_write)]
