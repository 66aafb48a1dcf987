"""AG-UI on a WebSocket: each ``RunAgentInput`` runs a turn, each event is one text frame.

The events are those of the same run over server-sent events. As runs of one connection share its
stream, they come one after the other; a run that fails ends with ``RUN_ERROR`` and closes. Where an
event is too large for a frame it comes in pieces (``protocols.live.pieces``).
"""

from collections.abc import Sequence
from uuid import uuid4

import msgspec
from msgspec import Struct

from protocols.ag_ui_events import AgUiEvent, RunTranslator
from protocols.ag_ui_history import ag_ui_messages
from protocols.contract.conversations import SessionKey, TextTurn, checked_session_id
from protocols.contract.events import TurnEnded
from protocols.contract.inputs import Message
from protocols.live.messages import is_server_type
from protocols.live.pieces import fits, pieces_of
from protocols.websocket.connection import Close, Connection, Frame
from protocols.websocket.dialects.choice import read_object
from protocols.websocket.dialects.requests import Requests
from protocols.websocket.services import RunInput, WebSocketServices


class AgUiDialect:
    """Serves one connection."""

    def __init__(
        self,
        connection: Connection,
        services: WebSocketServices,
        caller: str,
        session_id: str | None,
    ) -> None:
        self._connection = connection
        self._services = services
        self._caller = caller
        self._session_id = session_id
        self._run = RunTranslator("", "")

    async def serve(self, first: Frame) -> Close:
        """Run turns until the client leaves."""
        requests = Requests(self._connection, self._services, self._answer, _is_reflected)
        return await requests.serve(first)

    async def tell(self, error: Exception) -> None:
        """End the run, or the connection between two, with the error."""
        run = RunTranslator("", "") if self._run.ended else self._run
        await self._say(run.fail(error))

    async def _answer(self, frame: Frame) -> None:
        self._run = RunTranslator("", "")  # its error may come before its ids are known
        asked = self._services.parse_run(read_object(frame))
        self._run = RunTranslator(asked.thread_id, asked.run_id)
        session = SessionKey(self._caller, self._session_id or _session_of(asked.thread_id))
        said = await self._services.open_attachments(asked.said)
        turn = await self._services.conversations.begin(session, said, "ws")
        ended = await self._relay(turn, asked)
        # Freed before the client knows: it may ask again at once.
        await self._say(self._run.translate(ended))

    async def _relay(self, turn: TextTurn, asked: RunInput) -> TurnEnded:
        ended = TurnEnded()
        try:
            await self._say(self._run.start(self._known(asked, turn.unseen)))
            async for event in turn:
                if isinstance(event, TurnEnded):
                    ended = event
                else:
                    await self._say(self._run.translate(event))
        finally:
            await turn.aclose()
        return ended

    async def _say(self, events: list[AgUiEvent]) -> None:
        for event in events:
            for piece in pieces_of(event):
                await self._connection.say(piece)

    def _known(self, asked: RunInput, unseen: Sequence[Message]) -> list[AgUiEvent]:
        """Tell what the client has not seen: at its place, or behind all if that is too much."""
        known = self._services.known_events(asked, unseen)
        return known if all(map(fits, known)) else _told_anew(unseen)


class _Typed(Struct):
    """Events have a type, runs have none."""

    type: str


def _is_reflected(frame: Frame) -> bool:
    try:
        return is_server_type(msgspec.json.decode(frame, type=_Typed).type)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False  # whoever reads the run says what is wrong


def _told_anew(unseen: Sequence[Message]) -> list[AgUiEvent]:
    """A snapshot has no pieces: say the words of messages as events that add to the client's."""
    written: list[AgUiEvent] = []
    for message in ag_ui_messages(unseen):
        words = message.get("content")
        if message["role"] in ("user", "assistant") and isinstance(words, str) and words:
            of = {"messageId": message["id"]}
            written += [
                {"type": "TEXT_MESSAGE_START", **of, "role": message["role"]},
                {"type": "TEXT_MESSAGE_CONTENT", **of, "delta": words},
                {"type": "TEXT_MESSAGE_END", **of},
            ]
    return written


def _session_of(thread_id: str) -> str:
    # An empty thread is legal in AG-UI, and nobody's: never shared by all who send it.
    return checked_session_id(thread_id) if thread_id else str(uuid4())
