"""One strands ``BidiAgent`` as a live conversation.

One task owns it: it starts the agent, drains its events into our own bounded buffer (strands
keeps one event), feeds it what the user says, and stops it. ``send`` never waits for the model.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from msgspec import UNSET, Struct, UnsetType, field
from strands.bidi import BidiAgent
from strands.bidi.types.media import AudioDelta as StrandsAudio
from strands.types.content import TextBlock
from strands.types.media import ImageBlock

from gateway.agents.buffer import EventBuffer
from gateway.agents.client_tools import ClientTools
from gateway.agents.factory import Voice
from gateway.agents.failures import told_failure
from gateway.agents.history import content_blocks
from gateway.agents.microphone import Begun, Interrupt, Microphone, Truncate
from gateway.agents.reconnecting import ReconnectNotice
from gateway.agents.sharing import SharedState
from gateway.agents.spoken import Spoken
from gateway.agents.talked_over import TalkedOver
from gateway.agents.translation import LiveTranslation
from gateway.agents.watching import watch_conversation, watch_turn
from observability.conversations import ConversationObservation
from observability.turns import TurnObservation
from observability.voice import speech_dropped
from protocols.contract.conversations import Heard
from protocols.contract.errors import GatewayError, InvalidInput, TimedOut
from protocols.contract.events import AudioDelta, Event, ToolStarted, TurnEnded, TurnStarted
from protocols.contract.inputs import AudioChunk, Json, LiveInput, Media, Text, ToolResult
from protocols.contract.media_types import format_of
from tools.delegate_events import TEXT_MODEL
from tools.sharing import predicted_by

_log = logging.getLogger(__name__)

_WAITING_EVENTS = 512
_MICROPHONE_SECONDS = 5
_BYTES_PER_SAMPLE = 2
_STOP_SECONDS = 3.0
_IDLE_STEP = 0.001  # of the idle time; so exactly it is kept


@runtime_checkable
class Interruptible(Protocol):
    """A voice model that can be told to stop its answer."""

    async def interrupt(self) -> None:
        """Stop the answer being given; the model reports it as a barge-in."""
        ...


@runtime_checkable
class Truncatable(Protocol):
    """A voice model whose own record of an answer can be cut to what the user heard of it."""

    async def truncate(self, heard_seconds: float) -> None:
        """Cut the answer given last; more than nothing and less than all of it was heard."""
        ...


class LivePlan(Struct, frozen=True, kw_only=True):
    """What a live conversation needs of its session; see ``TurnPlan``."""

    voice: Voice
    observe: Callable[[], AbstractContextManager[ConversationObservation]]
    keep: Callable[[BidiAgent], Awaitable[None]]
    release: Callable[[], None]
    limit_seconds: float
    idle_seconds: float
    client_tools: ClientTools = field(default_factory=ClientTools)
    state: Json | UnsetType = UNSET


class StrandsLive:
    """A running live conversation; implements the contract's ``LiveConversation``."""

    def __init__(self, plan: LivePlan) -> None:
        self._plan = plan
        self._buffer = EventBuffer(_WAITING_EVENTS)
        second = plan.voice.input_sample_rate * _BYTES_PER_SAMPLE
        self._microphone = Microphone(_MICROPHONE_SECONDS * second)
        tools = plan.voice.agent.tool_registry.registry.values()
        self._translation = LiveTranslation(
            plan.client_tools.names, predictions=predicted_by(tools)
        )
        self._spoken = Spoken(plan.voice.agent, plan.voice.output_sample_rate)
        self._talked_over = TalkedOver(plan.voice.agent)
        self._interrupting = False
        self._parked = False
        self._turn: TurnObservation | None = None
        self._giving: asyncio.Task[None] | None = None
        self._context = contextvars.copy_context()  # later that of the conversation's telemetry
        self._task = asyncio.create_task(self._run())
        # A task that is cancelled before its first step runs no finally.
        self._task.add_done_callback(lambda _: plan.release())

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self._plan.voice.model

    @property
    def input_sample_rate(self) -> int:
        """Hertz of the audio that ``send`` takes."""
        return self._plan.voice.input_sample_rate

    @property
    def output_sample_rate(self) -> int:
        """Hertz of the audio in ``AudioDelta`` events."""
        return self._plan.voice.output_sample_rate

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the events; raises the ``GatewayError`` that ended the conversation, if any."""
        return self._buffer.events()

    async def send(self, item: LiveInput) -> None:
        """Say something; audio that waits too long is dropped from its old end.

        Raises:
            InvalidInput: the model cannot take this, or too much is waiting.
        """
        if isinstance(item, Media):
            self._check(item)
        said: LiveInput | Begun | None = item
        if isinstance(item, AudioChunk) and self._microphone.is_idle:
            said = self._begin(item)
        if said is None:
            return
        dropped_bytes = self._microphone.dropped_bytes
        self._microphone.put(said)
        dropped_bytes = self._microphone.dropped_bytes - dropped_bytes
        if dropped_bytes:
            speech_dropped(dropped_bytes / _BYTES_PER_SAMPLE / self.input_sample_rate)

    def _begin(self, sound: AudioChunk) -> Begun | None:
        """Give sound to a model that waits for it; None: it has taken it.

        Models nearly always take it at once: nobody need be woken for it then.
        """
        loop = asyncio.get_running_loop()
        taking = asyncio.eager_task_factory(loop, self._give(sound), context=self._context)
        if taking.done() and not taking.cancelled() and taking.exception() is None:
            return None
        self._giving = taking
        return Begun(taking)

    async def _give(self, sound: AudioChunk) -> None:
        audio = StrandsAudio(format="pcm", source={"bytes": sound.pcm})
        await self._plan.voice.agent.send(audio)

    def _check(self, media: Media) -> None:
        if media.kind != "image" or not self._plan.voice.takes_images:
            raise InvalidInput(f"This voice model cannot take {media.kind}s. Describe it in words.")
        if format_of("image", media.mime_type) is None:
            raise InvalidInput("Images are PNG, JPEG, GIF or WebP. Send one of these.")

    async def taken(self) -> None:
        """Wait until the model has taken all that was sent."""
        await asyncio.sleep(0)  # it may take a whole recording at once: others are heard in between
        await self._microphone.taken()

    def cancel(self) -> None:
        """Stop the answer being given, keep listening; does nothing if none is being given."""
        if not self._interrupting:
            self._microphone.put(Interrupt())
            self._interrupting = True

    def answer(self, result: ToolResult) -> None:
        """Give the result of a tool that the client runs; see the contract."""
        self._plan.client_tools.answer(result)

    def cut_off(self, heard: Sequence[Heard]) -> None:
        """Keep what was heard, and tell the model; see the contract."""
        self._talked_over.end_calls()
        speaks = self._translation.answering
        for each in heard:
            made_seconds = self._spoken.cut(each)
            if each is heard[-1] and 0 < each.seconds < made_seconds:
                self._microphone.put(Truncate(each.seconds))
            if each.message_id == speaks:
                self.cancel()

    @property
    def is_parked(self) -> bool:
        """Whether nobody is connected, so that whoever asks may have the session."""
        return self._parked

    def park(self, *, parked: bool) -> None:
        """Tell whether nobody is connected; see the contract."""
        self._parked = parked

    async def drain(self, seconds: float) -> None:
        """Leave the conversation to its wire for so long, then hang up.

        Only the wire knows when the answer was heard: it is made much faster than it is played.
        """
        await asyncio.wait({self._task}, timeout=seconds)
        await self.aclose()

    async def aclose(self) -> None:
        """Hang up: stop the model and free the session; idempotent."""
        self._buffer.close()
        self._microphone.close()
        if self._task.done():
            return
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=2 * _STOP_SECONDS)

    async def _run(self) -> None:
        last: GatewayError | None = None
        try:
            with self._plan.observe() as conversation:
                last = await self._observed(conversation)
        finally:
            self._microphone.close()
            try:
                await self._plan.keep(self._plan.voice.agent)
            finally:
                self._plan.release()
                self._buffer.finish(last)

    async def _observed(self, conversation: ConversationObservation) -> GatewayError | None:
        try:
            async with asyncio.timeout(self._plan.limit_seconds) as limit:
                await self._converse(conversation)
        except Exception as error:  # noqa: BLE001 - the edge of a conversation's task
            if limit.expired():
                conversation.ended("timeout")
                return TimedOut("The conversation lasted as long as GATEWAY_LIVE_SECONDS allows.")
            conversation.ended("timeout" if isinstance(error, TimedOut) else "server_error")
            return told_failure("conversation", error)
        return None

    async def _converse(self, conversation: ConversationObservation) -> None:
        agent = self._plan.voice.agent
        notice = ReconnectNotice(agent, self._buffer.offer)
        self._context = contextvars.copy_context()
        try:
            await agent.start({TEXT_MODEL: self._plan.voice.text_model})
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(self._feed(conversation))
                try:
                    await self._listen(conversation)
                finally:
                    feeding.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        finally:
            notice.close()
            await self._end_giving()
            await self._stop()

    async def _listen(self, conversation: ConversationObservation) -> None:
        """Drain the agent until it ends, or nothing has happened for the idle time."""
        loop = asyncio.get_running_loop()
        shared = SharedState(self._plan.voice.agent, self._plan.state)
        idle_seconds = self._plan.idle_seconds
        stirred_at = loop.time()
        try:
            async with asyncio.timeout(idle_seconds) as idle:
                async for strands_event in self._plan.voice.agent.receive():
                    told = self._translation.translate(strands_event)
                    self._spoken.note(strands_event, told)
                    for event in told + shared.changes(strands_event):
                        if (now := loop.time()) >= stirred_at + _IDLE_STEP * idle_seconds:
                            stirred_at = now  # a timer for each piece of sound would cost more
                            idle.reschedule(now + idle_seconds)
                        self._note(conversation, event)
                        await self._buffer.put(event)
        except TimeoutError:
            if idle.expired():
                message = "Nothing was said for as long as GATEWAY_IDLE_SECONDS allows."
                raise TimedOut(message) from None
            raise

    async def _feed(self, conversation: ConversationObservation) -> None:
        while True:
            item = await self._microphone.get()
            match item:
                case AudioChunk():
                    await self._give(item)
                case Begun():
                    await item.taking
                case Text():
                    await self._plan.voice.agent.send(TextBlock(item.text))
                case Media():
                    await self._plan.voice.agent.send(_image(item))
                case Interrupt():
                    self._interrupting = False
                    await self._interrupt(conversation)
                case Truncate():
                    await self._truncate(item)
            self._microphone.done()

    async def _end_giving(self) -> None:
        giving, self._giving = self._giving, None
        if giving is not None:
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)

    async def _interrupt(self, conversation: ConversationObservation) -> None:
        model = self._plan.voice.agent.model
        if isinstance(model, Interruptible):
            await model.interrupt()
            return
        for event in self._translation.interrupted():
            self._watch(conversation, event)
            await self._buffer.put(event)

    async def _truncate(self, heard: Truncate) -> None:
        model = self._plan.voice.agent.model
        if isinstance(model, Truncatable):
            await model.truncate(heard.seconds)

    def _note(self, conversation: ConversationObservation, event: Event) -> None:
        if isinstance(event, AudioDelta):  # first: there are hundreds of them
            if self._turn is not None:
                watch_turn(self._turn, event)
            return
        if isinstance(event, ToolStarted) and event.client:
            self._plan.client_tools.expect(event.tool_call_id)
        self._talked_over.note(event)
        self._watch(conversation, event)

    def _watch(self, conversation: ConversationObservation, event: Event) -> None:
        match event:
            case TurnStarted():
                self._turn = conversation.turn(event.turn_id)
            case TurnEnded():
                if self._turn is not None:
                    self._turn.ended("ok" if event.outcome == "completed" else "cancelled")
                self._turn = None
            case _:
                watch_conversation(conversation, event)
                if self._turn is not None:
                    watch_turn(self._turn, event)

    async def _stop(self) -> None:
        """Stop the agent within a bound: a dead peer must not hold the session."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._plan.voice.agent.stop()
        except Exception as error:  # noqa: BLE001 - strands reports every fault of a dead stream here
            _log.info("stopping the voice model failed: %s", type(error).__name__)


def _image(media: Media) -> ImageBlock:
    block = content_blocks([media])[0]["image"]
    return ImageBlock(format=block["format"], source=block["source"])
