import asyncio

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from protocols.webrtc.hearing import Hearing
from protocols.webrtc.jitter import Counts
from protocols.webrtc.libopus import NoLibopus
from protocols.webrtc.ticker import Ticker
from tests.protocols.webrtc.calls import Mouth, calling, loud_seconds, serving, tone


async def attached() -> Hearing:
    """The hearing of a connection that was offered a microphone."""
    client = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    server = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    client.addTransceiver("audio")
    await client.setLocalDescription(await client.createOffer())
    offer = RTCSessionDescription(client.localDescription.sdp, "offer")
    await server.setRemoteDescription(offer)
    hearing = Hearing(16_000, Ticker())
    hearing.attach(server)
    await client.close()
    await server.close()
    return hearing


def no_ear(*arguments: object) -> None:
    raise NoLibopus("libopus cannot be used")


async def test_calls_are_received_by_our_own_receiver() -> None:
    hearing = await attached()
    assert (hearing.path, hearing.counts) == ("own", Counts())
    assert "usedtx=1" in hearing.agreed("a=rtpmap:96 opus/48000/2\r\n")


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("receive_path", lambda: "stock"),
        ("Ear", no_ear),
        ("tap", lambda receiver, sink: False),
    ],
)
async def test_where_ours_cannot_be_the_stock_receiver_hears(
    name: str, replacement: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"protocols.webrtc.hearing.{name}", replacement)
    hearing = await attached()
    assert (hearing.path, hearing.counts) == ("stock", None)
    assert "usedtx" not in hearing.agreed("a=rtpmap:96 opus/48000/2\r\n")
    async with serving() as server, calling(server, Mouth(tone(440, 1.0, 48_000))):
        conversation = server.conversation()
        await conversation.until(lambda c: loud_seconds(bytes(c.heard), 16_000) >= 0.8)


async def test_without_an_offer_nothing_is_heard() -> None:
    heard: list[bytes] = []

    async def hear(pcm: bytes) -> None:
        heard.append(pcm)

    listening = asyncio.create_task(Hearing(16_000, Ticker()).listen(hear))
    await asyncio.sleep(0)
    assert not listening.done()
    listening.cancel()
    await asyncio.wait({listening})
    assert heard == []
