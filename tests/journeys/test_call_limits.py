"""The limits of calls, as a caller meets them: each ends or refuses with its name."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.conformance.browser_offer import browser_offer
from tests.journeys.test_call import call
from tests.journeys.test_faults import becomes_idle
from tests.server_process import serve

BOUND_SECONDS = 30.0


@pytest.fixture(params=["GATEWAY_LIVE_SECONDS", "GATEWAY_IDLE_SECONDS"])
def limited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    limit = str(request.param)
    settings = {limit: "2", "GATEWAY_MAX_PEERS": "1"}
    with serve(tmp_path_factory.mktemp("limited") / "log", **settings) as url:
        yield url, limit


async def test_a_call_ends_at_its_limit_and_says_which(limited: tuple[str, str]) -> None:
    url, limit = limited
    async with httpx.AsyncClient(base_url=url, timeout=BOUND_SECONDS) as client:
        async with call(client) as (caller, _), asyncio.timeout(BOUND_SECONDS):
            offer = {"sdp": browser_offer(), "sessionId": str(uuid4())}
            another = {"action": "offer", "data": offer}
            refused = (await client.post("/invocations", json=another)).json()
            assert refused["code"] == "SERVICE_QUOTA_EXCEEDED"
            assert "GATEWAY_MAX_PEERS" in refused["error"]
            _, error = await caller.until("gateway.error")
            assert error["code"] == "TIMED_OUT"
            assert limit in error["error"]
            _, end = await caller.until("gateway.end")
            assert end["reason"] == "failed"
            await caller.until_closed()
        await becomes_idle(client)
