"""What the WebSocket needs from the rest of the gateway."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from litestar.connection import ASGIConnection
from msgspec import Struct, field

from protocols.ag_ui_events import AgUiEvent
from protocols.contract.conversations import Conversations
from protocols.contract.inputs import InterruptAnswer, Json, Message, UserTurn
from protocols.websocket.connections import Connections
from protocols.websocket.options import WebSocketOptions
from protocols.websocket.resuming import Resumptions


class RunInput(Protocol):
    """A run as an AG-UI client asks for it, validated."""

    @property
    def thread_id(self) -> str:
        """The conversation."""
        ...

    @property
    def run_id(self) -> str:
        """The run."""
        ...

    @property
    def said(self) -> UserTurn:
        """What is said in it."""
        ...


type ParseRun = Callable[[Json], RunInput]
"""Validates a ``RunAgentInput``; raises ``InvalidInput``."""

type ReadAnswers = Callable[[list[Any]], tuple[InterruptAnswer, ...]]
"""Reads AG-UI resume entries: answers to what a turn asked; raises ``InvalidInput``."""

type KnownEvents = Callable[[Any, Sequence[Message]], list[AgUiEvent]]
"""Tells a client that keeps the history what it has not seen; takes what ``ParseRun`` made."""

type OpenAttachments = Callable[[UserTurn], Awaitable[UserTurn]]
"""Opens what is attached to a run and only pointed to; raises nothing."""

type CallerOf = Callable[[ASGIConnection], str]
"""Tells who connects; raises ``NotAuthorized``."""

type Allows = Callable[[ASGIConnection], bool]
"""Tells whether the page that connects, if it is one, may do so. CORS never sees WebSockets."""


class WebSocketServices(Struct, frozen=True, kw_only=True):
    """Handed to ``websocket_routes`` by whoever joins the parts.

    ``idle_seconds`` bounds a connection on which nothing is asked. ``connections`` are let out by
    whoever stops the server: running turns end, then the connections close with 1001.
    ``resumptions`` holds the conversations that a client which was cut off may come back to.
    ``nova_voices``: a Nova Sonic answers, so that the names of its voices mean something.
    ``max_image_bytes`` bounds a picture the user shows.
    """

    conversations: Conversations
    caller_of: CallerOf
    allows: Allows
    parse_run: ParseRun
    read_answers: ReadAnswers
    open_attachments: OpenAttachments
    known_events: KnownEvents
    options: WebSocketOptions = WebSocketOptions()
    idle_seconds: float = 900.0
    connections: Connections = field(default_factory=Connections)
    resumptions: Resumptions = field(default_factory=Resumptions)
    nova_voices: bool = False
    max_image_bytes: int = 5_000_000
