"""Puts the packets of a microphone in order, and decides what stands in for those that are missing.

The listener is a model, not an ear: it needs every frame once and in order, but not one each 20 ms.
So a packet that comes in order is given at once, and nothing is thrown away to catch up. What waits
is what comes after a gap, for as long as late packets have lately needed, within 20 to 120 ms; this
wait grows with the first packet that was given up too early and shrinks as the network calms. Then
the next packet's copy of the lost sound is used (forward error correction), up to three frames
before it are made up, and the rest is silence. When nothing comes at all, silence is given in real
time: models hear the end of a sentence in it.

Pure: the time is passed in as seconds of a monotonic clock. Positions in the sound are ticks of
48 kHz; sequence numbers and timestamps wrap around (RFC 3550, appendix A).

Invariants:
    * packets are given at most once, in the order of their numbers;
    * nothing is held for longer than 120 ms;
    * what is held is bounded.
"""

from collections import deque
from itertools import islice

from msgspec import Struct

from protocols.webrtc.opus import (
    CLOCK_RATE,
    FRAME_SECONDS,
    FRAME_TICKS,
    duration_ticks,
    stops_transmission,
)

SHORTEST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 0.12

_FIRST_SILENCE_SECONDS = 0.4
_SILENCE_WAIT_SECONDS = 0.008  # what ends a silence must not come just after what stands in for it
_EARLY_SECONDS = 0.003  # the packet that ends a wait must not come too early by a hair
_OWN_ABSENCE_SECONDS = 0.06
_REMEMBERED_PACKETS = 250  # five seconds
_LOOK_EVERY_PACKETS = 25
_LATE_SHARE = 0.97
_MOST_HELD = 64
_MOST_GIVEN_UP = 256
_MOST_MADE_UP_FRAMES = 3
_LONGEST_GAP_TICKS = CLOCK_RATE // 2
_LONGEST_JUMP = 3_000  # MAX_DROPOUT of RFC 3550, appendix A.1
_LONGEST_MISORDER = 100
_MOST_FRAMES_AT_ONCE = 2


class Decode(Struct, frozen=True):
    """Decode this packet."""

    payload: bytes


class Recover(Struct, frozen=True):
    """Decode the copy that this packet holds of the frame before it, so many ticks long."""

    payload: bytes
    ticks: int


class Conceal(Struct, frozen=True):
    """Make up so many ticks of sound from what was heard before."""

    ticks: int


class Silence(Struct, frozen=True):
    """Give so many ticks of silence."""

    ticks: int


type Step = Decode | Recover | Conceal | Silence


class Counts(Struct):
    """What became of the packets of one sender."""

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    refused: int = 0
    recovered_frames: int = 0
    concealed_frames: int = 0


class _Packet(Struct, frozen=True):
    number: int
    timestamp: int
    payload: bytes
    came_at: float


