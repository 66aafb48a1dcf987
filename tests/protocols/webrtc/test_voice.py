import asyncio
from fractions import Fraction

import pytest
from aiortc.mediastreams import MediaStreamError

from protocols.contract.events import AudioDelta, Transcript, TurnEnded, TurnStarted
from protocols.webrtc.ticker import Ticker
from protocols.webrtc.voice import VoiceTrack
from tests.protocols.webrtc.calls import (
    CLIENT_RATE,
    INPUT_RATE,
    OUTPUT_RATE,
    Client,
    Mouth,
    loud_seconds,
    serving,
    tone,
)

RATE = 24_000
BOUND_SECONDS = 5.0
SILENCE = b"\xf8\xff\xfe"
STOP = b"\xf8"


class HandTurned(Ticker):
    """Ticks when the test says so."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)

    def _set(self) -> None:
        pass

    def tick(self, count: int = 1) -> None:
        for listener in list(self._listeners):
            listener(0.0, count)

    def is_in_use(self) -> bool:
        return bool(self._listeners)


async def next_packets(track: VoiceTrack, most: int) -> list[bytes]:
    """The packets that can be had now."""
    found = []
    for _ in range(most):
        packet = asyncio.create_task(track.recv())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not packet.done():
            packet.cancel()
            break
        found.append(bytes(packet.result()))
    return found


async def test_a_track_gives_packets_ready_to_send() -> None:
    now = 0.0
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker, lambda: now)
    await track.play(tone(440, 0.1, RATE))
    packets = []
    async with asyncio.timeout(BOUND_SECONDS):
        for _ in range(10):
            packets.append(await track.recv())
            now += 0.02
            ticker.tick()
    assert [packet.pts for packet in packets] == [n * 960 for n in range(10)]
    assert {Fraction(p.time_base.numerator, p.time_base.denominator) for p in packets} == {
        Fraction(1, 48_000)
    }
    assert [bytes(packet) for packet in packets[-4:]] == [SILENCE, SILENCE, SILENCE, STOP]


async def test_what_comes_late_leaves_at_once() -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    await track.play(tone(440, 0.02, RATE))
    assert len(await next_packets(track, 10)) == 1
    ticker.tick()
    assert await next_packets(track, 10) == []
    packet = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    await track.play(tone(440, 0.02, RATE))
    async with asyncio.timeout(BOUND_SECONDS):
        assert (await packet).pts == 960


async def test_packets_are_made_ready_for_losses() -> None:
    sizes = []
    for percent in (0, 20):
        ticker = HandTurned()
        track = VoiceTrack(RATE, ticker)
        track.expect_loss(percent)
        await track.play(tone(440, 0.2, RATE))
        ticker.tick(4)
        sizes.append([len(packet) for packet in await next_packets(track, 5)])
    assert [len(each) for each in sizes] == [5, 5]
    assert sizes[0] != sizes[1]


async def test_the_first_packet_leaves_at_once_and_one_with_each_tick() -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    await track.play(tone(440, 0.2, RATE))
    assert len(await next_packets(track, 10)) == 1
    ticker.tick()
    assert len(await next_packets(track, 10)) == 1
    ticker.tick(3)
    assert len(await next_packets(track, 10)) == 3


async def test_a_sender_that_was_held_up_sends_no_burst() -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    await track.play(tone(440, 0.4, RATE))
    for _ in range(10):
        ticker.tick()
    assert len(await next_packets(track, 20)) == 5


async def test_in_silence_the_clock_is_left_alone() -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    assert not ticker.is_in_use()
    await track.play(tone(440, 0.1, RATE))
    assert ticker.is_in_use()
    for _ in range(10):
        await next_packets(track, 1)
        ticker.tick()
    ticker.tick()
    assert not ticker.is_in_use()
    await track.play(tone(440, 0.2, RATE))
    assert len(await next_packets(track, 10)) == 1


async def test_all_voice_is_sent_before_the_silence() -> None:
    ticker = Ticker()
    track = VoiceTrack(RATE, ticker)
    sent = asyncio.create_task(_until_ended(track))
    await track.play(tone(440, 0.02, RATE))
    async with asyncio.timeout(BOUND_SECONDS):
        await track.silence()
        track.stop()
        assert await sent == 6


async def _until_ended(track: VoiceTrack) -> int:
    count = 0
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return count
        count += 1


async def test_a_full_track_makes_the_speaker_wait() -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    await track.play(tone(440, 0.5, RATE))
    waiting = asyncio.create_task(track.play(tone(440, 0.1, RATE)))
    await asyncio.sleep(0)
    assert not waiting.done()
    async with asyncio.timeout(BOUND_SECONDS):
        for _ in range(6):
            await track.recv()
            ticker.tick()
        await waiting
    track.stop()


@pytest.mark.parametrize("end", [VoiceTrack.stop, VoiceTrack.drop])
async def test_nobody_waits_for_a_track_that_ended_or_was_emptied(end: object) -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    await track.play(tone(440, 0.5, RATE))
    waiting = asyncio.create_task(track.play(tone(440, 0.1, RATE)))
    await asyncio.sleep(0)
    assert callable(end)
    end(track)
    async with asyncio.timeout(BOUND_SECONDS):
        await waiting


async def test_a_track_that_ended_leaves_the_clock_alone() -> None:
    ticker = HandTurned()
    track = VoiceTrack(RATE, ticker)
    await track.play(tone(440, 0.2, RATE))
    track.stop()
    await track.play(tone(440, 0.2, RATE))
    assert not ticker.is_in_use()


async def test_a_track_that_has_ended_takes_no_voice() -> None:
    track = VoiceTrack(RATE, HandTurned())
    track.stop()
    async with asyncio.timeout(BOUND_SECONDS):
        for _ in range(10):
            await track.play(tone(440, 0.1, RATE))
    assert track.queued_seconds == 0.0


async def test_a_client_that_only_speaks_reads_the_answer() -> None:
    async with serving() as server:
        client = Client(Mouth(tone(440, 1.0, CLIENT_RATE)))
        [transceiver] = client.connection.getTransceivers()
        transceiver.direction = "sendonly"
        await client.call(server)
        conversation = server.conversation()
        conversation.emit(
            TurnStarted("turn-1"),
            Transcript("m", "assistant", "Forty two."),
            AudioDelta("m", tone(330, 1.0, OUTPUT_RATE)),
            TurnEnded(),
        )
        await client.until_told("RUN_FINISHED")
        await conversation.until(lambda c: loud_seconds(bytes(c.heard), INPUT_RATE) >= 0.9)
        await client.aclose()
