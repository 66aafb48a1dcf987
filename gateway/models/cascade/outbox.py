"""The events on their way from the model to the agent.

Bounded by seconds of sound: who makes sound waits while too much of it is not taken. All other
events are few and small, and never wait. A barge-in drops what nobody has heard.
"""

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from strands.bidi.types.events import (
    BidiAudioDeltaEvent,
    BidiAudioStartEvent,
    BidiAudioStopEvent,
    BidiToolUseBlocksEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
)
from strands.types.events import TypedEvent

from gateway.models.cascade.playback import BYTES_PER_SECOND
from gateway.models.offline.endpointing import SAMPLE_RATE

# Two minutes of call: enough that a text model's stream is rarely kept waiting by the listener.
MOST_WAITING_BYTES = 120 * BYTES_PER_SECOND

PIECE_BYTES = BYTES_PER_SECOND // 5


class Outbox:
    """A queue of events with one reader.

    Args:
        on_taken: Called with the size in bytes of each piece of sound as it is taken.
    """

    def __init__(self, on_taken: Callable[[int], None]) -> None:
        self._events: deque[TypedEvent] = deque()
        self._on_taken = on_taken
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._waiting_bytes = 0
        self._error: BaseException | None = None
        self._closed = False
        self._wordless: set[str] = set()
        self._dropped: set[str] = set()

    def put(self, event: TypedEvent) -> None:
        """Queue an event; the end of a stream whose beginning was dropped is dropped too."""
        if isinstance(event, _STOPS) and event["content_id"] in self._dropped:
            self._dropped.discard(event["content_id"])
            return
        self._events.append(event)
        self._changed.set()

    async def put_audio(self, pcm: bytes, content_id: str) -> None:
        """Queue sound, in pieces; waits while too much is not taken."""
        for start in range(0, len(pcm), PIECE_BYTES):
            while self._waiting_bytes >= MOST_WAITING_BYTES:
                self._taken.clear()
                await self._taken.wait()
            piece = pcm[start : start + PIECE_BYTES]
            self._waiting_bytes += len(piece)
            audio = base64.b64encode(piece).decode("ascii")
            self.put(BidiAudioDeltaEvent(audio, "pcm", SAMPLE_RATE, 1, content_id))

    def drop_unheard(self) -> None:
        """Drop the assistant's sound and words, and its tool calls, that were not taken yet."""
        begun = {event["content_id"] for event in self._events if _begins_answer(event)}
        self._dropped |= begun
        kept: deque[TypedEvent] = deque()
        for event in self._events:
            if event.get("content_id") in begun:
                if isinstance(event, _STOPS):
                    self._dropped.discard(event["content_id"])
            elif not self._is_unheard(event):
                kept.append(event)
        self._events = kept
        self._waiting_bytes = 0
        self._taken.set()

    def fail(self, error: BaseException) -> None:
        """End the stream of events with an error, behind what is queued."""
        if self._error is None:
            self._error = error
        self._changed.set()

    def close(self) -> None:
        """End the stream of events now; idempotent."""
        self._closed = True
        self._events.clear()
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Yield the events until the outbox is closed; raises what it failed with."""
        while not self._closed:
            if self._events:
                yield self._take()
            elif self._error is not None:
                raise self._error
            else:
                self._changed.clear()
                await self._changed.wait()

    def _take(self) -> TypedEvent:
        event = self._events.popleft()
        match event:
            case BidiAudioDeltaEvent():
                size = _decoded_size(event.audio)
                self._waiting_bytes -= size
                self._taken.set()
                self._on_taken(size)
            case BidiTranscriptStartEvent():
                self._wordless.add(event.content_id)
            case BidiTranscriptDeltaEvent() | BidiTranscriptStopEvent():
                self._wordless.discard(event.content_id)
        return event

    def _is_unheard(self, event: TypedEvent) -> bool:
        match event:
            case BidiTranscriptDeltaEvent(role="assistant"):
                # The first words of a transcript that the agent has opened stay: it would record
                # an empty message, which text models refuse.
                first = event.content_id in self._wordless
                self._wordless.discard(event.content_id)
                return not first
            case BidiAudioDeltaEvent() | BidiToolUseBlocksEvent():
                return True
        return False


_STOPS = (BidiTranscriptStopEvent, BidiAudioStopEvent)


def _begins_answer(event: TypedEvent) -> bool:
    match event:
        case BidiTranscriptStartEvent():
            return event.role == "assistant"
        case BidiAudioStartEvent():
            return True
    return False


def _decoded_size(audio: str) -> int:
    return len(audio) * 3 // 4 - audio.count("=", -2)
