"""The jitter buffer, packet by packet; what holds for any network is in ``test_jitter_traces``."""

import pytest

from protocols.webrtc.jitter import (
    Conceal,
    Counts,
    Decode,
    JitterBuffer,
    Recover,
    Silence,
    Step,
)

FRAME = 960
STOP = b"\xf8"


def sound(number: int) -> bytes:
    """A packet of 20 ms that can be told from others."""
    return b"\xf8" + number.to_bytes(4, "big")


def put(buffer: JitterBuffer, number: int, now: float, at: int | None = None) -> None:
    buffer.put(number & 0xFFFF, (number if at is None else at) * FRAME, sound(number), now)


def started(count: int = 1) -> JitterBuffer:
    """A buffer that was given packets 0 to ``count - 1``, one each 20 ms."""
    buffer = JitterBuffer(0.0)
    for number in range(count):
        put(buffer, number, number * 0.02)
        assert buffer.take(number * 0.02) == [Decode(sound(number))]
    return buffer


def test_a_packet_in_order_is_given_at_once() -> None:
    buffer = started(100)
    assert buffer.counts == Counts(received=100)
    assert buffer.wait_seconds == 0.02


def test_swapped_packets_are_given_in_order() -> None:
    buffer = started(3)
    put(buffer, 4, 0.06)
    assert buffer.take(0.06) == []
    put(buffer, 3, 0.07)
    assert buffer.take(0.07) == [Decode(sound(3)), Decode(sound(4))]
    assert buffer.counts == Counts(received=5)


def test_a_lost_packet_is_taken_from_the_next_one_after_the_wait() -> None:
    buffer = started(3)
    put(buffer, 4, 0.08)
    assert buffer.take(0.08) == []
    put(buffer, 5, 0.0969)
    assert buffer.take(0.0969) == []
    # A hair before the wait is over: the packet that is due then may come a little early.
    assert buffer.take(0.0971) == [
        Recover(sound(4), FRAME),
        Decode(sound(4)),
        Decode(sound(5)),
    ]
    assert buffer.counts == Counts(received=5, lost=1, recovered_frames=1)
    put(buffer, 6, 0.12)
    assert buffer.take(0.12) == [Decode(sound(6))]


@pytest.mark.parametrize(
    ("lost", "steps"),
    [
        (2, [Conceal(FRAME)]),
        (4, [Conceal(FRAME)] * 3),
        (7, [*[Conceal(FRAME)] * 3, Silence(3 * FRAME)]),
    ],
)
def test_before_what_can_be_recovered_a_little_is_made_up(lost: int, steps: list[Step]) -> None:
    buffer = started(3)
    after = 3 + lost
    now = after * 0.02
    buffer.take(now - 0.03)
    put(buffer, after, 0.1)
    buffer.take(0.1)
    assert buffer.take(0.121) == [*steps, Recover(sound(after), FRAME), Decode(sound(after))]
    assert buffer.counts.lost == lost


def test_a_packet_that_was_given_up_is_not_given_later_and_makes_the_wait_longer() -> None:
    buffer = started(3)
    put(buffer, 4, 0.08)
    assert buffer.take(0.08) == []
    assert buffer.take(0.1) != []
    put(buffer, 3, 0.11)
    assert buffer.take(0.11) == []
    assert buffer.counts == Counts(received=4, late=1, recovered_frames=1)
    assert buffer.wait_seconds == pytest.approx(0.05)  # it came 50 ms after its time
    put(buffer, 3, 0.115)
    assert buffer.counts.duplicate == 1


def test_the_wait_shrinks_again_when_the_network_is_calm() -> None:
    buffer = started(3)
    put(buffer, 4, 0.08)
    assert buffer.take(0.08) == []
    assert buffer.take(0.1) != []
    put(buffer, 3, 0.5)
    assert buffer.wait_seconds == 0.12  # and never more
    for number in range(5, 300):
        put(buffer, number, number * 0.02)
        buffer.take(number * 0.02)
    assert buffer.wait_seconds == 0.02


def test_duplicates_are_given_once() -> None:
    buffer = started(3)
    put(buffer, 2, 0.06)
    put(buffer, 4, 0.06)
    put(buffer, 4, 0.06)
    assert buffer.take(0.06) == []
    assert buffer.counts == Counts(received=4, duplicate=2)


def test_numbers_and_times_wrap_around() -> None:
    buffer = JitterBuffer(0.0)
    given: list[Step] = []
    for step in range(10):
        number, ticks = (65_531 + step) & 0xFFFF, (2**32 - 4 * FRAME + step * FRAME) % 2**32
        if step != 6:
            buffer.put(number, ticks, sound(step), step * 0.02)
        given += buffer.take(step * 0.02)
    expected: list[Step] = [Decode(sound(step)) for step in range(10)]
    expected[6] = Recover(sound(7), FRAME)
    assert given == expected


