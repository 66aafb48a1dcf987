"""A connection that is opened ahead is there when it is needed, and no other is left."""

import asyncio
from typing import Any

from gateway.models.nova_sonic.spare import Spare


class FakeConnection:
    def __init__(self, name: str) -> None:
        self.name = name
        self.age_seconds = 0.0
        self.is_failed = False


class Scene:
    """Connections by name; the ones that are retired."""

    def __init__(self, *names: str) -> None:
        self.made: list[FakeConnection] = []
        self.retired: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._names = list(names)
        self.spare = Spare(self._connect, lambda old: self.retired.append(old.name))  # type: ignore[attr-defined]  # the fake has one

    async def _connect(self) -> Any:
        await self.gate.wait()
        if not self._names:
            raise OSError("no more")
        self.made.append(FakeConnection(self._names.pop(0)))
        return self.made[-1]

    async def settled(self) -> None:
        async with asyncio.timeout(5):
            while not self.spare.is_settled:  # noqa: ASYNC110  # a turn of the loop each
                await asyncio.sleep(0)

    async def taken(self) -> str | None:
        connection: Any = await self.spare.take()
        return None if connection is None else connection.name


async def test_without_preparation_there_is_none() -> None:
    scene = Scene("a")
    assert (scene.spare.is_settled, await scene.taken()) == (False, None)


async def test_it_is_opened_once_and_given_away_once() -> None:
    scene = Scene("a", "b")
    scene.spare.prepare()
    scene.spare.prepare()
    await scene.settled()
    scene.spare.prepare()
    assert [await scene.taken(), await scene.taken()] == ["a", None]
    assert (len(scene.made), scene.retired) == (1, [])


async def test_who_takes_it_early_waits_for_it() -> None:
    scene = Scene("a")
    scene.gate.clear()
    scene.spare.prepare()
    taking = asyncio.create_task(scene.taken())
    await asyncio.sleep(0)
    scene.gate.set()
    assert await taking == "a"


async def test_one_that_grew_old_is_replaced() -> None:
    scene = Scene("a", "b")
    scene.spare.prepare()
    await scene.settled()
    scene.made[0].age_seconds = 31.0
    scene.spare.prepare()
    await scene.settled()
    assert (await scene.taken(), scene.retired) == ("b", ["a"])


async def test_one_that_has_ended_is_none() -> None:
    scene = Scene("a")
    scene.spare.prepare()
    await scene.settled()
    scene.made[0].is_failed = True
    assert (await scene.taken(), scene.retired) == (None, ["a"])


async def test_one_that_could_not_be_opened_is_none() -> None:
    scene = Scene()
    scene.spare.prepare()
    await scene.settled()
    scene.spare.prepare()  # the failure stands until somebody wants it
    assert await scene.taken() is None


async def test_the_one_that_nobody_took_is_closed() -> None:
    scene = Scene("a")
    scene.spare.prepare()
    await scene.settled()
    await scene.spare.aclose()
    await scene.spare.aclose()
    assert scene.retired == ["a"]


async def test_the_one_that_is_being_opened_is_given_up() -> None:
    scene = Scene("a")
    scene.gate.clear()
    scene.spare.prepare()
    await asyncio.sleep(0)
    await scene.spare.aclose()
    assert (scene.made, await scene.taken()) == ([], None)
