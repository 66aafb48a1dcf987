"""``GET /ping``, as AgentCore reads it."""

from litestar import Litestar
from litestar.testing import AsyncTestClient

from gateway.activity import Activity
from gateway.health import ping_route


async def test_ping_tells_the_status_and_when_it_last_changed() -> None:
    now = [1000.9]
    activity = Activity(lambda: now[0])
    app = Litestar([ping_route(activity)], openapi_config=None)
    async with AsyncTestClient(app) as http:
        idle = await http.get("/ping")
        now[0] = 2000.5
        still_idle = await http.get("/ping")
        with activity.hold():
            busy = await http.get("/ping")
    assert (idle.status_code, idle.headers["Cache-Control"]) == (200, "no-store")
    assert idle.headers["Content-Type"] == "application/json"
    assert [answer.json() for answer in (idle, still_idle, busy)] == [
        {"status": "Healthy", "time_of_last_update": 1000},
        {"status": "Healthy", "time_of_last_update": 1000},
        {"status": "HealthyBusy", "time_of_last_update": 2000},
    ]


async def test_ping_is_only_asked() -> None:
    app = Litestar([ping_route(Activity(lambda: 0.0))], openapi_config=None)
    async with AsyncTestClient(app) as http:
        assert (await http.post("/ping")).status_code == 405
