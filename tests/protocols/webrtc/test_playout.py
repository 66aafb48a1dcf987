import av
import pytest

from protocols.webrtc.playout import Playout
from tests.protocols.webrtc.calls import loud_seconds, pitch, tone

RATE = 24_000
SILENCE = b"\xf8\xff\xfe"
STOP = b"\xf8"
TICK = 0.02


def sent(playout: Playout, start: float, count: int) -> list[tuple[bytes, int]]:
    """What is given in ``count`` ticks of 20 ms."""
    given = (playout.take(start + n * TICK) for n in range(count))
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
    assert playout.is_silent


def test_pieces_of_any_size_are_joined() -> None:
    playout = Playout(RATE)
    sound = tone(440, 0.1, RATE)
    for start in range(0, len(sound), 334):
        playout.push(sound[start : start + 334])
    assert len(sent(playout, 0.0, 50)) == 5 + 1 + 4


def test_a_piece_smaller_than_a_packet_is_sent_too() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.005, RATE))
    assert not playout.is_silent
    assert [playout.take(n * TICK) for n in range(3)] == [None, None, None]
    assert len(sent(playout, 0.06, 50)) == 1 + 4


def test_the_time_of_packets_runs_on_in_silence() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.1, RATE))
    assert [ticks for _, ticks in sent(playout, 0.0, 20)] == [n * 960 for n in range(10)]
    playout.push(tone(440, 0.02, RATE))
    first = playout.take(2.0)
    assert first is not None
    assert first[1] == 96_000


def test_a_source_from_hand_to_mouth_is_waited_for() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.04, RATE))
    given = [playout.take(tick * 0.02) is not None for tick in range(7)]
    assert given == [True, True, *[False] * 5]
    playout.push(tone(440, 0.04, RATE))
    late = [playout.take(0.13), playout.take(0.13)]
    # What comes late leaves late: no silence in between, and no delay that stays.
    assert [packet and packet[1] for packet in late] == [2 * 960, 3 * 960]
    assert [payload for payload, _ in sent(playout, 0.14, 20)][-4:] == [
        SILENCE,
        SILENCE,
        SILENCE,
        STOP,
    ]


def test_in_a_busy_process_nobody_is_waited_for() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.04, RATE), is_busy=True)
    assert len(sent(playout, 0.0, 3)) == 3
    playout.push(tone(440, 0.04, RATE), is_busy=True)
    assert len(sent(playout, 0.06, 20)) == 2 + 1 + 4


def test_losses_are_prepared_for_now_and_later() -> None:
    sizes = []
    for percent in (0, 20):
        playout = Playout(RATE)
        playout.expect_loss(percent)
        playout.expect_loss(percent)
        playout.push(tone(440, 0.2, RATE))
        sent(playout, 0.0, 50)
        playout.push(tone(440, 0.2, RATE))
        sizes.append(sum(len(payload) for payload, _ in sent(playout, 1.0, 10)))
    assert sizes[0] != sizes[1]


def test_after_a_stall_that_is_not_caught_up_on_the_time_goes_by_the_clock() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.4, RATE))
    assert len(sent(playout, 0.0, 3)) == 3
    late = [playout.take(1.0), playout.take(1.02)]
    assert [packet and packet[1] for packet in late] == [48_000, 48_960]


def test_a_short_delay_is_caught_up_on() -> None:
    playout = Playout(RATE)
    playout.push(tone(440, 0.4, RATE))
    assert len(sent(playout, 0.0, 3)) == 3
    late = [playout.take(0.11), playout.take(0.11), playout.take(0.11)]
    assert [packet and packet[1] for packet in late] == [2_880, 3_840, 4_800]


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
