"""AG-UI on a WebSocket: each ``RunAgentInput`` runs a turn, each event is one text frame.

The events are those of the same run over server-sent events. As runs of one connection share its
stream, they come one after the other; a run that fails ends with ``RUN_ERROR`` and closes.
"""

from uuid import uuid4

from protocols.ag_ui_events import AgUiEvent, RunTranslator
from protocols.contract.conversations import SessionKey, TextTurn, checked_session_id
from protocols.contract.events import TurnEnded
from protocols.live.dialogue import split_delta
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
        return await Requests(self._connection, self._services, self._answer).serve(first)

    async def tell(self, error: Exception) -> None:
        """End the run, or the connection before its first run, with the error."""
        await self._say(self._run.fail(error))

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
            await self._say(self._run.start(self._services.known_events(asked, turn.unseen)))
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
            for piece in split_delta(event):
                await self._connection.say(piece)


def _session_of(thread_id: str) -> str:
    # An empty thread is legal in AG-UI, and nobody's: never shared by all who send it.
    return checked_session_id(thread_id) if thread_id else str(uuid4())
