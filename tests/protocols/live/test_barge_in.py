"""What has to hold when the user speaks over the voice: the twelve of the voice study, in order.

Of its twelve, the history (1), truncation (4, 10), tools (7) and restarts (8) are in
``tests/gateway/agents``, and the browser's ear (11) in ``tests/browser``.
"""

import random

import pytest

from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    SpeechStarted,
    SpeechStopped,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.live.messages import ResponseCancel
from protocols.live.pacing import Pace, Pacer, SoundEnds
from protocols.webrtc.playout import Playout
from tests.protocols.live.notes import running
from tests.protocols.scripted import ScriptedLive

RATE = 24_000
TICK_SECONDS = 0.02
CLOSING_PACKETS = 4
CALL = Pace(ahead_seconds=0.2, reported_ahead_seconds=None)
SECOND = b"\0\0" * RATE


def sound(message_id: str, seconds: float) -> AudioDelta:
    return AudioDelta(message_id, bytes(2 * round(seconds * RATE)))


class Call:
    """A pacer and the packets behind it, on a clock of twenty-millisecond ticks."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pacer = Pacer(RATE, CALL)
        self.playout = Playout(RATE)
        self.events: list[Event | SoundEnds] = []
        self.packets = 0
        self.heard_seconds = 0.0

    def push(self, *events: Event) -> None:
        for event in events:
            unsent = self.playout.queued_seconds
            self.pacer.push(event, self.now, unsent_seconds=unsent)
        self._settle()

    def run(self, seconds: float) -> None:
        """Let time go by; one packet leaves a tick."""
        for _ in range(round(seconds / TICK_SECONDS)):
            self._settle()
            waiting = self.playout.queued_seconds
            if self.playout.take(self.now) is not None and waiting:
                self.packets += 1
            self.now += TICK_SECONDS
        self._settle()

    def _settle(self) -> None:
        while (event := self.pacer.take(self.now)) is not None:
            self.events.append(event)
            if isinstance(event, AudioDelta):
                self.playout.push(event.pcm)
            if isinstance(event, BargeIn):
                self.playout.drop()
        while cut := self.pacer.pop_cut():
            self.heard_seconds += sum(heard.seconds for heard in cut.heard)

    @property
    def barge_ins(self) -> int:
        return sum(isinstance(event, BargeIn) for event in self.events)


def speaking(seconds: float = 10.0) -> Call:
    """A call whose model has made ten seconds of speech at once."""
    call = Call()
    call.push(TurnStarted("t"), Transcript("m", "assistant", "words"), sound("m", seconds))
    return call


def test_01_after_a_barge_in_no_more_than_a_packet_leaves_and_what_was_heard_is_known() -> None:
    call = speaking()
    call.run(1.0)
    before = call.packets
    call.push(BargeIn())
    call.run(1.0)
    assert call.packets - before <= 1
    assert call.heard_seconds == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("trigger", ["transcript", "local voice activity"])
def test_02_a_model_that_is_done_and_says_nothing_is_cut_all_the_same(trigger: str) -> None:
    call = speaking()
    call.push(TurnEnded())
    call.run(2.0)
    if trigger == "transcript":
        call.push(TurnStarted("u"), Transcript("q", "user", "Wait"))
    else:
        call.push(SpeechStarted())
        call.run(CALL.speech_cuts_after_seconds + TICK_SECONDS)
    before = call.packets
    call.run(1.0)
    assert (call.barge_ins, call.packets - before) == (1, 0)


def test_03_nothing_late_of_the_old_answer_is_heard_and_all_of_the_new_one() -> None:
    call = speaking()
    call.run(1.0)
    call.push(BargeIn(), sound("m", 1.0), TurnEnded("cancelled"))
    call.run(0.5)
    before = call.packets
    call.push(sound("m", 1.0), TurnStarted("u"), sound("n", 1.0), TurnEnded())
    call.run(2.0)
    assert call.packets - before in (50, 51)  # the encoder's delay may make one more
    played = [e.message_id for e in call.events if isinstance(e, AudioDelta)]
    assert played == sorted(played)  # all of m, then all of n


def test_04_before_the_first_packet_nothing_was_heard_and_after_the_last_all() -> None:
    early = Call()
    early.push(TurnStarted("t"), sound("m", 1.0), BargeIn())
    assert (early.heard_seconds, early.packets) == (0.0, 0)
    late = speaking(1.0)
    late.run(1.1)
    late.push(BargeIn())
    assert late.heard_seconds == 0.0  # nothing was cut, so nothing is told


async def test_05_two_barge_ins_are_one_whoever_asks() -> None:
    call = speaking()
    call.run(1.0)
    call.push(BargeIn())
    call.run(0.1)
    call.push(BargeIn())
    assert call.heard_seconds == pytest.approx(1.0, abs=0.04)
    live = ScriptedLive()
    async with running(live) as (session, notes, _):
        live.push(TurnStarted("t"), AudioDelta("m", SECOND))
        await notes.until_sound(3)
        await session.receive(ResponseCancel())
        live.push(BargeIn(), TurnEnded("cancelled"))
        await notes.until("RUN_FINISHED")
    assert notes.kinds.count("gateway.audio.flush") == 1


async def test_06_behind_a_slow_client_the_flush_is_the_next_thing_said() -> None:
    live = ScriptedLive()
    async with running(live, pace=Pace()) as (_, notes, _run):
        live.push(TurnStarted("t"))
        await notes.until("RUN_STARTED")
        notes.flowing.clear()
        live.push(*(AudioDelta("m", SECOND) for _ in range(5)))
        await notes.blocked.wait()
        live.push(BargeIn(), TurnEnded("cancelled"))
        notes.flowing.set()
        await notes.until("RUN_FINISHED")
    assert len(notes.sound) <= 1  # what was being sent
    after = notes.kinds[notes.kinds.index("gateway.audio.start") + 1 :]
    assert "gateway.audio.flush" in after[:3]


@pytest.mark.parametrize("seconds", [0.12, 0.55])
def test_09_a_cough_is_no_interruption(seconds: float) -> None:
    call = speaking()
    call.run(2.0)
    call.push(SpeechStarted())
    call.run(seconds)
    call.push(SpeechStopped(0.0))
    call.run(1.0)
    assert call.barge_ins == 0


def test_09_nor_is_the_echo_of_the_first_voice() -> None:
    call = speaking()
    call.run(0.1)
    call.push(SpeechStarted())
    call.run(0.9)
    call.push(SpeechStopped(0.0))
    call.run(1.0)
    assert call.barge_ins == 0


@pytest.mark.parametrize("seed", range(200))
def test_12_what_was_heard_adds_up_to_the_packets_that_were_sent(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
    call = Call()
    complete_seconds = 0.0
    for turn in range(dice.randrange(1, 4)):
        seconds = dice.randrange(1, 10) * 0.1
        call.push(TurnStarted(f"t{turn}"), sound(f"m{turn}", seconds))
        cut_after = dice.randrange(0, 13) * 0.1
        call.run(cut_after)
        before = call.heard_seconds
        call.push(BargeIn(), TurnEnded("cancelled"))
        if call.heard_seconds == before and cut_after:  # nothing was left to be cut
            assert cut_after >= seconds
            complete_seconds += seconds
        call.run(dice.randrange(5, 20) * TICK_SECONDS)
    turns = turn + 1
    # An encoder looks ahead by less than a packet, once for each voice.
    slack = (2 * turns) * TICK_SECONDS
    assert call.heard_seconds + complete_seconds == pytest.approx(
        call.packets * TICK_SECONDS, abs=slack
    )
