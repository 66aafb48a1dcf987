import asyncio

from observability.correlation import bind_request, bind_session, request_id, session_id


async def test_a_request_is_known_to_the_tasks_it_makes_and_to_no_other() -> None:
    async def handle(name: str) -> tuple[str, str]:
        bind_request(name)
        return await asyncio.create_task(work())

    async def work() -> tuple[str, str]:
        await asyncio.sleep(0)
        return request_id(), session_id()

    assert list(await asyncio.gather(handle("r1"), handle("r2"))) == [("r1", ""), ("r2", "")]
    assert request_id() == ""


def test_binding_a_session_gives_the_one_before() -> None:
    assert bind_session("s1") == ""
    assert (bind_session("s2"), session_id()) == ("s1", "s2")
    assert (bind_session(""), session_id()) == ("s2", "")
