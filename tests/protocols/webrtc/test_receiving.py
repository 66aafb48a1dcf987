"""The seam to aiortc: its contract, release by release, and what happens without it."""

import asyncio
import logging
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest
from aiortc.rtcrtpparameters import (
    RTCRtpCodecParameters,
    RTCRtpReceiveParameters,
)
from aiortc.rtcrtpreceiver import RemoteStreamTrack, RTCRtpReceiver
from aiortc.rtp import RtpPacket
from aiortc.stats import RTCStatsReport

from protocols.webrtc.receiving import CHECKED_RELEASES, OWN, STOCK, receive_path, tap

BOUND_SECONDS = 5.0


class Transport:
    """As much of a DTLS transport as a receiver needs."""

    state = "connected"
    _stats_id = "transport"

    def _register_rtp_receiver(self, *arguments: Any) -> None:
        pass

    def _unregister_rtp_receiver(self, *arguments: Any) -> None:
        pass

    def _get_stats(self) -> RTCStatsReport:
        return RTCStatsReport()

    async def _send_rtp(self, data: bytes) -> None:
        pass


def packet(number: int) -> RtpPacket:
    made = RtpPacket(payload_type=96, sequence_number=number, timestamp=number * 960)
    made.ssrc, made.payload = 1234, b"\xf8\xff\xfe"
    return made


def new_receiver() -> RTCRtpReceiver:
    receiver = RTCRtpReceiver("audio", Transport())  # type: ignore[arg-type]  # a part of it
    receiver._track = RemoteStreamTrack("audio")
    return receiver


async def start(receiver: RTCRtpReceiver) -> None:
    opus = RTCRtpCodecParameters(
        mimeType="audio/opus", clockRate=48_000, channels=2, payloadType=96
    )
    await receiver.receive(RTCRtpReceiveParameters(codecs=[opus]))


@pytest.fixture(autouse=True)
def unknown() -> Any:
    """The path is looked for anew, before and after."""
    receive_path.cache_clear()
    yield
    receive_path.cache_clear()


def test_the_installed_release_is_one_that_was_checked() -> None:
    assert version("aiortc").startswith(CHECKED_RELEASES)
    assert receive_path() == OWN


async def test_every_packet_comes_to_us_at_once_and_none_to_the_decoder() -> None:
    receiver = new_receiver()
    taken: list[RtpPacket] = []
    assert tap(receiver, taken.append)
    await start(receiver)
    sent = [packet(number) for number in (5, 7, 6, 6, 65_535, 9)]
    for each in sent:
        await receiver._handle_rtp_packet(each, arrival_time_ms=0)
    assert [(p.sequence_number, p.timestamp, p.payload, p.ssrc) for p in taken] == [
        (p.sequence_number, p.timestamp, p.payload, p.ssrc) for p in sent
    ]
    assert receiver._RTCRtpReceiver__decoder_queue.empty()  # type: ignore[attr-defined]  # the seam
    assert isinstance(receiver.track, RemoteStreamTrack)
    assert receiver.track._queue.empty()
    async with asyncio.timeout(BOUND_SECONDS):
        await receiver.stop()


async def test_the_statistics_that_clients_are_sent_go_on() -> None:
    receiver = new_receiver()
    assert tap(receiver, lambda _: None)
    await start(receiver)
    for number in (1, 2, 4, 5):
        await receiver._handle_rtp_packet(packet(number), arrival_time_ms=0)
    report = await receiver.getStats()
    [inbound] = [each for each in report.values() if each.type == "inbound-rtp"]
    assert (inbound.packetsReceived, inbound.packetsLost) == (4, 1)
    async with asyncio.timeout(BOUND_SECONDS):
        await receiver.stop()


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.message for r in caplog.records if r.levelno == logging.WARNING]


def test_an_unknown_release_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("protocols.webrtc.receiving.version", lambda _: "1.17.0")
    assert receive_path() == receive_path() == STOCK
    assert warnings_of(caplog) == [
        "aiortc 1.17.0 is not known: calls are received its own way, later"
    ]


def test_without_aiortc_there_is_only_the_stock_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("protocols.webrtc.receiving.version", missing)
    assert receive_path() == STOCK


def test_without_libopus_there_is_only_the_stock_path(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("protocols.webrtc.receiving.library_path", lambda: None)
    assert receive_path() == STOCK
    assert warnings_of(caplog) == [
        "libopus was not found: calls are received by aiortc's own way, later"
    ]


async def test_a_receiver_of_another_build_is_left_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = new_receiver()
    other = object()
    receiver._RTCRtpReceiver__jitter_buffer = other  # type: ignore[attr-defined]  # the seam
    assert not tap(receiver, lambda _: None)
    assert vars(receiver)["_RTCRtpReceiver__jitter_buffer"] is other
    assert warnings_of(caplog) == [
        "aiortc's receiver has changed: calls are received its own way, later"
    ]
