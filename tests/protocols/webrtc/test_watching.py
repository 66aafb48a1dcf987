"""A call tells how its connection does: its client while it lasts, the metrics when it is over."""

import asyncio

import pytest

from observability.calls import CallQuality
from protocols.webrtc import watching
from tests.protocols.webrtc.calls import Client, Mouth, calling, serving, tone


async def test_client_and_metrics_are_told_how_the_connection_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carried: list[CallQuality] = []
    monkeypatch.setattr(watching, "call_carried", carried.append)
    monkeypatch.setattr(watching, "_FIRST_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.1)
    async with (
        serving() as server,
        calling(server, Mouth(tone(440, 1.0, 48_000))) as client,
    ):
        await client.until(
            lambda: any("lossUpPercent" in document for document in client.documents)
        )
        [latency, *_] = [d for d in client.documents if "lossUpPercent" in d]
        assert (latency["type"], latency["path"]) == ("gateway.latency", "host")
        assert "runId" not in latency
        assert latency["connectMs"] > 0
        assert latency["lossUpPercent"] == 0.0
        assert carried == []
    [quality] = carried
    assert (quality.receive_path, quality.ice_path) == ("own", "host")
    assert (quality.loss_up, quality.underruns, quality.made_up_seconds) == (0.0, 0, 0.0)
    assert quality.jitter_up_seconds is not None


async def test_a_call_that_never_connected_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carried: list[CallQuality] = []
    monkeypatch.setattr(watching, "call_carried", carried.append)
    async with serving(connect_seconds=0.1) as server:
        client = Client(Mouth())
        offer = {"sdp": await client.offer(), "type": "offer"}
        await server.act("offer", offer)
        async with asyncio.timeout(10):
            await asyncio.gather(*(peer.ended() for peer in list(server.peers._peers)))
        await client.aclose()
    assert carried == []