class JitterBuffer:
    """The packets of one microphone.

    Args:
        now: when listening begins. Without any packet silence is given soon after.
    """

    def __init__(self, now: float) -> None:
        self.counts = Counts()
        self.wait_seconds = SHORTEST_WAIT_SECONDS
        self._next: int | None = None
        self._position = 0  # of the next tick to be given
        self._highest = 0
        self._latest_timestamp = 0
        self._restart_number: int | None = None
        self._held: dict[int, _Packet] = {}  # in the order they came
        self._given_up: deque[int] = deque(maxlen=_MOST_GIVEN_UP)
        self._transits: deque[float] = deque(maxlen=_REMEMBERED_PACKETS)
        self._looked_after = 0
        self._expected_at = now + _FIRST_SILENCE_SECONDS
        self._silent_by_intent = True
        self._filled_frames = 0
        self._taken_at = now

    def put(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """Take a packet: 16 bits of number, 32 of timestamp, the Opus in it, and when it came."""
        number = self._unwrapped(sequence)
        if number is None:
            return
        if self._next is None:
            self._next, self._position, self._latest_timestamp = number, timestamp, timestamp
        position = self._latest_timestamp + _signed(timestamp - self._latest_timestamp, 32)
        self._note_transit(now - position / CLOCK_RATE)
        if number < self._next:
            self._note_late(number)
            return
        if number in self._held:
            self.counts.duplicate += 1
            return
        if len(self._held) >= _MOST_HELD:
            self.counts.refused += 1
            return
        self.counts.received += 1
        self._latest_timestamp = position
        self._highest = max(self._highest, number)
        self._held[number] = _Packet(number, position, payload, now)
        self._expected_at = now + (duration_ticks(payload) or FRAME_TICKS) / CLOCK_RATE

    def take(self, now: float) -> list[Step]:
        """Give what is to be heard now; to be called after each packet, and every 20 ms."""
        absence = now - self._taken_at
        was_away = absence > _OWN_ABSENCE_SECONDS
        self._taken_at = now
        if was_away:
            self._expected_at += absence
        steps: list[Step] = []
        while self._held and self._next is not None:
            packet = self._held.pop(self._next, None)
            if packet is not None:
                self._give(packet, steps)
            elif was_away or now < self._longest_held_since + self.wait_seconds - _EARLY_SECONDS:
                # Whatever came while we were held up ourselves was not put yet.
                return steps
            else:
                self._give_up(steps)
        self._fill(now, steps)
        return steps

    @property
    def silence_due_at(self) -> float | None:
        """When silence is due that the sender does not send; None while it speaks."""
        return self._fill_due_at if self._silent_by_intent else None

    @property
    def _fill_due_at(self) -> float:
        patience = _SILENCE_WAIT_SECONDS if self._silent_by_intent else LONGEST_WAIT_SECONDS
        return self._expected_at + patience

    @property
    def _longest_held_since(self) -> float:
        return next(iter(self._held.values())).came_at

    def restart(self) -> None:
        """Forget the numbers of the sender: the next packet is the first of another."""
        self._restart_number = None
        self._next = None
        self._held.clear()
        self._given_up.clear()
        self._transits.clear()

    def _give(self, packet: _Packet, steps: list[Step]) -> None:
        self._next = packet.number + 1
        ticks = duration_ticks(packet.payload)
        if not ticks:
            return
        gap = packet.timestamp - self._position
        # Of a silence by intent a little is not given yet. What is said now does not wait for it.
        if 0 < gap <= _LONGEST_GAP_TICKS and not self._silent_by_intent:
            steps.append(Silence(gap))
        self._position = packet.timestamp + ticks
        self._silent_by_intent = stops_transmission(packet.payload)
        self._filled_frames = 0
        steps.append(Decode(packet.payload))

    def _give_up(self, steps: list[Step]) -> None:
        """Go on with the first packet after the gap."""
        after = self._held[min(self._held)]
        first = self._next if self._next is not None else after.number
        self.counts.lost += after.number - first
        self._given_up.extend(islice(range(first, after.number), _MOST_GIVEN_UP))
        self._next = after.number
        gap = after.timestamp - self._position
        if not 0 < gap <= _LONGEST_GAP_TICKS or self._silent_by_intent:
            return
        last = min(gap, duration_ticks(after.payload) or FRAME_TICKS)
        frames = (gap - last) // FRAME_TICKS
        made_up = min(frames, max(0, _MOST_MADE_UP_FRAMES - self._filled_frames))
        steps += [Conceal(FRAME_TICKS)] * made_up
        silent = gap - last - made_up * FRAME_TICKS
        if silent:
            steps.append(Silence(silent))
        steps.append(Recover(after.payload, last))
        self.counts.concealed_frames += made_up
        self.counts.recovered_frames += 1
        self._position = after.timestamp

    def _fill(self, now: float, steps: list[Step]) -> None:
        """Stand in for a sender that is silent, or a network that has stopped."""
        for _ in range(_MOST_FRAMES_AT_ONCE):
            if now < self._fill_due_at:
                return
            self._expected_at += FRAME_SECONDS
            self._position += FRAME_TICKS
            self._filled_frames += 1
            if self._silent_by_intent or self._filled_frames > _MOST_MADE_UP_FRAMES:
                steps.append(Silence(FRAME_TICKS))
            else:
                self.counts.concealed_frames += 1
                steps.append(Conceal(FRAME_TICKS))

    def _unwrapped(self, sequence: int) -> int | None:
        """The packet's number without wrap-around; None for one that cannot belong here."""
        if self._next is None:
            self._highest = sequence
            return sequence
        jump = _signed(sequence - self._highest, 16)
        if -_LONGEST_MISORDER <= jump <= _LONGEST_JUMP:
            self._restart_number = None
            return self._highest + jump
        if sequence != self._restart_number:
            self._restart_number = (sequence + 1) & 0xFFFF
            return None
        self.restart()  # two in a row: the sender has started anew
        self._highest = sequence
        return sequence

    def _note_transit(self, transit: float) -> None:
        self._transits.append(transit)
        self._looked_after += 1
        if self._looked_after >= _LOOK_EVERY_PACKETS:
            self._looked_after = 0
            ordered = sorted(self._transits)
            late = ordered[int(_LATE_SHARE * (len(ordered) - 1))] - ordered[0]
            self.wait_seconds = _within_bounds(late)

    def _note_late(self, number: int) -> None:
        if number not in self._given_up:
            self.counts.duplicate += 1
            return
        self._given_up.remove(number)
        self.counts.lost -= 1
        self.counts.late += 1
        needed = self._transits[-1] - min(self._transits)
        self.wait_seconds = max(self.wait_seconds, _within_bounds(needed))


def _within_bounds(seconds: float) -> float:
    return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def _signed(value: int, bits: int) -> int:
    """The nearest meaning of a difference that may have wrapped around."""
    half = 1 << (bits - 1)
    return ((value + half) & ((1 << bits) - 1)) - half
