"""When each event of a live conversation may go out to the listener.

Models make speech far faster than it is heard. The pacer holds it back, so that an interruption has
little to take back, and keeps everything else in its place behind the speech before it. Pure: the
time is passed in as seconds of a monotonic clock.

Invariants:
    * order is kept, except that what tells of now goes first: ``SpeechStarted``, ``SpeechStopped``,
      ``BargeIn`` and ``ModelReconnecting``;
    * a ``TurnEnded`` leaves when everything sent has been heard: a run is over when it was heard;
    * after ``cut``, nothing of a message that was being said leaves any more, and the turns it
      belongs to end as ``cancelled``;
    * nothing is dropped otherwise: ``is_full`` asks the reader to stop taking events;
    * between ``pause`` and ``resume`` nothing is given: the listener is gone. What it has not heard
      is given again, as far back as it is kept.
"""

from collections import deque

import msgspec
from msgspec import Struct

from protocols.contract.conversations import Heard
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    ModelReconnecting,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.live.playhead import Playhead

_BYTES_PER_SAMPLE = 2
_LONGEST_PIECE_SECONDS = 0.1
_MOST_WAITING_EVENTS = 4096
_MOST_CUT_MESSAGES = 256
_ROUNDING_SECONDS = 1e-6
_MOST_KEPT_SECONDS = 12.0  # of sound that was sent, for a listener that comes back


class Pace(Struct, frozen=True, kw_only=True):
    """How far ahead of the listener a wire runs.

    ``most_waiting_seconds`` of speech wait here before the conversation is not read any further.
    Speech of the user that goes on for ``speech_cuts_after_seconds`` over the assistant's voice is
    an interruption even if the model does not say so: most models are long done with a turn while
    it is still being heard. It is longer than the silence after which a cough is known as one. For
    ``echo_seconds`` after the first voice of the conversation, speech is taken for its echo: echo
    cancellers need that long to learn.
    """

    ahead_seconds: float = 1.0
    reported_ahead_seconds: float | None = 0.4
    most_waiting_seconds: float = 120.0
    speech_cuts_after_seconds: float = 0.6
    echo_seconds: float = 1.0


class SoundEnds(Struct, frozen=True):
    """The end of sound that was given again after its turn was over."""


class _Waiting(Struct, frozen=True):
    turn: int
    event: Event | SoundEnds
    seconds: float = 0.0


class _Sent(Struct, frozen=True):
    """Sound that was sent, and where it ends on the axis of all sound."""

    turn: int
    audio: AudioDelta
    ends_at: float


class Cut(Struct, frozen=True):
    """What an interruption has cut: messages in order, and how much of each was heard."""

    heard: tuple[Heard, ...]
    at_seconds: float


class Again(Struct, frozen=True):
    """Where in a message the sound goes on for a listener that came back."""

    message_id: str
    from_seconds: float


