"""Many answers of Bedrock at once: whole, and the event loop stays free.

The figures are measured by ``make bench``; here is what a busy machine shows too.
"""

import asyncio
from itertools import pairwise
from typing import Any

from gateway.models.provider import Models
from gateway.settings import Settings
from tests.emulators.converse.scripts import Reply, Text
from tests.emulators.emulator import AwsEmulator
from tests.gateway.models.streams import told

STREAMS = 40
WORDS = 20
PAUSE_SECONDS = 0.05
USER: Any = {"role": "user", "content": [{"text": "Hi"}]}


async def test_answers_at_once_are_whole_and_leave_the_event_loop_free(aws: AwsEmulator) -> None:
    words = " ".join(["word"] * WORDS)
    aws.converse.scripts.standing = Reply((Text(words),), pause_seconds=PAUSE_SECONDS)
    models = Models(Settings(text_model="bedrock"))
    model = await models.text()
    loop = asyncio.get_running_loop()
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(loop.time())
            await asyncio.sleep(0.01)

    async def ask() -> str:
        return told([chunk async for chunk in model.stream([USER])])

    async with asyncio.timeout(60):
        await ask()
        ticking = asyncio.create_task(tick())
        answers = await asyncio.gather(*(ask() for _ in range(STREAMS)))
        ticking.cancel()
    await models.aclose()
    gaps = sorted(later - earlier for earlier, later in pairwise(ticks))
    assert answers == [words] * STREAMS
    # One answer takes a second: read on the loop, there would be no ticks but between answers.
    assert gaps[len(gaps) * 9 // 10] < 0.2
