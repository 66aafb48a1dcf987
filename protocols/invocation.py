"""How the wires share one door, ``POST /invocations``.

Above: the door in ``protocols.routes``. Below: one ``InvocationProtocol`` per wire. Choosing is
pure: the first in the list that accepts gets the request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from litestar import Response
from msgspec import Struct

from protocols.contract.conversations import Conversations, SessionKey
from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import Json


async def _stays() -> None:
    await asyncio.Event().wait()


class Invocation(Struct, frozen=True):
    """One request, read whole.

    ``content_type`` is the bare media type in lower case, empty if not sent; ``document`` is the
    decoded body if it is JSON and None otherwise. ``session_given`` tells whether the caller
    named the session. ``left`` returns when the caller has gone; a protocol that streams has no
    need of it.
    """

    content_type: str
    accept: str
    body: bytes
    document: Json
    session: SessionKey
    session_given: bool
    full_content_type: str = ""
    left: Callable[[], Awaitable[None]] = _stays


class InvocationProtocol(Protocol):
    """One way to use the door."""

    @property
    def name(self) -> str:
        """How the protocol is called in messages and metrics."""
        ...

    def accepts(self, invocation: Invocation) -> bool:
        """Tell whether this request is of this protocol; pure."""
        ...

    async def respond(self, invocation: Invocation, conversations: Conversations) -> Response[Any]:
        """Answer; raises a ``GatewayError`` before the answer is started, never after."""
        ...

    def refuse(self, error: Exception, session_id: str) -> Response[Any]:
        """Show an error that came before the answer was started."""
        ...


class ActionRequest(Struct, frozen=True):
    """A control or signaling request: the ``data`` of ``{"action": …, "data": {…}}``."""

    data: dict[str, Any]
    session: SessionKey
    session_given: bool
    conversations: Conversations


type ActionHandler = Callable[[ActionRequest], Awaitable[Json]]
"""Does one action; gives the JSON answer, raises a ``GatewayError``."""


def choose(invocation: Invocation, protocols: Sequence[InvocationProtocol]) -> InvocationProtocol:
    """Find the protocol of a request.

    Raises:
        InvalidInput: none accepts it; the message lists the ways to use the door.
    """
    for protocol in protocols:
        if protocol.accepts(invocation):
            return protocol
    raise InvalidInput(
        'Nothing to do: send {"prompt": "…"}, an AG-UI run (threadId, runId, messages), '
        '{"action": "…"}, or audio/wav.'
    )