class Pacer:
    """The ordered queue between a conversation and its wire."""

    def __init__(self, sample_rate: int, pace: Pace) -> None:
        self._sample_rate = sample_rate
        self._pace = pace
        longest_seconds = min(_LONGEST_PIECE_SECONDS, pace.ahead_seconds)
        self._longest_piece_bytes = round(longest_seconds * sample_rate) * _BYTES_PER_SAMPLE
        self._playhead = Playhead(pace.ahead_seconds, pace.reported_ahead_seconds)
        self._queue: deque[_Waiting] = deque()
        self._urgent: deque[Event] = deque()
        self._waiting_seconds = 0.0
        self._turn = 0
        self._voiced_turns: set[int] = set()
        self._cut_turns: set[int] = set()
        self._messages: dict[str, int] = {}  # what the assistant says in turns not over yet
        self._cut_messages: dict[str, None] = {}  # ordered, so that the oldest can be forgotten
        self._speech_since: float | None = None
        self._first_voice_at: float | None = None
        self._sent: deque[_Sent] = deque()
        self._paused = False
        self._sounding: set[str] = set()  # messages of turns not over yet that have sound
        self._cuts: deque[Cut] = deque(maxlen=_MOST_CUT_MESSAGES)

    @property
    def sent_seconds(self) -> float:
        """How much sound was sent so far, as a position on the axis of all sound."""
        return self._playhead.sent_seconds

    def pause(self, now: float, *, lost_seconds: float = 0.0) -> None:
        """The listener is gone, and has been for so long."""
        self._paused = True
        self._playhead.pause(now - lost_seconds)

    def resume(self, now: float, *, received_until: float | None = None) -> Again | None:
        """A listener is there again; tells where in which message the sound goes on.

        ``received_until`` is the position up to which it can have received sound at all.
        """
        self._paused = False
        heard_until = self._playhead.heard_until(now)
        if received_until is not None:
            heard_until = min(heard_until, received_until)
        again = [sent for sent in self._sent if sent.ends_at > heard_until + _ROUNDING_SECONDS]
        if not again:
            self._playhead.resume(self._playhead.sent_seconds, now)
            return None
        first = again[0].audio
        begins_at = again[0].ends_at - self._seconds_of(first)
        skipped = round(max(0.0, heard_until - begins_at) * self._sample_rate) * _BYTES_PER_SAMPLE
        begins_at += skipped / _BYTES_PER_SAMPLE / self._sample_rate
        from_seconds = self._playhead.heard_of(first.message_id, begins_at)
        again[0] = _Sent(again[0].turn, AudioDelta(first.message_id, first.pcm[skipped:]), 0.0)
        self._playhead.resume(begins_at, now)
        self._put_back(again)
        return Again(first.message_id, from_seconds)

    def pop_cut(self) -> Cut | None:
        """Give the oldest cut not given yet."""
        return self._cuts.popleft() if self._cuts else None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._queue and not self._urgent

    @property
    def underruns(self) -> int:
        """How often the voice ran dry in the middle of a message."""
        return self._playhead.underruns

    @property
    def is_full(self) -> bool:
        """Tell whether the reader should stop taking events for now."""
        return (
            self._waiting_seconds >= self._pace.most_waiting_seconds
            or len(self._queue) + len(self._urgent) >= _MOST_WAITING_EVENTS
        )

    def push(self, event: Event, now: float, *, unsent_seconds: float = 0.0) -> None:
        """Take an event of the conversation; see ``cut`` for ``unsent_seconds``."""
        match event:
            case SpeechStarted():
                self._speech_since = now
                self._urgent.append(event)
            case SpeechStopped():
                self._speech_since = None
                self._urgent.append(event)
            case BargeIn():
                self.cut(now, unsent_seconds=unsent_seconds)
                self._urgent.append(event)
            case ModelReconnecting():
                self._urgent.append(event)
            case AudioDelta():
                self._push_audio(event)
            case TurnStarted():
                self._turn += 1
                self._queue.append(_Waiting(self._turn, event))
            case _:
                self._push_words(event, now)

    def take(self, now: float) -> Event | SoundEnds | None:
        """Give the next event that may go out now."""
        self._notice_interruption(now)
        if self._paused:
            return None
        if self._urgent:
            return self._urgent.popleft()
        if not self._queue or self._head_in_seconds(now) > _ROUNDING_SECONDS:
            return None
        waiting = self._queue.popleft()
        if isinstance(waiting.event, AudioDelta):
            self._waiting_seconds -= waiting.seconds
            self._send(waiting.turn, waiting.event, waiting.seconds, now)
        elif isinstance(waiting.event, TurnEnded):
            return self._end(waiting.turn, waiting.event)
        elif isinstance(waiting.event, SoundEnds):
            self._end(waiting.turn, TurnEnded())
        return waiting.event

    def wait_seconds(self, now: float) -> float | None:
        """How long until ``take`` may give something again; None: not before the next push."""
        waits = [0.0] if self._urgent and not self._paused else []
        if self._queue and not self._paused:
            waits.append(self._head_in_seconds(now))
        if self._speech_since is not None and self._is_unheard(now):
            waits.append(max(0.0, self._cuts_at(self._speech_since) - now))
        return min(waits, default=None)

    def played(self, message_id: str | None, played_seconds: float, now: float) -> None:
        """Take the listener's report of what was heard of a message (None: of the last one)."""
        self._playhead.report(message_id, played_seconds, now)

    def cut(self, now: float, *, unsent_seconds: float = 0.0) -> bool:
        """Drop the speech that has not been heard; ``pop_cut`` tells what was heard.

        Args:
            now: the time.
            unsent_seconds: of what was given, known not to have left yet.

        Tells whether a turn was being said aloud.
        """
        if not self._voiced_turns:
            return False
        self._note_cut(now, unsent_seconds)
        for message_id, turn in self._messages.items():
            if turn in self._voiced_turns:
                self._cut_messages[message_id] = None
        while len(self._cut_messages) > _MOST_CUT_MESSAGES:
            del self._cut_messages[next(iter(self._cut_messages))]
        self._queue = deque(w for w in self._queue if not self._is_cut(w.event))
        self._waiting_seconds = sum(w.seconds for w in self._queue)
        self._cut_turns |= self._voiced_turns
        self._voiced_turns.clear()
        self._sent.clear()
        self._playhead.drop(now)
        return True

    def _note_cut(self, now: float, unsent_seconds: float) -> None:
        heard_until = self._playhead.heard_until(now)
        if unsent_seconds:
            heard_until = min(heard_until, self._playhead.sent_seconds - unsent_seconds)
        unheard = {w.event.message_id for w in self._queue if isinstance(w.event, AudioDelta)}
        cut = []
        for message_id, turn in self._messages.items():
            heard_seconds = self._playhead.heard_of(message_id, heard_until)
            is_heard = heard_seconds >= self._playhead.sent_of(message_id) - _ROUNDING_SECONDS
            if turn in self._voiced_turns and (message_id in unheard or not is_heard):
                cut.append(Heard(message_id, heard_seconds))
            elif turn in self._voiced_turns and message_id not in self._sounding:
                cut.append(Heard(message_id, 0.0))  # words of which no sound was made yet
        if cut:
            self._cuts.append(Cut(tuple(cut), now))

    def _send(self, turn: int, audio: AudioDelta, seconds: float, now: float) -> None:
        if self._first_voice_at is None:
            self._first_voice_at = now
        self._playhead.send(audio.message_id, seconds, now)
        self._sent.append(_Sent(turn, audio, self._playhead.sent_seconds))
        while self._sent[0].ends_at < self._playhead.sent_seconds - _MOST_KEPT_SECONDS:
            self._sent.popleft()

    def _put_back(self, again: list[_Sent]) -> None:
        """Queue sound before everything that waits."""
        self._sent.clear()
        open_turns = set(self._messages.values())
        back: list[_Waiting] = []
        for index, sent in enumerate(again):
            seconds = self._seconds_of(sent.audio)
            back.append(_Waiting(sent.turn, sent.audio, seconds))
            self._waiting_seconds += seconds
            is_last = index + 1 == len(again) or again[index + 1].turn != sent.turn
            self._messages.setdefault(sent.audio.message_id, sent.turn)
            self._sounding.add(sent.audio.message_id)
            self._voiced_turns.add(sent.turn)
            if is_last and sent.turn not in open_turns:
                back.append(_Waiting(sent.turn, SoundEnds()))
        self._queue.extendleft(reversed(back))

    def _seconds_of(self, audio: AudioDelta) -> float:
        return len(audio.pcm) / _BYTES_PER_SAMPLE / self._sample_rate

    def _push_audio(self, event: AudioDelta) -> None:
        if self._is_cut(event):
            return
        self._messages[event.message_id] = self._turn
        self._sounding.add(event.message_id)
        self._voiced_turns.add(self._turn)
        longest_bytes = self._longest_piece_bytes
        for start in range(0, len(event.pcm), longest_bytes):
            piece = event
            if len(event.pcm) > longest_bytes:
                piece = AudioDelta(event.message_id, event.pcm[start : start + longest_bytes])
            seconds = self._seconds_of(piece)
            self._queue.append(_Waiting(self._turn, piece, seconds))
            self._waiting_seconds += seconds

    def _push_words(self, event: Event, now: float) -> None:
        if self._is_cut(event):
            return
        if isinstance(event, Transcript) and event.role == "assistant":
            self._messages[event.message_id] = self._turn
        elif isinstance(event, Transcript) and event.delta and self._is_talked_over(now):
            self._interrupt(now)
        self._queue.append(_Waiting(self._turn, event))

    def _end(self, turn: int, event: TurnEnded) -> TurnEnded:
        self._messages = {key: of for key, of in self._messages.items() if of != turn}
        self._sounding &= self._messages.keys()
        self._voiced_turns.discard(turn)
        if turn not in self._cut_turns:
            return event
        self._cut_turns.discard(turn)
        return msgspec.structs.replace(event, outcome="cancelled")

    def _head_in_seconds(self, now: float) -> float:
        head = self._queue[0]
        if isinstance(head.event, AudioDelta):
            return self._playhead.room_in_seconds(head.seconds, now)
        if isinstance(head.event, TurnEnded | SoundEnds):
            return self._playhead.heard_in_seconds(now)
        return 0.0

    def _notice_interruption(self, now: float) -> None:
        if self._speech_since is None or not self._is_unheard(now):
            return
        if now >= self._cuts_at(self._speech_since):
            self._speech_since = None
            self._interrupt(now)

    def _cuts_at(self, speech_since: float) -> float:
        """When speech that goes on has become an interruption."""
        if self._first_voice_at is not None:
            speech_since = max(speech_since, self._first_voice_at + self._pace.echo_seconds)
        return speech_since + self._pace.speech_cuts_after_seconds

    def _interrupt(self, now: float) -> None:
        if self.cut(now):
            self._urgent.append(BargeIn())

    def _is_talked_over(self, now: float) -> bool:
        # Words of the user in a later turn than the voice that is still being heard. Words of the
        # same turn are no sign: some services transcribe the question while they answer it.
        return self._is_unheard(now) and self._turn not in self._voiced_turns

    def _is_unheard(self, now: float) -> bool:
        return self._waiting_seconds > 0 or not self._playhead.is_heard(now)

    def _is_cut(self, event: Event | SoundEnds) -> bool:
        match event:
            case AudioDelta() | TextDelta() | ReasoningDelta() | Transcript(role="assistant"):
                return event.message_id in self._cut_messages
            case _:
                return False
