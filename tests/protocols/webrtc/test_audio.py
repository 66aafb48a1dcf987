import asyncio
from fractions import Fraction

import av
import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from protocols.webrtc.audio import Microphone, Playout, VoiceTrack, listen, opus_rate
from tests.protocols.webrtc.calls import loud_seconds, pitch, tone

RATE = 24_000
BOUND_SECONDS = 5.0
SILENCE = b"\xf8\xff\xfe"
STOP = b"\xf8"
TICK = 0.02


def sent(playout: Playout, start: float, count: int) -> list[tuple[bytes, int]]:
    """What is given in ``count`` ticks of 20 ms."""
    given = (playout.take(start + n * TICK + 1e-6) for n in range(count))
    return [packet for packet in given if packet is not None]


def decoded(payloads: list[bytes]) -> bytes:
    decoder = av.CodecContext.create("libopus", "r")
    mono = av.AudioResampler(format="s16", layout="mono", rate=48_000, threads=1)
    pcm = bytearray()
    for payload in payloads:
        for frame in decoder.decode(av.Packet(payload)):
            assert isinstance(frame, av.AudioFrame)
            for resampled in mono.resample(frame):
                pcm += bytes(resampled.planes[0])[: resampled.samples * 2]
    return bytes(pcm)


@pytest.mark.parametrize(
    ("rate", "encoded_at"), [(8_000, 8_000), (16_000, 16_000), (22_050, 48_000), (24_000, 24_000)]
)
def test_sound_is_encoded_at_its_own_rate_if_opus_has_it(rate: int, encoded_at: int) -> None:
    assert opus_rate(rate) == encoded_at


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_voice_leaves_as_packets_of_twenty_milliseconds_and_ends_in_silence(rate: int) -> None:
    playout = Playout(rate)
    playout.push(tone(440, 0.2, rate))
    packets = sent(playout, 10.0, 50)
    payloads = [payload for payload, _ in packets]
    # Ten packets of sound, one for the tail in the encoder, then the closing.
    assert len(packets) == 15
    assert payloads[-4:] == [SILENCE, SILENCE, SILENCE, STOP]
    assert [ticks for _, ticks in packets] == [n * 960 for n in range(15)]
    heard = decoded(payloads[:-1])
    assert abs(loud_seconds(heard, 48_000) - 0.2) <= 0.04
    assert abs(pitch(heard[: 48_000 // 5 * 2], 48_000) - 440) <= 6
    assert (playout.is_silent, playout.wait_seconds(20.0)) == (True, None)


def test_pieces_of_any_size_are_joined() -> None:
    playout = Playout(RATE)
    sound = tone(440, 0.1, RATE)
    for start in range(0, len(sound), 334):
        playout.push(sound[start : start + 334])
    assert len(sent(playout, 0.0, 50)) == 5 + 1 + 4


def test_a_piece_smaller_than_a_packet_is_sent_too() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.005, RATE))
    assert playout.wait_seconds(0.0) == 0.0
    assert len(sent(playout, 0.0, 50)) == 1 + 4


def test_nothing_is_sent_before_it_is_due() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.1, RATE))
    assert playout.take(5.0) is not None
    assert playout.take(5.019) is None
    assert playout.wait_seconds(5.015) == pytest.approx(0.005)
    assert playout.take(5.0201) is not None


def test_the_time_of_packets_runs_on_in_silence() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.02, RATE))
    assert [ticks for _, ticks in sent(playout, 0.0, 20)] == [n * 960 for n in range(6)]
    playout.push(tone(440, 0.02, RATE))
    first = playout.take(2.0)
    assert first is not None
    assert first[1] == 96_000


def test_after_a_stall_there_is_no_burst() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.4, RATE))
    assert len(sent(playout, 0.0, 3)) == 3
    late = [playout.take(1.0), playout.take(1.0), playout.take(1.02)]
    assert [packet and packet[1] for packet in late] == [48_000, None, 48_960]


def test_a_short_delay_is_caught_up_on() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.4, RATE))
    assert len(sent(playout, 0.0, 3)) == 3
    late = [playout.take(0.11), playout.take(0.11), playout.take(0.11), playout.take(0.11)]
    assert [packet and packet[1] for packet in late] == [2_880, 3_840, 4_800, None]


def test_after_a_drop_only_the_closing_is_sent() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 1.0, RATE) + b"\1\1")
    assert len(sent(playout, 0.0, 5)) == 5
    assert playout.queued_seconds == pytest.approx(0.9)
    playout.drop()
    assert [payload for payload, _ in sent(playout, 0.1, 50)] == [SILENCE, SILENCE, SILENCE, STOP]


