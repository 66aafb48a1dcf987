"""How long a model that owes something may give no sign; pure, the time is passed in."""

from gateway.models.nova_sonic.faults import Silent
from gateway.models.nova_sonic.hearing import Unheard
from gateway.models.nova_sonic.owing import Owed, Owing

_SPEECH_SECONDS = 0.4  # less is a cough or a chair
_IN_VAIN = 3


class Patience:
    """Watches one conversation over all its connections.

    Typed text, results of tools and an answer that has begun are certain to be answered. Sound that
    is as loud as speech is not: a model that has answered before may be right to say nothing.

    Args:
        answer_seconds: longest silence while something is owed.
    """

    def __init__(self, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._quiet_since = 0.0
        self._is_proven = False
        self._is_said_again = False
        self._in_vain = 0
        self._has_sign = False

    def stirred(self, now: float) -> None:
        """Something was said to the model, or it was connected to."""
        self._quiet_since = now
        self._has_sign = False

    def sign(self, now: float) -> None:
        """The service has sent something."""
        self._quiet_since = now
        self._has_sign = True

    def understood(self) -> None:
        """The model has told what was said to it."""
        self._is_said_again = False

    def answered(self) -> None:
        """An answer is complete."""
        self._is_proven = True
        self._is_said_again = False
        self._in_vain = 0

    def check(self, now: float, owing: Owing, unheard: Unheard) -> Silent | None:
        """Tell whether the silence is a fault; speech that was none is forgotten."""
        if now - self._quiet_since < self._answer_seconds:
            return None
        if owing.owed is not Owed.NOTHING:
            return None if owing.is_waiting_for_tools else Silent()
        if unheard.is_speaking or unheard.waiting_seconds == 0.0:
            return None
        return self._judge_speech(unheard)

    def _judge_speech(self, unheard: Unheard) -> Silent | None:
        is_short = unheard.waiting_seconds < _SPEECH_SECONDS
        if is_short or (self._is_proven and self._has_sign):
            unheard.forget()
            return None
        if not self._is_said_again:
            self._is_said_again = True
            return Silent()
        self._is_said_again = False
        self._in_vain += 1
        if self._is_proven and self._in_vain < _IN_VAIN:
            unheard.forget()
            return None
        return Silent(is_last=True)
