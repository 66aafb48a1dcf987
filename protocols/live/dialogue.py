"""What a live conversation says to its client: released events → JSON objects and audio.

Each turn is one AG-UI run on the session's thread, written by the translator that all streaming
wires use. What is about the conversation and not of a run is a gateway message. Everything is
numbered. Pure: the time is passed in as seconds of a monotonic clock.

Invariants:
    * what is left without the gateway messages obeys the order rules of AG-UI;
    * a message's audio stands between ``gateway.audio.start`` and either ``gateway.audio.stop`` (no
      more follows) or ``gateway.audio.flush`` (drop what is not played yet);
    * a flushed message is closed before the flush: nothing of it follows.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import uuid4

from msgspec import Struct

from protocols.ag_ui_events import RunTranslator
from protocols.contract.conversations import Heard
from protocols.contract.errors import NotFound
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    Event,
    ModelReconnecting,
    ReasoningDelta,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    ToolFinished,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from protocols.failures import error_object
from protocols.live.pieces import pieces_of

type Document = dict[str, Any]
type CutReason = Literal["barge_in", "cancelled", "failed", "stopped"]
type EndReason = Literal["stopped", "ended", "failed", "draining"]
type State = Literal["listening", "thinking", "speaking"]

_MOST_STRAY_EVENTS = 64


class Say(Struct, frozen=True):
    """Send a JSON object; it is kept for a client that comes back, unless it is for this one."""

    document: Document
    is_kept: bool = True


class Play(Struct, frozen=True):
    """Send audio, at the conversation's output rate."""

    pcm: bytes


class Finish(Struct, frozen=True):
    """No more audio of this message follows: send what is held back."""


class Drop(Struct, frozen=True):
    """Throw away the audio that is not played yet."""


type Output = Say | Play | Finish | Drop