def test_a_drop_in_silence_sends_nothing() -> None:
    playout = Playout(RATE)
    playout.drop()
    assert playout.take(1.0) is None


class Clock:
    """Goes on by 5 ms at every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.005
        return self.now


async def test_a_track_gives_packets_ready_to_send() -> None:
    track = VoiceTrack(RATE, Clock())
    await track.play(tone(440, 0.02, RATE))
    async with asyncio.timeout(BOUND_SECONDS):
        packets = [await track.recv() for _ in range(6)]
    assert [packet.pts for packet in packets] == [n * 960 for n in range(6)]
    assert {Fraction(p.time_base.numerator, p.time_base.denominator) for p in packets} == {
        Fraction(1, 48_000)
    }
    assert [bytes(packet) for packet in packets[-4:]] == [SILENCE, SILENCE, SILENCE, STOP]


async def test_a_silent_track_waits_for_voice_or_its_end() -> None:
    track = VoiceTrack(RATE, Clock())
    packet = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    await track.play(tone(440, 0.02, RATE))
    async with asyncio.timeout(BOUND_SECONDS):
        await packet
    rest = asyncio.create_task(_until_ended(track))
    async with asyncio.timeout(BOUND_SECONDS):
        await track.silence()
    track.stop()
    async with asyncio.timeout(BOUND_SECONDS):
        assert await rest == 5


async def _until_ended(track: VoiceTrack) -> int:
    count = 0
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return count
        count += 1


async def test_a_full_track_makes_the_speaker_wait() -> None:
    track = VoiceTrack(RATE, Clock())
    await track.play(tone(440, 0.5, RATE))
    waiting = asyncio.create_task(track.play(tone(440, 0.1, RATE)))
    await asyncio.sleep(0)
    assert not waiting.done()
    async with asyncio.timeout(BOUND_SECONDS):
        for _ in range(6):
            await track.recv()
        await waiting


@pytest.mark.parametrize("end", [VoiceTrack.stop, VoiceTrack.drop])
async def test_nobody_waits_for_a_track_that_ended_or_was_emptied(end: object) -> None:
    track = VoiceTrack(RATE, Clock())
    await track.play(tone(440, 0.5, RATE))
    waiting = asyncio.create_task(track.play(tone(440, 0.1, RATE)))
    await asyncio.sleep(0)
    assert callable(end)
    end(track)
    async with asyncio.timeout(BOUND_SECONDS):
        await waiting


def frame(pcm: bytes, rate: int = 48_000) -> av.AudioFrame:
    made = av.AudioFrame(format="s16", layout="stereo", samples=len(pcm) // 2)
    stereo = b"".join(pcm[n : n + 2] * 2 for n in range(0, len(pcm), 2))
    made.planes[0].update(stereo)
    made.sample_rate = rate
    return made


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_the_microphone_gives_pieces_of_forty_milliseconds(rate: int) -> None:
    microphone = Microphone(rate)
    sound = tone(440, 1.0, 48_000)
    pieces = [microphone.feed(frame(sound[at : at + 1_920])) for at in range(0, len(sound), 1_920)]
    piece_bytes = rate // 25 * 2
    assert {len(piece) % piece_bytes for piece in pieces} == {0}
    assert max(len(piece) for piece in pieces) == piece_bytes
    heard = b"".join(pieces)
    assert abs(len(heard) - rate * 2) <= 2 * piece_bytes
    assert abs(pitch(heard, rate) - 440) <= 3
    assert microphone.silence() == bytes(piece_bytes)


class Remote(MediaStreamTrack):
    """Gives frames, then nothing for a while, then ends."""

    kind = "audio"

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames
        self.ended = asyncio.Event()

    async def recv(self) -> av.AudioFrame:
        if self._frames:
            self._frames -= 1
            return frame(tone(440, 0.02, 48_000))
        await self.ended.wait()
        raise MediaStreamError


async def test_when_nothing_comes_silence_is_heard_until_the_track_ends() -> None:
    heard = bytearray()
    remote = Remote(frames=10)

    async def hear(pcm: bytes) -> None:
        heard.extend(pcm)
        if len(heard) >= 16_000:
            remote.ended.set()

    async with asyncio.timeout(BOUND_SECONDS):
        await listen(remote, 16_000, hear)
    assert abs(loud_seconds(bytes(heard), 16_000) - 0.2) <= 0.05
    assert not any(heard[-6_400:])
