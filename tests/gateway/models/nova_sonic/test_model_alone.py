"""What a conversation does about connections that fail in ways a service seldom shows."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from strands.bidi.models.model import ConnectionTimeoutError
from strands.bidi.types.content import BidiMessage
from strands.bidi.types.media import AudioDelta
from strands.types.content import TextBlock
from strands.types.tools import ToolResultBlock

from gateway.models.nova_sonic import model as module
from gateway.models.nova_sonic.connection import Connection
from gateway.models.nova_sonic.faults import Stalled
from gateway.models.nova_sonic.model import NovaSonicModel, RenewalDue, VoicePlan
from gateway.models.nova_sonic.session import StreamLost
from protocols.contract.errors import ModelFailed, TimedOut

PLAN = VoicePlan(
    model_id="nova", voice="v", input_sample_rate=16000, output_sample_rate=24000, answer_seconds=60
)
USE: Any = {"toolUseId": "t", "name": "clock", "input": {}}
CALL: Any = {"type": "bidi_tool_use_blocks", "tool_uses": [USE]}
HEARD: Any = {"type": "bidi_transcript_start", "role": "user", "content_id": "u"}
RESULT = ToolResultBlock(tool_use_id="t", status="success", content=[{"text": "noon"}])
SOUND = AudioDelta(format="pcm", source={"bytes": bytes(3200)})


class FakeConnection:
    """Gives what it is told to; remembers what it is sent."""

    def __init__(self, open_error: Exception | None = None) -> None:
        self.lasts_seconds = 390.0
        self.age_seconds = 0.0
        self.audio_seconds = 0.0
        self.blocked_seconds = 0.0
        self.is_working = True
        self.is_answered = True
        self.is_failed = False
        self.is_stuck = False
        self.is_closed = False
        self.sent: list[Any] = []
        self.comes: deque[Any] = deque()
        self.failure: Exception | None = None
        self._open_error = open_error

    async def open(self, system_prompt: str | None, tools: Any) -> None:
        if self._open_error is not None:
            raise self._open_error

    async def next(self, seconds: float) -> Any:
        await asyncio.sleep(0)
        if self.comes:
            return self.comes.popleft()
        if self.failure is not None:
            raise self.failure
        return None

    def put(self, event: Any) -> None:
        self.comes.appendleft(event)

    async def tell(self, messages: Any) -> None:
        await self.send(messages)

    async def send(self, content: Any) -> None:
        if self.is_stuck:
            await asyncio.get_running_loop().create_future()
        self.sent.append(content)

    def fail(self, error: Exception) -> None:
        self.failure = error
        self.is_failed = True

    async def aclose(self) -> None:
        self.is_closed = True


@asynccontextmanager
async def talking(*connections: FakeConnection) -> AsyncIterator[NovaSonicModel]:
    waiting = list(connections)

    async def make() -> Connection:
        return cast(Connection, waiting.pop(0))

    model = NovaSonicModel(PLAN, make)
    async with asyncio.timeout(10):
        yield model
        await model.stop()
    assert waiting == []
    assert all(each.is_closed for each in connections)


async def kinds_until(model: NovaSonicModel, last: str) -> list[str]:
    kinds: list[str] = []
    async for event in model.receive():
        kinds.append(event["type"])
        if kinds[-1] == last:
            break
    return kinds


def words(connection: FakeConnection) -> list[str]:
    messages = [each for each in connection.sent if isinstance(each, BidiMessage)]
    blocks = [block for message in messages for block in message.content]
    return [block.text for block in blocks if isinstance(block, TextBlock)]


async def test_a_connection_that_cannot_be_opened_is_tried_again() -> None:
    bad, good = FakeConnection(TimeoutError()), FakeConnection()
    async with talking(bad, good) as model:
        await model.start()
        assert model.is_recovering is False  # the service has accepted this one
        await model.send(SOUND)
    assert len(good.sent) == 1


async def test_after_three_of_them_the_start_fails_and_leaves_nothing() -> None:
    bad = [FakeConnection(OSError("no network")) for _ in range(3)]
    async with talking(*bad) as model:
        with pytest.raises(ModelFailed, match="cannot be reached"):
            await model.start()
        with pytest.raises(RuntimeError, match="not open"):
            await model.send(SOUND)


async def test_what_is_not_the_network_is_not_tried_again() -> None:
    async with talking(FakeConnection(ValueError("no such region"))) as model:
        with pytest.raises(ValueError, match="no such region"):
            await model.start()


async def test_a_service_that_takes_nothing_more_is_left() -> None:
    stalled, good = FakeConnection(), FakeConnection()
    async with talking(stalled, good) as model:
        await model.start()
        stalled.blocked_seconds = 4.0
        with pytest.raises(ConnectionTimeoutError):
            await kinds_until(model, "never")
        await model.restart()
        await model.send(SOUND)
    assert len(good.sent) == 1


async def test_a_new_connection_that_takes_no_history_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_RESUME_SECONDS", 0.01)
    stuck = FakeConnection()
    stuck.is_stuck = True
    async with talking(stuck) as model:
        await model.start(messages=[{"role": "user", "content": [{"text": "Hi"}]}])
        assert isinstance(stuck.failure, Stalled)
        with pytest.raises(ConnectionTimeoutError):
            await kinds_until(model, "never")


async def test_giving_up_while_it_is_resumed_closes_the_connection() -> None:
    stuck = FakeConnection()
    stuck.is_stuck = True
    async with talking(stuck) as model:
        starting = asyncio.create_task(
            model.start(messages=[{"role": "user", "content": [{"text": "Hi"}]}])
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting


async def test_a_tool_that_ends_after_a_restart_is_told_in_words() -> None:
    first, second = FakeConnection(), FakeConnection()
    first.comes.extend([HEARD, CALL])
    async with talking(first, second) as model:
        await model.start()
        await kinds_until(model, "bidi_tool_use_blocks")
        await model.restart()
        await model.send(BidiMessage([RESULT]))
    [told] = words(second)
    assert "Result: noon" in told


async def test_a_result_waits_for_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FREE_SECONDS", 0.05)
    monkeypatch.setattr(module, "_TICK_SECONDS", 0.01)
    first, second = FakeConnection(), FakeConnection()
    first.comes.extend([HEARD, CALL])
    second.comes.append({"type": "bidi_audio_delta"})
    async with talking(first, second) as model:
        await model.start()
        await kinds_until(model, "bidi_tool_use_blocks")
        await model.restart()
        await kinds_until(model, "bidi_audio_delta")  # the model speaks, and does not end
        await model.send(BidiMessage([RESULT]))
    assert len(words(second)) == 1


async def test_calls_that_nobody_answers_are_forgotten_in_the_end() -> None:
    connection = FakeConnection()
    uses: Any = [{"toolUseId": f"t{number}", "name": "x", "input": {}} for number in range(100)]
    connection.comes.append({"type": "bidi_tool_use_blocks", "tool_uses": uses})
    async with talking(connection) as model:
        await model.start()
        await kinds_until(model, "bidi_tool_use_blocks")
        assert len(model._calls) == 64


async def test_who_speaks_while_it_is_restarted_waits() -> None:
    first, second = FakeConnection(), FakeConnection()
    gate = asyncio.Event()
    connections = [first, second]

    async def make() -> Connection:
        if len(connections) == 1:
            await gate.wait()
        return cast(Connection, connections.pop(0))

    model = NovaSonicModel(PLAN, make)
    async with asyncio.timeout(10):
        await model.start()
        restarting = asyncio.create_task(model.restart())
        await asyncio.sleep(0)
        sending = asyncio.create_task(model.send(SOUND))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(restarting, sending)
        await model.stop()
    assert (len(first.sent), len(second.sent)) == (0, 1)


async def test_the_reader_of_a_connection_that_was_replaced_ends_in_silence() -> None:
    first, second = FakeConnection(), FakeConnection()
    async with talking(first, second) as model:
        await model.start()
        events = model.receive()
        reading = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        first.failure = StreamLost("closed by the restart")
        await model.restart()
        assert await reading is None


async def test_a_long_life_makes_up_for_earlier_losses() -> None:
    connections = [FakeConnection() for _ in range(5)]
    async with talking(*connections) as model:
        await model.start()
        for connection in connections[:-1]:
            connection.age_seconds = 120.0
            connection.failure = StreamLost("silent user")
            with pytest.raises(ConnectionTimeoutError):
                await kinds_until(model, "never")
            await model.restart()


async def test_a_connection_that_is_old_is_renewed_at_the_latest_after_forty_seconds() -> None:
    old, spare = FakeConnection(), FakeConnection()
    async with talking(old, spare) as model:
        await model.start()
        await model.send(BidiMessage([TextBlock("Hi")]))  # an answer is owed: no moment for it
        old.age_seconds = 431.0
        with pytest.raises(RenewalDue):
            await kinds_until(model, "never")
        await model.restart(messages=[{"role": "user", "content": [{"text": "Hi"}]}])
        assert words(spare) == ["Hi"]


async def test_silence_that_lasts_is_told_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ATTEMPTS_WHEN_SILENT", 1)
    connection = FakeConnection()

    async def make() -> Connection:
        return cast(Connection, connection)

    model = NovaSonicModel(PLAN, make)
    await model.start()
    connection.failure = Stalled()
    with pytest.raises(TimedOut):
        await kinds_until(model, "never")
    await model.stop()
