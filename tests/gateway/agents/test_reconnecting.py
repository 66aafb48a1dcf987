"""Who waits for a lost service is told so, unless it is back at once."""

import asyncio
from typing import Any

import pytest
from strands.bidi import BidiAgent
from strands.bidi.hooks.events import (
    BidiAfterConnectionRestartEvent,
    BidiBeforeConnectionRestartEvent,
)

from gateway.agents.reconnecting import ReconnectNotice
from protocols.contract.events import Event, ModelReconnecting
from tests.scripted_voice import ScriptedVoice


class Recovering(ScriptedVoice):
    is_recovering = True


class Scene:
    def __init__(self, model: ScriptedVoice) -> None:
        self.agent = BidiAgent(model)
        self.told: list[Event] = []
        self.notice = ReconnectNotice(self.agent, self.told.append, after_seconds=0.0)

    async def restarts(self, *, ended: bool) -> None:
        """A restart begins, perhaps ends, and the notice has had its moment."""
        events: list[Any] = [BidiBeforeConnectionRestartEvent(self.agent, reason="timeout")]
        if ended:
            events.append(BidiAfterConnectionRestartEvent(self.agent, reason="timeout"))
        for event in events:
            await self.agent.hooks.invoke_callbacks_async(event)
        await self.moment()

    async def moment(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.001, turn.set_result, None)
        async with asyncio.timeout(5):
            await turn


@pytest.mark.parametrize(("ended", "told"), [(False, [ModelReconnecting()]), (True, [])])
async def test_a_restart_that_lasts_is_told(ended: bool, told: list[Event]) -> None:
    scene = Scene(ScriptedVoice())
    await scene.restarts(ended=ended)
    assert scene.told == told


async def test_a_model_that_knows_better_is_asked() -> None:
    scene = Scene(Recovering())
    await scene.restarts(ended=True)
    assert scene.told == [ModelReconnecting()]


async def test_each_loss_is_told_again() -> None:
    scene = Scene(Recovering())
    for _ in range(2):
        await scene.restarts(ended=True)
    assert scene.told == [ModelReconnecting()] * 2


async def test_after_the_end_nothing_is_told() -> None:
    scene = Scene(ScriptedVoice())
    before: Any = BidiBeforeConnectionRestartEvent(scene.agent, reason="timeout")
    await scene.agent.hooks.invoke_callbacks_async(before)
    await scene.agent.hooks.invoke_callbacks_async(before)
    scene.notice.close()
    scene.notice.close()
    await scene.moment()
    assert scene.told == []
