import asyncio

import pytest
from aiortc.rtp import RtpPacket

from protocols.webrtc.ear import Ear
from protocols.webrtc.jitter import Counts
from protocols.webrtc.opus import CLOSING
from protocols.webrtc.ticker import Ticker
from tests.protocols.webrtc.calls import loud_seconds, pitch, tone
from tests.protocols.webrtc.test_libopus import encoded
from tests.protocols.webrtc.test_voice import HandTurned

RATE = 16_000
BOUND_SECONDS = 5.0


def packet(number: int, payload: bytes, ssrc: int = 1) -> RtpPacket:
    made = RtpPacket(
        payload_type=96, sequence_number=number & 0xFFFF, timestamp=number * 960 % 2**32
    )
    made.ssrc, made.payload = ssrc, payload
    return made


class Listener:
    """Collects what is heard."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.changed = asyncio.Event()

    async def hear(self, pcm: bytes) -> None:
        self.pcm += pcm
        self.changed.set()


async def heard(payloads: list[bytes | None], ssrcs: list[int] | None = None) -> tuple[Ear, bytes]:
    """What is heard of packets that come one each 20 ms; None is a lost one."""
    now = 0.0
    ticker = HandTurned()
    ear = Ear(RATE, ticker, lambda: now)
    listener = Listener()
    listening = asyncio.create_task(ear.listen(listener.hear))
    await asyncio.sleep(0)
    for number, payload in enumerate(payloads):
        if payload is not None:
            ear.take(packet(number, payload, ssrcs[number] if ssrcs else 1))
        for listening_tick in list(ticker._listeners):
            listening_tick(now, 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        now += 0.02
    listening.cancel()
    await asyncio.wait({listening})
    assert not ticker.is_in_use()
    return ear, bytes(listener.pcm)


async def test_what_is_said_is_heard_at_the_rate_of_the_model() -> None:
    ear, pcm = await heard([*encoded(tone(440, 1.0, 48_000))])
    assert len(pcm) == RATE * 2
    assert abs(pitch(pcm, RATE) - 440) <= 3
    assert (ear.counts, ear.wait_seconds) == (Counts(received=50), 0.02)


async def test_lost_packets_leave_no_holes() -> None:
    packets: list[bytes | None] = [*encoded(tone(440, 1.0, 48_000), fec="1", packet_loss="20")]
    for number in (10, 20, 30, 31):
        packets[number] = None
    ear, pcm = await heard(packets)
    assert len(pcm) == RATE * 2
    assert loud_seconds(pcm, RATE) >= 0.96
    assert ear.counts == Counts(received=46, lost=4, recovered_frames=3, concealed_frames=1)


async def test_another_microphone_is_followed_from_its_first_packet() -> None:
    packets: list[bytes | None] = [*encoded(tone(440, 0.4, 48_000))]
    _, pcm = await heard(packets, [1] * 10 + [2] * 10)
    assert len(pcm) == len(packets) * 640


async def test_a_damaged_packet_is_made_up() -> None:
    packets: list[bytes | None] = [*encoded(tone(440, 0.4, 48_000))]
    packets[10] = bytes([255, 1]) + bytes(3)
    _, pcm = await heard(packets)
    assert len(pcm) == len(packets) * 640
    assert loud_seconds(pcm, RATE) >= 0.38


async def test_in_a_busy_process_sound_is_handed_on_less_often() -> None:
    ticker = HandTurned()
    listeners = [lambda _now, _count, n=n: None for n in range(8)]
    for other in listeners:
        ticker.add(other)
    pieces: list[int] = []

    async def hear(pcm: bytes) -> None:
        pieces.append(len(pcm))

    ear = Ear(RATE, ticker)
    listening = asyncio.create_task(ear.listen(hear))
    await asyncio.sleep(0)
    for number in range(6):
        ear.take(packet(number, b"\xf8\xff\xfe"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait({listening})
    assert pieces == [3 * 640, 3 * 640]


async def test_what_comes_before_anybody_listens_is_not_kept() -> None:
    ear = Ear(RATE, Ticker())
    ear.take(packet(0, b"\xf8\xff\xfe"))
    assert (ear.counts, ear.wait_seconds) == (Counts(), 0.0)


async def test_silence_is_heard_when_nothing_comes() -> None:
    listener = Listener()
    listening = asyncio.create_task(Ear(RATE, Ticker()).listen(listener.hear))
    async with asyncio.timeout(BOUND_SECONDS):
        await listener.changed.wait()
    listening.cancel()
    await asyncio.wait({listening})
    assert set(listener.pcm) == {0}


async def test_a_call_is_silent_in_step_with_its_packets() -> None:
    listener = Listener()
    ear = Ear(RATE, HandTurned())  # no tick comes
    listening = asyncio.create_task(ear.listen(listener.hear))
    await asyncio.sleep(0)
    for number, payload in enumerate(CLOSING):
        ear.take(packet(number, payload))
    async with asyncio.timeout(BOUND_SECONDS):
        while len(listener.pcm) < 9 * 640:
            listener.changed.clear()
            await listener.changed.wait()
    listening.cancel()
    await asyncio.wait({listening})
    assert set(listener.pcm) == {0}


@pytest.mark.parametrize(
    ("calls", "payloads", "is_timed"),
    [(0, CLOSING, True), (0, CLOSING[:3], False), (9, CLOSING, False)],
)
async def test_few_calls_need_a_clock_of_their_own_and_only_in_silence(
    calls: int, payloads: tuple[bytes, ...], is_timed: bool
) -> None:
    ticker = HandTurned()
    others = [lambda _now, _count, n=n: None for n in range(calls)]
    for other in others:
        ticker.add(other)
    ear = Ear(RATE, ticker)
    listening = asyncio.create_task(ear.listen(Listener().hear))
    await asyncio.sleep(0)
    for number, payload in enumerate(payloads):
        ear.take(packet(number, payload))
    assert (ear._silence is not None) is is_timed
    listening.cancel()
    await asyncio.wait({listening})
    ear.take(packet(4, CLOSING[-1]))  # nobody listens any more
    assert ear._silence is None
    assert ear.counts.received == len(payloads)


async def test_of_what_is_not_taken_the_last_two_seconds_are_kept() -> None:
    now = 0.0
    ear = Ear(RATE, HandTurned(), lambda: now)
    pieces: list[bytes] = []
    may_go_on, came = asyncio.Event(), asyncio.Event()

    async def hear(pcm: bytes) -> None:
        pieces.append(pcm)
        if len(pieces) > 1:
            came.set()
        await may_go_on.wait()

    listening = asyncio.create_task(ear.listen(hear))
    await asyncio.sleep(0)
    for number, payload in enumerate(encoded(tone(440, 3.0, 48_000))):
        ear.take(packet(number, payload))
        await asyncio.sleep(0)
        now += 0.02
    may_go_on.set()
    async with asyncio.timeout(BOUND_SECONDS):
        await came.wait()
    listening.cancel()
    await asyncio.wait({listening})
    assert [len(piece) for piece in pieces] == [640, RATE * 2 * 2]


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
async def test_any_rate_of_opus_can_be_heard(rate: int) -> None:
    ear = Ear(rate, Ticker())
    listener = Listener()
    listening = asyncio.create_task(ear.listen(listener.hear))
    await asyncio.sleep(0)
    ear.take(packet(0, b"\xf8\xff\xfe"))
    async with asyncio.timeout(BOUND_SECONDS):
        await listener.changed.wait()
    listening.cancel()
    await asyncio.wait({listening})
    assert len(listener.pcm) == rate // 50 * 2
