"""Data channels of aiortc where packets are lost; two real ends on the loopback."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.rtcsctptransport import InitAckChunk, InitChunk, RTCSctpTransport

from protocols.webrtc.association import INITIAL_RTO_SECONDS, mend

LIMIT_SECONDS = 10
RTO_SECONDS = 0.05


async def offered() -> tuple[RTCPeerConnection, RTCPeerConnection, asyncio.Event]:
    """Two ends of which the first awaits the answer, and what tells that its channel is open."""
    caller, called = RTCPeerConnection(), RTCPeerConnection()
    is_open = asyncio.Event()
    caller.createDataChannel("text").on("open", is_open.set)
    await caller.setLocalDescription(await caller.createOffer())
    await called.setRemoteDescription(caller.localDescription)
    return caller, called, is_open


def lose_first_answer(sctp: RTCSctpTransport) -> None:
    send = sctp._send_chunk
    lost: list[Any] = []

    async def send_chunk(chunk: Any) -> None:
        if isinstance(chunk, InitAckChunk) and not lost:
            lost.append(chunk)
        else:
            await send(chunk)

    vars(sctp)["_send_chunk"] = send_chunk
    vars(sctp)["_rto"] = RTO_SECONDS


async def test_a_channel_opens_although_both_first_answers_are_lost() -> None:
    caller, called, is_open = await offered()
    assert called.sctp is not None
    assert caller.sctp is not None
    mend(called.sctp)
    for sctp in (caller.sctp, called.sctp):
        lose_first_answer(sctp)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await called.setLocalDescription(await called.createAnswer())
            await caller.setRemoteDescription(called.localDescription)
            await is_open.wait()
    finally:
        await asyncio.gather(caller.close(), called.close())


async def test_nothing_but_the_tag_and_the_first_wait_is_changed() -> None:
    caller, called, _ = await offered()
    sent: list[Any] = []
    other: list[Any] = []
    assert called.sctp is not None
    sctp = called.sctp

    async def note(chunk: Any) -> None:
        other.append(chunk)

    async def note_packet(packet: bytes) -> None:
        sent.append(packet)

    vars(sctp)["_send_chunk"] = note
    vars(sctp.transport)["_send_data"] = note_packet
    sctp._remote_verification_tag = 7
    sctp._remote_port = 5000
    mend(sctp)
    assert sctp._rto == INITIAL_RTO_SECONDS
    waits = []
    for _ in range(6):
        await sctp._send_chunk(InitChunk())
        waits.append(sctp._rto)
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    answer = InitAckChunk()
    await sctp._send_chunk(answer)
    assert other == [answer]
    assert {packet[:8] for packet in sent} == {b"\x13\x88\x13\x88\0\0\0\0"}
    assert sctp._rto == INITIAL_RTO_SECONDS
    await asyncio.gather(caller.close(), called.close())


def test_another_aiortc_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    other = SimpleNamespace(transport=None)
    with caplog.at_level(logging.WARNING):
        mend(other)
    assert vars(other) == {"transport": None}
    assert "has changed" in caplog.text
