"""Watches live conversations: a span for each, with a child span for each of its turns.

The conversation's span is current in the block, so that strands' ``bidi_session`` and all below it
are of its trace. Its turns begin and end by events, perhaps in other tasks: their spans are
children of the conversation's, are never current, and are exported as each turn ends.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from opentelemetry.trace import Span

from observability import catalog
from observability.correlation import SESSION_ID, bind_session
from observability.outcomes import outcome_of_exception, outcome_word
from observability.recording import Recorder, recorder
from observability.scopes import SessionSpan, mark_error, mark_outcome
from observability.tokens import TokenCount
from observability.turns import TURN_SPAN, RecordedTurn, TurnObservation

CONVERSATION_SPAN = "gateway.conversation"


class ConversationObservation:
    """What there is to say about a live conversation. This one, used when off, forgets it."""

    def turn(self, turn_id: str = "") -> TurnObservation:
        """A turn begins. One that still runs is over, ``cancelled``."""
        return TurnObservation()

    def user_stopped(self, silence_seconds: float = 0.0) -> None:
        """The user fell silent, so long ago. The next reply that begins is timed from there."""

    def barge_in(self) -> None:
        """The user spoke over a reply."""

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
        """Say how the conversation ended, if not by the exception that leaves the block."""


def observe_conversation(
    *, protocol: str, session_id: str, model: str
) -> AbstractContextManager[ConversationObservation]:
    """Watch a live conversation while the block runs, in the body of its own task."""
    to = recorder()
    if to is None:
        return _SilentConversation(session_id)
    return _ConversationScope(to, _Labels(protocol, session_id, model))


class _SilentConversation(ConversationObservation):
    """A conversation of which only the session is known, to the log."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id

    def __enter__(self) -> Self:
        self._session_before = bind_session(self._session_id)
        return self

    def __exit__(self, *exception: object) -> None:
        bind_session(self._session_before)


class _RecordedConversation(ConversationObservation):
    """A conversation that is written down."""

    def __init__(self, to: Recorder, of: "_Labels", scope: SessionSpan) -> None:
        self._to = to
        self._of = of
        self._scope = scope
        self._tokens = TokenCount(to, scope.span, of.protocol, of.model)
        self._user_stopped_at: float | None = None
        self._turn: RecordedTurn | None = None
        self.outcome: str | None = None

    def turn(self, turn_id: str = "") -> TurnObservation:
        """Start the span of a turn, under the conversation's and never current."""
        self.end_turn()
        span = self._to.tracer.start_span(
            TURN_SPAN,
            self._scope.context,
            attributes={
                SESSION_ID: self._of.session_id,
                "gateway.protocol": self._of.protocol,
                "gateway.turn.id": turn_id,
                "gen_ai.request.model": self._of.model,
            },
        )
        self._turn = _ConversationTurn(self._to, span, self._of, self)
        return self._turn

    def user_stopped(self, silence_seconds: float = 0.0) -> None:
        """Remember it for the next reply."""
        self._user_stopped_at = self._to.clock() - silence_seconds

    def barge_in(self) -> None:
        """Count it, on the turn that runs if there is one."""
        running = self._running()
        if running is not None:
            running.barge_in()
            return
        self._to.add(catalog.BARGE_INS, 1, self._of.protocol)
        self._scope.span.add_event("gateway.barge_in")

    def usage(
        self,
        *,
        input_tokens: int,
        output_tokens: int,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
    ) -> None:
        """Count the tokens, on the turn that runs if there is one."""
        spent = {
            "input": input_tokens,
            "output": output_tokens,
            "cache_read": cache_read_tokens,
            "cache_write": cache_write_tokens,
        }
        running = self._running()
        if running is not None:
            running.spent(spent)
        else:
            self._tokens.add(spent)

    def ended(self, outcome: str = "ok") -> None:
        """Remember the outcome until the block is left."""
        self.outcome = outcome_word(outcome)

    def end_turn(self) -> None:
        """End the turn that runs, if any."""
        running = self._running()
        if running is not None:
            running.ended("cancelled")

    def take_user_stop(self) -> float | None:
        """When the user fell silent, if no reply was timed from there yet."""
        stopped_at, self._user_stopped_at = self._user_stopped_at, None
        return stopped_at

    def include_tokens(self, spent: dict[str, int | None]) -> None:
        """Add what a turn spent to the conversation's totals."""
        self._tokens.include(spent)

    def tokens(self) -> dict[str, int]:
        """What the whole conversation spent, by type of token."""
        return self._tokens.totals

    def _running(self) -> RecordedTurn | None:
        return None if self._turn is None or self._turn.is_over else self._turn


class _ConversationTurn(RecordedTurn):
    """A turn of a conversation: timed from the user's last stop, and ended by itself."""

    def __init__(
        self, to: Recorder, span: Span, of: "_Labels", conversation: _RecordedConversation
    ) -> None:
        super().__init__(to, span, of.protocol, of.model)
        self._conversation = conversation
        self._answering = False

    def first_token(self) -> None:
        """Time the first words."""
        self._begin_answer()
        super().first_token()

    def first_audio(self) -> None:
        """Time the first audio."""
        self._begin_answer()
        super().first_audio()

    def spent(self, spent: dict[str, int | None]) -> None:
        """Count tokens on the turn and on its conversation."""
        super().spent(spent)
        self._conversation.include_tokens(spent)

    def ended(self, outcome: str = "ok") -> None:
        """End the turn and its span."""
        if not self.is_over:
            super().ended(outcome)
            self._span.end()

    def _begin_answer(self) -> None:
        # Taken once, at the first sign of a reply: a later stop belongs to the next turn.
        if not self._answering:
            self._answering = True
            if self._user_stopped_at is None:
                self._user_stopped_at = self._conversation.take_user_stop()


@dataclass(frozen=True, slots=True)
class _Labels:
    """What spans and metrics of one conversation share."""

    protocol: str
    session_id: str
    model: str


class _ConversationScope:
    """The block of a recorded conversation."""

    def __init__(self, to: Recorder, of: _Labels) -> None:
        self._to = to
        self._of = of

    def __enter__(self) -> ConversationObservation:
        of = self._of
        self._scope = SessionSpan(
            self._to,
            CONVERSATION_SPAN,
            of.session_id,
            {"gateway.protocol": of.protocol, "gen_ai.request.model": of.model},
        )
        self._conversation = _RecordedConversation(self._to, of, self._scope)
        self._opened_at = self._to.clock()
        self._session_before = bind_session(of.session_id)
        self._to.session_entered(of.protocol)
        self._to.add(catalog.SESSIONS_OPENED, 1, of.protocol)
        self._scope.enter()
        return self._conversation

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        protocol = self._of.protocol
        self._conversation.end_turn()
        outcome = self._conversation.outcome or outcome_of_exception(error_type)
        mark_outcome(self._scope.span, outcome)
        mark_error(self._scope.span, error_type)
        seconds = self._to.clock() - self._opened_at
        self._to.record(catalog.SESSION_DURATION, seconds, protocol, outcome)
        for token_type, tokens in self._conversation.tokens().items():
            self._to.record(catalog.SESSION_TOKENS, tokens, protocol, token_type)
        self._scope.leave()
        self._to.session_left(protocol)
        bind_session(self._session_before)
