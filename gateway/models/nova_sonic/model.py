"""Nova Sonic as strands' agent holds it: one conversation over any number of connections.

A connection lasts eight minutes at most, and may be lost at any time. Either way ``receive`` raises
strands' ``ConnectionTimeoutError``, strands calls ``restart``, and that goes on with a connection
that is told the history, asked again what is owed, and given the sound that was not heard yet. For
a renewal the next connection is opened ahead, and the moment is one when nobody speaks.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct
from smithy_core.exceptions import SmithyError  # type: ignore[import-untyped,unused-ignore]
from strands.bidi.models import BidiModel
from strands.bidi.models.configs import AudioConfig, AudioStreamConfig, ConnectionConfig
from strands.bidi.models.model import ConnectionTimeoutError
from strands.bidi.types.content import BidiContentDelta, BidiMessage
from strands.bidi.types.events import BidiOutputEvent
from strands.bidi.types.media import AudioDelta
from strands.types.content import Messages, TextBlock
from strands.types.tools import ToolResultBlock, ToolSpec, ToolUse

from gateway.models.nova_sonic.connection import Connection
from gateway.models.nova_sonic.exchange import Exchange
from gateway.models.nova_sonic.faults import Silent, Stalled, judge
from gateway.models.nova_sonic.history import told_as_text
from gateway.models.nova_sonic.spare import Spare

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.25
_ATTEMPTS, _ATTEMPTS_WHEN_SILENT = 3, 2
_BACKOFF_SECONDS = (0.0, 0.0, 0.5)  # by how many connections were lost in a row
_LONG_LIFE_SECONDS = 60.0
_BLOCKED_SECONDS = 3.0
_RESUME_SECONDS = 5.0
_AHEAD_SECONDS = 10.0
_LATEST_SECONDS = 40.0  # after the time for a renewal: then somebody is interrupted
_FREE_SECONDS = 10.0
_MOST_CALLS = 64
_PIECE_SECONDS = 0.25
_BYTES_PER_SAMPLE = 2

type Make = Callable[[], Awaitable[Connection]]


class RenewalDue(ConnectionTimeoutError):
    """The connection is near the end that the service sets, or its keys are."""


class VoicePlan(Struct, frozen=True, kw_only=True):
    """What every connection of a conversation has in common. Rates are in hertz."""

    model_id: str
    voice: str
    input_sample_rate: int
    output_sample_rate: int
    answer_seconds: float


class NovaSonicModel(BidiModel):
    """One conversation; also strands' ``AudioCapable`` and ``Restartable``.

    Args:
        plan: the model, and how it sounds.
        make: makes a connection that is not opened yet; keys are found anew by each call.
    """

    def __init__(self, plan: VoicePlan, make: Make) -> None:
        self._plan = plan
        self._make = make
        self._connection: Connection | None = None
        self._is_open = False
        self._changed = asyncio.Event()  # set while there is a connection, and when there is an end
        self._prompt: tuple[str | None, list[ToolSpec] | None] = (None, None)
        self._exchange = Exchange(plan.input_sample_rate, plan.answer_seconds)
        self._spare = Spare(self._connect, self._retire)
        self._closing: set[asyncio.Task[None]] = set()
        self._lost = 0  # connections, since an answer was complete
        self._calls: dict[str, tuple[Connection, ToolUse]] = {}

    def get_config(self) -> dict[str, Any]:
        """Name the model and the voice."""
        return {"model_id": self._plan.model_id, "voice": self._plan.voice}

    def update_config(self, **model_config: Any) -> None:
        """Refuse: a conversation keeps its model.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"cannot be changed: {', '.join(sorted(model_config))}")

    def get_connection_config(self) -> ConnectionConfig:
        """Let strands restart, and leave the moment to us."""
        return ConnectionConfig(auto_restart=True)

    def get_audio_config(self) -> AudioConfig:
        """Tell the form of sound both ways."""
        return AudioConfig(
            input=_form(self._plan.input_sample_rate), output=_form(self._plan.output_sample_rate)
        )

    @property
    def is_recovering(self) -> bool:
        """Whether a connection was lost, and no other is known to work yet."""
        return self._lost > 0 and (self._connection is None or not self._connection.is_answered)

    async def start(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the conversation. What the service refuses comes out of ``receive``.

        Raises:
            RuntimeError: it is open already.
            GatewayError: the service cannot be reached.
        """
        if self._is_open:
            raise RuntimeError("the conversation is open; stop it before starting another")
        self._is_open = True
        self._exchange = Exchange(self._plan.input_sample_rate, self._plan.answer_seconds)
        self._lost = 0
        self._calls.clear()
        try:
            await self._go_on(system_prompt, tools, messages)
        except BaseException:
            await self.stop()
            raise

    async def restart(
        self,
        system_prompt: str | None = None,
        tools: list[ToolSpec] | None = None,
        messages: Messages | None = None,
        **restart_kwargs: Any,
    ) -> None:
        """Go on with another connection; see ``start``."""
        # Before anybody else runs: what the old one still says is not taken any more.
        self._leave()
        await self._go_on(system_prompt, tools, messages)

    async def stop(self) -> None:
        """End the conversation within bounds; idempotent."""
        self._is_open = False
        self._leave()
        self._changed.set()
        await self._spare.aclose()
        while self._closing:
            await asyncio.wait(self._closing)

    async def receive(self) -> AsyncIterator[BidiOutputEvent]:
        """Yield the events of the connection there is now, until it is replaced.

        Raises:
            ConnectionTimeoutError: strands is to restart.
            GatewayError: there is nothing that another connection would mend.
        """
        connection = self._connection
        if connection is None:
            raise RuntimeError("the conversation is not open; start it first")
        try:
            while True:
                event = await connection.next(_TICK_SECONDS)
                if connection is not self._connection:
                    return
                for passed in self._take(connection, event):
                    yield passed
                self._look_up(connection)
        except Exception as error:
            if connection is not self._connection:
                return
            for closing in self._exchange.closing():
                yield closing
            raise self._consequence(connection, error) from error

    async def send(self, content: BidiMessage | BidiContentDelta) -> None:
        """Take sound, typed text or results of tools.

        What a lost connection does not take any more is told to the next.

        Raises:
            RuntimeError: the conversation is not open.
            ValueError: the model cannot take this.
        """
        connection = await self._current()
        if isinstance(content, AudioDelta):
            await self._hear(connection, content)
            return
        results = [block for block in content.content if isinstance(block, ToolResultBlock)]
        if not results:
            self._exchange.typed(time.monotonic())
            await connection.send(content)
        for result in results:
            await self._tell_result(connection, result)

    async def interrupt(self) -> None:
        """Cut off the answer, as if the user had spoken over it; nothing if there is none."""
        connection = await self._current()
        for event in self._exchange.cut_off():
            connection.put(event)

    async def _hear(self, connection: Connection, sound: AudioDelta) -> None:
        pcm = sound.source["bytes"]
        for event in self._exchange.hear(pcm, time.monotonic()):
            connection.put(event)
        connection.audio_seconds += len(pcm) / _BYTES_PER_SAMPLE / self._plan.input_sample_rate
        await connection.send(sound)

    async def _tell_result(self, connection: Connection, result: ToolResultBlock) -> None:
        self._exchange.answered(result, time.monotonic())
        caller, use = self._calls.pop(result.tool_use_id, (connection, None))
        if caller is connection or use is None:
            await connection.send(BidiMessage([result]))
            return
        # This connection has not called the tool: it takes the result as words, in a free moment.
        with suppress(TimeoutError):
            async with asyncio.timeout(_FREE_SECONDS):
                while not self._exchange.is_free:  # noqa: ASYNC110 - soon enough for words
                    await asyncio.sleep(_TICK_SECONDS)
        connection = await self._current()
        text = told_as_text([(use, result)])
        self._exchange.asked(text, time.monotonic())
        await connection.send(BidiMessage([TextBlock(text)]))

    def _take(self, connection: Connection, event: BidiOutputEvent | None) -> list[BidiOutputEvent]:
        if event is None:
            return []
        passed, is_complete = self._exchange.take(event, time.monotonic())
        if is_complete:
            self._lost = 0
        for each in passed:
            for use in each["tool_uses"] if each.get("type") == "bidi_tool_use_blocks" else ():
                self._calls[use["toolUseId"]] = (connection, use)
        while len(self._calls) > _MOST_CALLS:
            del self._calls[next(iter(self._calls))]
        return passed

    def _look_up(self, connection: Connection) -> None:
        """Raise what there is to be done about the connection."""
        if connection.blocked_seconds > _BLOCKED_SECONDS:
            raise Stalled
        silent = self._exchange.silence(time.monotonic())
        if silent is not None:
            raise silent
        over_seconds = connection.age_seconds - connection.lasts_seconds
        if over_seconds < -_AHEAD_SECONDS:
            return
        self._spare.prepare()
        is_time = over_seconds >= 0 and self._exchange.is_calm and self._spare.is_settled
        if is_time or over_seconds > _LATEST_SECONDS:
            raise RenewalDue("the connection is renewed before its end")

    def _consequence(self, connection: Connection, error: Exception) -> Exception:
        """Tell strands to restart, or the user what is wrong."""
        if isinstance(error, RenewalDue):
            return error
        if connection.age_seconds > _LONG_LIFE_SECONDS:
            self._lost = 0
        return self._judged(error, is_working=connection.is_working) or ConnectionTimeoutError(
            "the connection was lost"
        )

    def _judged(self, error: Exception, *, is_working: bool) -> Exception | None:
        """Give the error for the user; None to connect again."""
        self._lost += 1
        verdict = judge(error, is_working=is_working)
        attempts = _ATTEMPTS
        if isinstance(error, Silent | Stalled):
            attempts = self._lost if getattr(error, "is_last", False) else _ATTEMPTS_WHEN_SILENT
        _log.warning("Nova Sonic: %s (%d in a row)", type(error).__name__, self._lost)
        _log.debug("the reason", exc_info=error)
        return verdict.shown() if not verdict.again or self._lost >= attempts else None

    async def _current(self) -> Connection:
        while True:
            connection = self._connection
            if connection is not None:
                return connection
            if not self._is_open:
                raise RuntimeError("the conversation is not open; start it first")
            await self._changed.wait()

    def _leave(self) -> None:
        old, self._connection = self._connection, None
        self._changed.clear()
        if old is not None:
            self._retire(old)

    async def _go_on(
        self, system_prompt: str | None, tools: list[ToolSpec] | None, messages: Messages | None
    ) -> None:
        self._prompt = (system_prompt, tools)
        connection = await self._spare.take() or await self._connect_patiently()
        try:
            async with asyncio.timeout(_RESUME_SECONDS):
                await self._resume(connection, messages or [])
        except TimeoutError:
            connection.fail(Stalled())
        except BaseException:
            self._retire(connection)
            raise
        self._connection = connection
        self._changed.set()

    async def _connect_patiently(self) -> Connection:
        while True:
            await asyncio.sleep(_BACKOFF_SECONDS[min(self._lost, len(_BACKOFF_SECONDS) - 1)])
            try:
                return await self._connect()
            except (OSError, SmithyError) as error:  # a TimeoutError is an OSError
                judged = self._judged(error, is_working=False)
                if judged is not None:
                    raise judged from error

    async def _connect(self) -> Connection:
        connection = await self._make()
        try:
            await connection.open(*self._prompt)
        except BaseException:
            self._retire(connection)
            raise
        return connection

    async def _resume(self, connection: Connection, messages: Messages) -> None:
        """Bring a connection to where the last one was."""
        going_on = self._exchange.resumption(messages, time.monotonic())
        if going_on.messages:
            await connection.tell(going_on.messages)
        if going_on.question:
            await connection.send(BidiMessage([TextBlock(going_on.question)]))
        second = self._plan.input_sample_rate * _BYTES_PER_SAMPLE
        step = round(second * _PIECE_SECONDS / _BYTES_PER_SAMPLE) * _BYTES_PER_SAMPLE
        for start in range(0, len(going_on.pcm), step):
            piece = going_on.pcm[start : start + step]
            connection.audio_seconds += len(piece) / second
            await connection.send(AudioDelta(format="pcm", source={"bytes": piece}))

    def _retire(self, connection: Connection) -> None:
        """Close a connection in the background; ``stop`` waits for it."""
        closing = asyncio.create_task(connection.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _form(sample_rate: int) -> AudioStreamConfig:
    return AudioStreamConfig(sample_rate=sample_rate, channels=1, format="pcm")
