"""The port between the wires and the agent: above it protocols, below it ``gateway.sessions``.

The methods ``begin`` and ``open`` are awaited before an answer is started, so that "busy", "full"
and "invalid" can still be told by a status code. Errors are those of
``protocols.contract.errors``; iterating a turn may raise them as well.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from protocols.contract.errors import InvalidInput
from protocols.contract.events import Event
from protocols.contract.inputs import LiveInput, LiveOptions, Message, ToolResult, UserTurn

type Wire = Literal["http", "agui", "ws", "webrtc"]
"""Where a turn came from: the value of the metrics' ``protocol`` dimension."""


class SessionKey(Struct, frozen=True):
    """Who (``caller``) and which conversation of theirs (``id``).

    An id alone gives access to nothing.
    """

    caller: str
    id: str


LONGEST_SESSION_ID = 256


def checked_session_id(text: str) -> str:
    """Give a client's name for a session back if it can be one.

    It is only ever compared, never a path or a pattern: any text will do that a header can carry.

    Raises:
        InvalidInput: it is empty, too long, or not printable.
    """
    if 0 < len(text) <= LONGEST_SESSION_ID and text.isprintable() and text == text.strip():
        return text
    raise InvalidInput(
        f"A session id has 1 to {LONGEST_SESSION_ID} printable characters; a UUID is a good one."
    )


class Turn(Protocol):
    """One question and the events that answer it."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the events; to be iterated once.

        Ends after ``TurnEnded``, or raises a ``GatewayError``.
        """
        ...

    async def aclose(self) -> None:
        """Stop what still runs and free the session.

        Idempotent. To be called by whoever began the turn.
        """
        ...


class TextTurn(Turn, Protocol):
    """A turn begun by ``Conversations.begin``."""

    @property
    def unseen(self) -> tuple[Message, ...]:
        """What was said on other wires since the client that owns the history was last told."""
        ...

    def answer(self, result: ToolResult) -> None:
        """Give the result of a client's tool to a turn that waits for it.

        Raises:
            NotFound: no such call waits: it was never made, or its time is over.
            InvalidInput: the call has its result already.
        """
        ...


class Heard(Struct, frozen=True):
    """How much of an assistant's spoken message the user heard before it was cut off."""

    message_id: str
    seconds: float


class LiveConversation(Turn, Protocol):
    """A turn that also listens, for as long as it is open."""

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        ...

    @property
    def input_sample_rate(self) -> int:
        """Hertz of the audio that ``send`` takes."""
        ...

    @property
    def output_sample_rate(self) -> int:
        """Hertz of the audio in ``AudioDelta`` events."""
        ...

    async def send(self, item: LiveInput) -> None:
        """Say something; never waits for the model.

        Raises:
            InvalidInput: the model cannot take this kind of input.
        """
        ...

    async def taken(self) -> None:
        """Wait until the model has taken all that was sent (for who sends faster than speech)."""
        ...

    def cancel(self) -> None:
        """Stop the answer being given, keep the conversation open.

        Nothing happens if none is being given.
        """
        ...

    def answer(self, result: ToolResult) -> None:
        """Give the result of a tool that the client runs.

        Raises:
            NotFound: no such call waits: it was never made, or its time is over.
            InvalidInput: the call has its result already.
        """
        ...

    def cut_off(self, heard: Sequence[Heard]) -> None:
        """Tell that the wire has cut the voice, and what was heard of each message cut.

        What was not heard leaves the memory of the session, and a model that still speaks is told.
        """
        ...

    def park(self, *, parked: bool) -> None:
        """Tell whether nobody is connected, for a while.

        A parked conversation ends as soon as anybody else asks for its session.
        """
        ...


@runtime_checkable
class Conversations(Protocol):
    """Every conversation this process knows."""

    async def begin(self, session: SessionKey, said: UserTurn, wire: Wire) -> TextTurn:
        """Take the session's turn and start to answer.

        Raises:
            SessionBusy: a turn or a live conversation holds the session.
            TooManySessions: the process is full.
            Unavailable: the process is shutting down, or the session cannot be read.
        """
        ...

    async def open(self, session: SessionKey, options: LiveOptions, wire: Wire) -> LiveConversation:
        """Take the session's turn for a live conversation; raises as ``begin``."""
        ...

    def cancel(self, session: SessionKey) -> bool:
        """Stop the running turn, if any.

        Tells whether there was one. The turn ends as ``cancelled``.
        """
        ...

    async def history(self, session: SessionKey) -> tuple[Message, ...]:
        """What the session remembers, oldest first; empty for a session not known.

        Raises:
            Unavailable: the store of the sessions cannot be read.
        """
        ...

    async def forget(self, session: SessionKey) -> bool:
        """Stop the running turn and drop all memory of the session; tells whether there was one."""
        ...
