"""One question over one live wire: what WebSocket and WebRTC have in common.

No socket and no task: the wires feed it, and ask it whether to go on.
"""

from collections.abc import Callable

from gateway.cli.answer import Answer, Question, answer_of
from gateway.cli.failures import CommandFailed
from gateway.cli.listening import Listener
from gateway.cli.microphone import Microphone
from gateway.cli.received import Received
from gateway.cli.sound import audible_after_seconds

NOT_UNDERSTOOD = "no answer (nothing was understood)"


class Call:
    """Collects what was heard and when.

    Args:
        question: what is said.
        clock: gives the monotonic time in seconds.
    """

    open_seconds = 90.0  # the speech engines are loaded at their first use

    def __init__(self, question: Question, clock: Callable[[], float]) -> None:
        self.microphone = Microphone(question)
        self.listener = Listener()
        self._clock = clock
        self._began_at = clock()
        self._latencies: dict[str, float] = {}

    def mark(self, name: str, since: float | None = None, until: float | None = None) -> None:
        """Note how long something took: from the beginning of the call until now, if not said."""
        start = self._began_at if since is None else since
        end = self._clock() if until is None else until
        self._latencies.setdefault(name, end - start)

    def start_speaking(self) -> None:
        """Begin to say the question."""
        self.microphone.start(self._clock())

    def hear(self, event: Received) -> None:
        """Take in an event."""
        self.listener.hear(event, self._clock())

    def hear_sound(self, pcm: bytes, sample_rate: int, waiting_seconds: float = 0.0) -> None:
        """Take note of when speech is heard, for the latencies.

        ``waiting_seconds`` of other sound are to be played before this.
        """
        offset = audible_after_seconds(pcm, sample_rate)
        if offset is None:
            return
        heard_at = self._clock() + waiting_seconds + offset
        self.mark("first audio", until=heard_at)
        stopped_at = self.microphone.speech_ends_at
        if stopped_at is not None and heard_at >= stopped_at:
            self.mark("user stop to first audio", since=stopped_at, until=heard_at)

    def is_over(self) -> bool:
        """Tell whether the answer is complete.

        Raises:
            CommandFailed: there will be none.
        """
        self.raise_failure()
        state = self.listener.state(self._clock(), self.microphone.said_at)
        if state == "not understood":
            raise CommandFailed(NOT_UNDERSTOOD)
        if state == "stalled":
            raise CommandFailed("no answer (the run did not come to its end in time)")
        if state == "answered":
            self.mark("end to end")
        return state == "answered"

    def raise_failure(self) -> None:
        """Raise what the gateway said went wrong."""
        if self.listener.failure is not None:
            raise self.listener.failure
        if self.listener.ended_reason is not None:
            raise CommandFailed(f"the gateway ended the call: {self.listener.ended_reason}")

    def answer(self, pcm: bytes, sample_rate: int) -> Answer:
        """Give what was heard."""
        return answer_of(self.listener, self._latencies, pcm, sample_rate)