def test_silence_that_was_not_sent_is_given_in_real_time_until_something_is_said() -> None:
    buffer = started(3)
    buffer.put(3, 3 * FRAME, STOP, 0.06)
    assert buffer.take(0.06) == [Decode(STOP)]
    given = [step for n in range(4, 23) for step in buffer.take(n * 0.02 + 0.009)]
    assert set(given) == {Silence(FRAME)}
    assert len(given) == 19  # from 20 ms after the packet that stopped
    put(buffer, 4, 0.46, at=23)
    assert buffer.take(0.46) == [Decode(sound(4))]
    assert buffer.counts.concealed_frames == 0


def test_what_ends_a_silence_may_come_a_little_late() -> None:
    buffer = started(3)
    assert buffer.silence_due_at is None
    buffer.put(3, 3 * FRAME, STOP, 0.06)
    buffer.take(0.06)
    assert buffer.silence_due_at == pytest.approx(0.088)
    assert buffer.take(0.087) == []
    put(buffer, 4, 0.087)
    assert buffer.take(0.087) == [Decode(sound(4))]
    assert buffer.silence_due_at is None


def test_silence_is_given_when_nothing_ever_comes() -> None:
    buffer = JitterBuffer(10.0)
    given = [(n, step) for n in range(50) for step in buffer.take(10.0 + n * 0.02 + 0.009)]
    assert given == [(n, Silence(FRAME)) for n in range(20, 50)]


def test_a_network_that_stops_is_waited_for_then_made_up_then_silent() -> None:
    buffer = started(3)
    given = [(n, step) for n in range(3, 20) for step in buffer.take(n * 0.02 + 0.001)]
    assert given == [
        *[(n, Conceal(FRAME)) for n in range(9, 12)],
        *[(n, Silence(FRAME)) for n in range(12, 20)],
    ]
    for number in range(3, 20):
        put(buffer, number, 0.39)
    # What was said meanwhile was not lost: all of it is given.
    assert buffer.take(0.39) == [Decode(sound(number)) for number in range(3, 20)]
    put(buffer, 20, 0.41)
    assert buffer.take(0.41) == [Decode(sound(20))]


def test_a_process_that_was_held_up_does_not_blame_the_network() -> None:
    buffer = started(3)
    put(buffer, 4, 0.08)
    assert buffer.take(0.08) == []
    assert buffer.take(1.0) == []
    put(buffer, 3, 1.0)
    assert buffer.take(1.0) == [Decode(sound(3)), Decode(sound(4))]
    assert buffer.counts == Counts(received=5)


def test_nothing_is_made_up_for_what_was_silent() -> None:
    buffer = started(3)
    buffer.put(3, 3 * FRAME, STOP, 0.06)
    buffer.take(0.06)
    put(buffer, 5, 0.1, at=5)
    assert buffer.take(0.1) == []
    assert buffer.take(0.121) == [Decode(sound(5))]


def test_a_pause_that_was_not_announced_is_given_to_its_length() -> None:
    buffer = started(3)
    buffer.take(0.08)
    put(buffer, 3, 0.1, at=5)
    assert buffer.take(0.1) == [Silence(2 * FRAME), Decode(sound(3))]


def test_a_sender_that_starts_anew_is_followed() -> None:
    buffer = started(3)
    put(buffer, 40_000, 0.06)
    assert buffer.take(0.06) == []
    put(buffer, 40_001, 0.08)
    assert buffer.take(0.08) == [Decode(sound(40_001))]
    assert buffer.counts == Counts(received=4)


def test_a_clock_that_jumps_makes_no_silence_to_its_length() -> None:
    buffer = started(3)
    put(buffer, 3, 0.06, at=90_000)
    assert buffer.take(0.06) == [Decode(sound(3))]
    put(buffer, 5, 0.08, at=200_000)
    buffer.take(0.08)
    assert buffer.take(0.1) == [Decode(sound(5))]


def test_packets_without_sound_are_passed_over() -> None:
    buffer = started(3)
    buffer.put(3, 3 * FRAME, b"", 0.06)
    put(buffer, 4, 0.08, at=3)
    assert buffer.take(0.08) == [Decode(sound(4))]
    assert buffer.counts.lost == 0


def test_no_more_than_a_second_of_packets_is_held() -> None:
    buffer = started(3)
    for number in range(4, 200):
        put(buffer, number, 0.06)
    assert buffer.counts == Counts(received=67, refused=132)
