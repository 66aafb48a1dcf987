"""What is known of a conversation, whatever connection it is on; pure, the time is passed in."""

from typing import cast

from msgspec import Struct
from strands.bidi.types.events import BidiBargeInEvent, BidiOutputEvent
from strands.types.content import Messages
from strands.types.events import TypedEvent
from strands.types.tools import ToolResultBlock

from gateway.models.cascade.events import CascadeSpeechStartEvent, CascadeSpeechStopEvent
from gateway.models.nova_sonic.echo import Echo
from gateway.models.nova_sonic.faults import Silent
from gateway.models.nova_sonic.hearing import Change, Unheard
from gateway.models.nova_sonic.history import GO_ON, known, told_as_text, unanswered
from gateway.models.nova_sonic.owing import Owed, Owing
from gateway.models.nova_sonic.patience import Patience

_SAID = frozenset({"bidi_audio_delta", "bidi_transcript_delta"})
_ENDS = frozenset({"bidi_response_start", "bidi_response_stop"})
_OURS = frozenset({"bidi_connection_start", "cascade_speech_start", "cascade_speech_stop"})


class Resumption(Struct, frozen=True):
    """How another connection goes on: it is told, asked, and given sound, in this order."""

    messages: Messages
    question: str
    pcm: bytes


class Exchange:
    """Takes what is said by both sides.

    Args:
        sample_rate: of the microphone, in hertz.
        answer_seconds: longest silence of a model that owes something.
    """

    def __init__(self, sample_rate: int, answer_seconds: float) -> None:
        self._owing = Owing()
        self._unheard = Unheard(sample_rate)
        self._patience = Patience(answer_seconds)
        self._echo = Echo()
        self._is_cut_off = False

    @property
    def is_calm(self) -> bool:
        """Whether nobody speaks and nothing is owed."""
        speech = self._unheard.is_speaking or self._unheard.waiting_seconds > 0
        return not speech and self._owing.owed is Owed.NOTHING

    @property
    def is_free(self) -> bool:
        """Whether words may be put in without cutting anybody off."""
        return not self._unheard.is_speaking and self._owing.owed is not Owed.REST

    def hear(self, pcm: bytes, now: float) -> list[BidiOutputEvent]:
        """Take sound; gives the events that tell of speech, both when it is over.

        By its loudness alone, noise is speech too: nobody should be interrupted for it, and only
        the service knows words. When speech ended is what latency is measured from.
        """
        events: list[TypedEvent] = []
        for change in self._unheard.feed(pcm):
            self._patience.stirred(now)
            if change is Change.STOPPED:
                events.append(CascadeSpeechStartEvent())
                events.append(CascadeSpeechStopEvent(self._unheard.silence_seconds))
        # strands passes on events that it does not know.
        return [cast(BidiOutputEvent, event) for event in events]

    def typed(self, now: float) -> None:
        """Take a question that was typed."""
        self._owing.typed()
        self._patience.stirred(now)

    def answered(self, result: ToolResultBlock, now: float) -> None:
        """Take what a tool has answered."""
        self._owing.answered(result)
        self._patience.stirred(now)

    def asked(self, question: str, now: float) -> None:
        """Take what is asked on the user's behalf; if it is transcribed, nobody is told."""
        self._echo.expect(question)
        self._patience.stirred(now)

    def take(self, event: BidiOutputEvent, now: float) -> tuple[list[BidiOutputEvent], bool]:
        """Take an event of the service; gives those to go on, and whether an answer is complete."""
        kind = event.get("type")
        if kind not in _OURS:
            self._patience.sign(now)
        if self._is_cut_off and kind in _SAID and event.get("role") != "user":
            return [], False
        if kind in _ENDS:
            self._is_cut_off = False
        passed = self._echo.passed(event)
        is_complete = [self._note(each) for each in passed]
        return passed, any(is_complete)

    def _note(self, event: BidiOutputEvent) -> bool:
        was_owed = self._owing.owed is not Owed.NOTHING
        self._owing.note(event)
        if event.get("type") == "bidi_transcript_delta" and event.get("role") == "user":
            self._unheard.heard()
            self._patience.understood()
        is_complete = was_owed and self._owing.owed is Owed.NOTHING
        if is_complete:
            self._patience.answered()
        return is_complete

    def cut_off(self) -> list[BidiOutputEvent]:
        """The user wants no more of the answer being given; gives the event that tells so.

        The service cannot be told: what it still says of the answer is left out.
        """
        if self._owing.owed is Owed.NOTHING:
            return []
        self._is_cut_off = True
        return [BidiBargeInEvent()]

    def silence(self, now: float) -> Silent | None:
        """Tell whether the model has been silent for too long."""
        return self._patience.check(now, self._owing, self._unheard)

    def closing(self) -> list[BidiOutputEvent]:
        """Give the events that close what a lost connection has left open."""
        self._echo.expect(None)
        self._is_cut_off = False
        return self._owing.closing()

    def resumption(self, messages: Messages, now: float) -> Resumption:
        """Tell how the next connection goes on."""
        self._patience.stirred(now)
        told, question = known(messages), ""
        match self._owing.owed:
            case Owed.ANSWER:
                told, question = unanswered(told)
            case Owed.AFTER_TOOLS if not self._owing.is_waiting_for_tools:
                question = told_as_text(self._owing.found)
            case Owed.REST if not self._unheard.is_speaking:  # else the user has cut in
                question = GO_ON
            case _:
                pass
        self._echo.expect(question or None)
        return Resumption(told, question, self._unheard.replay())
