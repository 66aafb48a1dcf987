"""Calls come up while strangers send to their sockets, as fast as 500 datagrams a second.

FORGED_CONNECTS=100 makes it the measurement that the documentation quotes.
"""

import asyncio
import os
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc.rtcdtlstransport import SRTP_PROFILES, RTCCertificate
from OpenSSL import SSL

from protocols.webrtc.guard import Gate
from tests.protocols.webrtc.calls import Client, Mouth, Server, serving
from tests.protocols.webrtc.test_guard import check

CONNECTS = int(os.environ.get("FORGED_CONNECTS", "10"))
A_SECOND = 500


def client_hello() -> bytes:
    """The first flight of a DTLS handshake, as any client sends it."""
    certificate = RTCCertificate.generateCertificate()
    context = certificate._create_ssl_context(srtp_profiles=SRTP_PROFILES)
    hello = SSL.Connection(context)
    hello.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        hello.do_handshake()
    flight: bytes = hello.bio_read(1500)
    return flight


def forgeries() -> list[bytes]:
    dice = random.Random(1)  # noqa: S311 - to be repeated, not to be secret
    alert = struct.pack("!BHHIHHBB", 21, 0xFEFF, 0, 0, 0, 2, 2, 40)  # fatal: handshake failure
    return [
        client_hello(),
        b"",
        alert,
        bytes([0x80, 111]) + dice.randbytes(100),  # sound
        check("abcd:efgh", "x" * 22),
        dice.randbytes(60),
    ]


@asynccontextmanager
async def storm(sdp: str) -> AsyncIterator[None]:
    """Send forgeries to every address in an answer while the block runs."""
    places = {
        (words[4], int(words[5]))
        for words in (line.split(" ") for line in sdp.splitlines())
        if words[0].startswith("a=candidate:") and "." in words[4]
    }
    forged = forgeries()
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)

        async def send() -> None:
            loop = asyncio.get_running_loop()
            begun, sent = loop.time(), 0
            while True:
                for place in places:
                    stranger.sendto(forged[sent % len(forged)], place)
                sent += 1
                await asyncio.sleep(begun + sent * len(places) / A_SECOND - loop.time())

        sending = asyncio.create_task(send())
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.wait({sending})


async def comes_up(server: Server) -> bool:
    client = Client(Mouth())
    answer = await server.act("offer", {"sdp": await client.offer(), "type": "offer"})
    try:
        async with storm(answer["sdp"]):
            await client.answered(answer)
            channel = client.channel
            assert channel is not None
            await client.until(
                lambda: (
                    channel.readyState == "open"
                    or client.connection.connectionState in {"failed", "closed"}
                )
            )
        return client.connection.connectionState == "connected"
    finally:
        await client.aclose()
        await server.act("disconnect", {"pc_id": answer["pc_id"]})


async def test_calls_come_up_while_strangers_send() -> None:
    async with serving() as server:
        assert [await comes_up(server) for _ in range(CONNECTS)] == [True] * CONNECTS


async def test_without_the_gate_they_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent is a danger: the test above is one."""
    monkeypatch.setattr(Gate, "admits", lambda *_: True)
    async with serving() as server:
        assert not all([await comes_up(server) for _ in range(5)])