class Dialogue:
    """Writes one conversation.

    Args:
        session_id: the thread of its runs.
        new_id: makes the identifiers that the translator needs.

    ``resume_token`` is what a client has to know that comes back; None: none can.
    """

    def __init__(self, session_id: str, new_id: Callable[[], str] = lambda: str(uuid4())) -> None:
        self.session_id = session_id
        self.resume_token: str | None = None
        self._new_id = new_id
        self._seq = 0
        self._run: RunTranslator | None = None
        self._strays: deque[Event] = deque(maxlen=_MOST_STRAY_EVENTS)
        self._audio_message: str | None = None
        self._transcript_message: str | None = None
        self._user_speaks = False
        self._tool_since_audio = False
        self._shown: State | None = None
        self._user_stopped_at: float | None = None
        self._asked_at: float | None = None
        self._first_token_at: float | None = None
        self._latency_told = False
        self._greeting: Document = {}
        self._heard: dict[str, float] = {}

    @property
    def is_in_run(self) -> bool:
        """Tell whether a run is open."""
        return self._run is not None

    def opened(
        self,
        *,
        model: str | None = None,
        input_sample_rate: int | None = None,
        output_sample_rate: int | None = None,
    ) -> list[Output]:
        """Greet the client; None leaves out what a conversation without audio does not have."""
        members = {
            "resumeToken": self.resume_token,
            "model": model,
            "inputSampleRate": input_sample_rate,
            "outputSampleRate": output_sample_rate,
        }
        known = {name: value for name, value in members.items() if value is not None}
        self._greeting = {"sessionId": self.session_id, **known}
        self._shown = None
        return [self._gateway("session", **self._greeting), *self._state()]

    def resumed(self, last_seq: int, missed: Sequence[Document] | None) -> list[Output]:
        """Greet a client that came back, and say again what it missed; None: that is not kept.

        The greeting repeats the client's number: who is cut off again asks from there again.
        """
        self._shown = None
        greeting = {"type": "gateway.session", **self._greeting, "resumed": missed is not None}
        written: list[Output] = [Say({**greeting, "seq": last_seq}, is_kept=False)]
        if missed is not None:
            written += [Say(document, is_kept=False) for document in missed]
            return [*written, *self._state()]
        lost = NotFound(
            "What was said after lastSeq is not kept any more. The turn that runs is told anew "
            "from here; the conversation remembers the rest."
        )
        written += self.refused(lost)
        if self._run is not None:
            self._run = RunTranslator(self.session_id, self._run.run_id, self._new_id)
            written += self._numbered(self._run.start())
        self._audio_message = self._transcript_message = None
        return [*written, *self._state()]

    def sound_again(self, message_id: str, from_seconds: float) -> list[Output]:
        """Tell where in a message the sound goes on for a client that came back."""
        self._audio_message = message_id
        from_ms = _milliseconds(from_seconds)
        start = self._gateway("audio.start", messageId=message_id, fromMs=from_ms)
        return [start, *self._state()]

    def sound_ends(self) -> list[Output]:
        """Tell that sound which was given again is at its end."""
        return [*self._stop_audio(), *self._state()]

    def heard(self, heard: Iterable[Heard]) -> None:
        """Note how much was heard of what is cut next."""
        self._heard = {each.message_id: each.seconds for each in heard}

    def silenced(self, seconds: float) -> list[Output]:
        """Tell how long the voice went on after it was interrupted."""
        members = {} if self._run is None else {"runId": self._run.run_id}
        return [self._gateway("latency", **members, bargeInToSilenceMs=_milliseconds(seconds))]

    def translate(self, event: Event, now: float) -> list[Output]:
        """Write one released event."""
        return [*self._translate(event, now), *self._state()]

    def asked(self, now: float) -> None:
        """Note that the user asked by text: latency counts from here."""
        self._asked_at = now
        self._user_stopped_at = None

    def cut(self, reason: CutReason) -> list[Output]:
        """Stop the voice."""
        return [*self._cut(reason), *self._state()]

    def reoffer(self, seconds: float) -> list[Output]:
        """Ask for a new offer: the credentials that the connection rests on end then."""
        return [self._gateway("reoffer", reason="credentials", seconds=int(seconds))]

    def refused(self, error: Exception) -> list[Output]:
        """Tell that an input was not taken; the conversation goes on."""
        return [self._gateway("error", **error_object(error))]

    def measured(self, figures: Mapping[str, object]) -> list[Output]:
        """Tell how the connection does; figures of the whole call, not of one run."""
        return [self._gateway("latency", **figures)]

    def failed(self, error: Exception) -> list[Output]:
        """Tell that the turn failed; the run that is open ends with the error."""
        written = self._cut("failed")
        if self._run is not None:
            written += self._numbered(self._run.fail(error))
            self._run = None
        return [*written, *self.refused(error), *self._state()]

    def draining(self) -> list[Output]:
        """Tell that the server is about to shut down and lets the running turn end."""
        return [self._gateway("draining")]

    def ended(self, reason: EndReason) -> list[Output]:
        """Say goodbye."""
        written = self._cut("stopped")
        if self._run is not None:
            written += self._close_run(TurnEnded(outcome="cancelled"))
        return [*written, self._gateway("end", reason=reason)]

    def _translate(self, event: Event, now: float) -> list[Output]:
        match event:
            case TurnStarted():
                return self._start_run(event, now)
            case TurnEnded():
                return self._end_run(event)
            case AudioDelta():
                return self._play(event, now)
            case SpeechStarted() | SpeechStopped():
                return self._note_speech(event, now)
            case BargeIn():
                return self._cut("barge_in")
            case ModelReconnecting():
                return [self._gateway("reconnecting")]
            case _:
                return self._write(event, now)

    def _start_run(self, event: TurnStarted, now: float) -> list[Output]:
        written = self._close_run(TurnEnded()) if self._run is not None else []
        self._run = RunTranslator(self.session_id, event.turn_id, self._new_id)
        if self._asked_at is None:
            self._asked_at = now
        self._first_token_at = None
        self._latency_told = False
        written += self._numbered(self._run.start())
        while self._strays:
            written += self._numbered(self._run.translate(self._strays.popleft()))
        return written

    def _end_run(self, event: TurnEnded) -> list[Output]:
        written = self._stop_audio()
        if self._run is not None:
            written += [*self._latency(None), *self._close_run(event)]
        return written

    def _close_run(self, event: TurnEnded) -> list[Output]:
        if self._run is None:
            return []
        written = self._numbered(self._run.translate(event))
        self._run = None
        self._transcript_message = None
        self._asked_at = None
        self._user_stopped_at = None
        return written

    def _play(self, event: AudioDelta, now: float) -> list[Output]:
        written: list[Output] = []
        self._tool_since_audio = False
        if self._audio_message != event.message_id:
            written += self._stop_audio()
            self._audio_message = event.message_id
            written.append(self._gateway("audio.start", messageId=event.message_id))
        self._note_token(now)
        return [*written, Play(event.pcm), *self._latency(now)]

    def _note_speech(self, event: SpeechStarted | SpeechStopped, now: float) -> list[Output]:
        self._user_speaks = isinstance(event, SpeechStarted)
        if isinstance(event, SpeechStopped):
            self._user_stopped_at = now - event.silence_seconds
            self._asked_at = now
        state = "started" if self._user_speaks else "stopped"
        return [self._gateway("speech", state=state)]

    def _write(self, event: Event, now: float) -> list[Output]:
        if self._run is None:
            # Services transcribe and tools answer late: AG-UI allows nothing between two runs.
            if not isinstance(event, UsageReported):
                self._strays.append(event)
            return []
        match event:
            case Transcript(role="assistant"):
                self._note_token(now)
                self._transcript_message = None if event.final else event.message_id
            case TextDelta() | ReasoningDelta():
                self._note_token(now)
            case ToolStarted():
                self._note_token(now)
                self._tool_since_audio = True
            case ToolFinished():
                self._tool_since_audio = True
            case _:
                pass
        return self._numbered(self._run.translate(event))

    def _cut(self, reason: CutReason) -> list[Output]:
        if self._audio_message is None:
            return []
        written: list[Output] = []
        if self._run is not None and self._transcript_message is not None:
            last = Transcript(self._transcript_message, "assistant", "", final=True)
            written += self._numbered(self._run.translate(last))
            self._transcript_message = None
        flushed, self._audio_message = self._audio_message, None
        members: dict[str, Any] = {"messageId": flushed, "reason": reason}
        if flushed in self._heard:
            members["playedMs"] = _milliseconds(self._heard[flushed])
        return [*written, Drop(), self._gateway("audio.flush", **members)]

    def _stop_audio(self) -> list[Output]:
        if self._audio_message is None:
            return []
        stopped, self._audio_message = self._audio_message, None
        return [Finish(), self._gateway("audio.stop", messageId=stopped)]

    def _note_token(self, now: float) -> None:
        if self._first_token_at is None:
            self._first_token_at = now

    def _latency(self, audio_at: float | None) -> list[Output]:
        if self._run is None or self._latency_told:
            return []
        members: dict[str, int] = {}
        if audio_at is not None and self._user_stopped_at is not None:
            members["userStopToAudioMs"] = _milliseconds(audio_at - self._user_stopped_at)
        if self._first_token_at is not None and self._asked_at is not None:
            members["timeToFirstTokenMs"] = _milliseconds(self._first_token_at - self._asked_at)
        if not members:
            return []
        self._latency_told = True
        return [self._gateway("latency", runId=self._run.run_id, **members)]

    def _state(self) -> list[Output]:
        state: State = "listening"
        if self._audio_message is not None and not self._tool_since_audio:
            state = "speaking"
        elif self._run is not None and not self._user_speaks:
            state = "thinking"
        if state == self._shown:
            return []
        self._shown = state
        return [self._gateway("state", state=state)]

    def _gateway(self, name: str, **members: Any) -> Say:
        self._seq += 1
        return Say({"type": f"gateway.{name}", **members, "seq": self._seq})

    def _numbered(self, documents: Iterable[Document]) -> list[Output]:
        return [Say(self._number(piece)) for document in documents for piece in pieces_of(document)]

    def _number(self, document: Document) -> Document:
        self._seq += 1
        metadata = document.get("metadata", {})
        gateway = {**metadata.get("gateway", {}), "seq": self._seq}
        return {**document, "metadata": {**metadata, "gateway": gateway}}


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1000))
