import asyncio
from fractions import Fraction

import numpy as np
from av import AudioFrame

from gateway.cli.answer import Question
from gateway.cli.call import Call
from gateway.cli.media import MicrophoneTrack, Tape
from gateway.cli.microphone import Microphone
from gateway.cli.sound import silence
from protocols.webrtc.libopus import Decoder
from tests.protocols.webrtc.calls import loud_seconds, tone

RATE = 48_000
SPEECH = bytes(640 * 6) + tone(440, 0.3, 16_000)


def frame(level: int, pts: int | None, *, stereo: bool = True) -> AudioFrame:
    channels = 2 if stereo else 1
    samples = np.full((1, 960 * channels), level, dtype="<i2")
    made = AudioFrame.from_ndarray(samples, "s16", "stereo" if stereo else "mono")
    made.sample_rate = RATE
    made.pts = pts
    return made


async def test_the_microphone_gives_a_packet_every_20_ms() -> None:
    loop = asyncio.get_running_loop()
    microphone = Microphone(Question(tone(440, 0.04, 16_000), 16_000, 0.02, b""))
    microphone.start(loop.time())
    track = MicrophoneTrack(microphone)
    began_at = loop.time()
    async with asyncio.timeout(5):
        packets = [await track.recv() for _ in range(3)]
    assert loop.time() - began_at >= 0.04
    assert [packet.pts for packet in packets] == [0, 960, 1_920]
    assert Fraction(str(packets[0].time_base)) == Fraction(1, 48_000)
    decoder = Decoder(16_000)
    heard = b"".join(decoder.decode(bytes(packet)) for packet in packets)
    assert len(heard) == 3 * 640
    assert loud_seconds(heard, 16_000) >= 0.02


async def test_a_packet_of_the_microphone_that_is_lost_is_in_the_next_one() -> None:
    microphone = Microphone(Question(SPEECH, 16_000, 0.4, b""))
    microphone.start(asyncio.get_running_loop().time())
    track = MicrophoneTrack(microphone)
    async with asyncio.timeout(5):
        packets = [bytes(await track.recv()) for _ in range(12)]
    decoder = Decoder(16_000)
    for packet in packets[:6]:
        decoder.decode(packet)
    # Up to here there was silence: only the copy can tell of the tone that begins in packet 6.
    assert loud_seconds(decoder.recover(packets[7], 960), 16_000) == 0.02


def tape() -> tuple[Tape, Call]:
    call = Call(Question(b"", 16_000, 0.0, b""), lambda: 0.0)
    return Tape(call), call


def test_stereo_becomes_mono_and_the_first_sound_is_noted() -> None:
    recorded, call = tape()
    recorded.record(frame(0, 0))
    recorded.record(frame(5_000, 960))
    recorded.record(frame(5_000, 1920, stereo=False))
    assert recorded.pcm == bytes(1920) + (5_000).to_bytes(2, "little") * 1920
    assert "first audio" in dict(call.answer(b"", 1).latencies)


def test_where_no_frame_came_there_is_silence() -> None:
    recorded, _ = tape()
    recorded.record(frame(1, 960))
    recorded.record(frame(1, 960 + 960 + 4_800))
    recorded.record(frame(1, None))
    assert recorded.pcm == b"\1\0" * 960 + silence(0.1, RATE) + b"\1\0" * 1920


def test_a_clock_gone_wild_does_not_fill_the_memory() -> None:
    recorded, _ = tape()
    recorded.record(frame(1, 0))
    recorded.record(frame(1, 48_000 * 10**6))
    assert len(recorded.pcm) == 2 * (2 * 960 + 30 * RATE)
