"""Watches turns: a span and the metrics of each.

``observe_turn`` is for one question and its answer: the body of the turn's task runs in its
block, so that the span is current there and the agent's spans come under it. In
``observability.conversations`` the turns of a live conversation begin and end by events.
"""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from opentelemetry.trace import Span

from observability import catalog
from observability.correlation import bind_session
from observability.outcomes import outcome_of_exception, outcome_word
from observability.recording import Recorder, recorder
from observability.scopes import SessionSpan, mark_error, mark_outcome
from observability.tokens import TokenCount

TURN_SPAN = "gateway.turn"


class TurnObservation:
    """What there is to say about one turn. This one, used when telemetry is off, forgets it."""

    def first_token(self) -> None:
        """Words of the reply are ready to be sent. Only the first call counts."""

    def first_audio(self) -> None:
        """Audio of the reply is ready to be sent. Only the first call counts."""

    def user_stopped(self, silence_seconds: float = 0.0) -> None:
        """The user fell silent, so long ago. The reply is timed from there."""

    def barge_in(self) -> None:
        """The user spoke over the reply."""

    def usage(
        self,
        *,
        input_tokens: int,
        output_tokens: int,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
    ) -> None:
        """Tokens were spent since the last call; those of the cache are part of the input."""

    def ended(self, outcome: str = "ok") -> None:
        """The turn is over: ``ok`` (or ``completed``), ``cancelled``, ``timeout``, … an OUTCOME.

        Only the first call counts.
        """


class RecordedTurn(TurnObservation):
    """A turn that is written down on a span and in the metrics."""

    def __init__(self, to: Recorder, span: Span, protocol: str, model: str) -> None:
        self._to = to
        self._span = span
        self._protocol = protocol
        self._labels = (protocol, catalog.model_family(model))
        self._tokens = TokenCount(to, span, protocol, model)
        self._started_at = to.clock()
        self._user_stopped_at: float | None = None
        self._first_token_given = False
        self._first_audio_given = False
        self.is_over = False

    def first_token(self) -> None:
        """Time the first words."""
        if not self._first_token_given:
            self._first_token_given = True
            seconds = self._seconds_since_input()
            self._to.record(catalog.TIME_TO_FIRST_TOKEN, seconds, *self._labels)
            self._span.set_attribute("gateway.turn.time_to_first_token", seconds)

    def first_audio(self) -> None:
        """Time the first audio, from the user's stop if there was one."""
        if self._first_audio_given:
            return
        self._first_audio_given = True
        seconds = self._seconds_since_input()
        self._to.record(catalog.TIME_TO_FIRST_AUDIO, seconds, *self._labels)
        self._span.set_attribute("gateway.turn.time_to_first_audio", seconds)
        if self._user_stopped_at is not None:
            self._to.record(catalog.USER_STOP_TO_BOT_AUDIO, seconds, *self._labels)
            self._span.set_attribute("gateway.voice.user_stop_to_bot_audio", seconds)

    def user_stopped(self, silence_seconds: float = 0.0) -> None:
        """Remember when the user fell silent."""
        self._user_stopped_at = self._to.clock() - silence_seconds

    def barge_in(self) -> None:
        """Count the barge-in."""
        self._to.add(catalog.BARGE_INS, 1, self._protocol)
        self._span.add_event("gateway.barge_in")

    def usage(
        self,
        *,
        input_tokens: int,
        output_tokens: int,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
    ) -> None:
        """Count the tokens."""
        self.spent(
            {
                "input": input_tokens,
                "output": output_tokens,
                "cache_read": cache_read_tokens,
                "cache_write": cache_write_tokens,
            }
        )

    def spent(self, spent: dict[str, int | None]) -> None:
        """Count tokens, by their type."""
        self._tokens.add(spent)

    def ended(self, outcome: str = "ok") -> None:
        """Count the turn, and time it if it came to its end."""
        if self.is_over:
            return
        self.is_over = True
        word = outcome_word(outcome)
        self._to.add(catalog.TURNS, 1, *self._labels, word)
        if word == "ok":
            self._to.record(catalog.TURN_DURATION, self._seconds_since_input(), *self._labels)
        mark_outcome(self._span, word)

    def _seconds_since_input(self) -> float:
        complete_at = self._user_stopped_at
        return self._to.clock() - (self._started_at if complete_at is None else complete_at)


def observe_turn(
    *, protocol: str, session_id: str, model: str
) -> AbstractContextManager[TurnObservation]:
    """Watch a turn while the block runs; an exception that leaves it decides the outcome.

    To be used in the body of the turn's own task, never around a ``yield``. ``model`` is the
    model's full name; metrics get its family.
    """
    to = recorder()
    if to is None:
        return _SilentTurn(session_id)
    return _TurnScope(to, protocol, session_id, model)


class _SilentTurn(TurnObservation):
    """A turn of which only the session is known, to the log."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id

    def __enter__(self) -> Self:
        self._session_before = bind_session(self._session_id)
        return self

    def __exit__(self, *exception: object) -> None:
        bind_session(self._session_before)


class _TurnScope:
    """The block of a recorded turn."""

    def __init__(self, to: Recorder, protocol: str, session_id: str, model: str) -> None:
        self._to = to
        self._protocol = protocol
        self._session_id = session_id
        self._model = model

    def __enter__(self) -> TurnObservation:
        self._scope = SessionSpan(
            self._to,
            TURN_SPAN,
            self._session_id,
            {"gateway.protocol": self._protocol, "gen_ai.request.model": self._model},
        )
        self._turn = RecordedTurn(self._to, self._scope.span, self._protocol, self._model)
        self._session_before = bind_session(self._session_id)
        self._to.session_entered(self._protocol)
        self._scope.enter()
        return self._turn

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._turn.ended(outcome_of_exception(error_type))
        mark_error(self._scope.span, error_type)
        self._scope.leave()
        self._to.session_left(self._protocol)
        bind_session(self._session_before)
