"""AgentCore's text example: ``{"prompt": "…"}`` in, ``{"response": "…"}`` out, in order.

A response that is too long for a frame comes in several, which are numbered.
"""

from typing import Annotated
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct

from protocols.contract.conversations import SessionKey, checked_session_id
from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.events import TextDelta
from protocols.contract.inputs import Text, UserTurn
from protocols.failures import error_object
from protocols.live.pieces import text_pieces
from protocols.websocket.connection import Close, Connection, Frame
from protocols.websocket.dialects.choice import read_object
from protocols.websocket.dialects.requests import Requests
from protocols.websocket.services import WebSocketServices

_LONGEST_RESPONSE = 5_000  # characters: at most 6 bytes each as JSON


class Prompt(Struct, frozen=True):
    """One question."""

    prompt: Annotated[str, Meta(min_length=1)]
    session_id: str | None = None


class PromptDialect:
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
        self._session_given = session_id is not None
        self._session_id = session_id or str(uuid4())

    async def serve(self, first: Frame) -> Close:
        """Answer prompts until the client leaves."""
        return await Requests(self._connection, self._services, self._answer).serve(first)

    async def tell(self, error: Exception) -> None:
        """Answer with the error object."""
        await self._connection.say(error_object(error))

    async def _answer(self, frame: Frame) -> None:
        try:
            asked = _read(frame)
            if asked.session_id is not None and not self._session_given:
                self._session_id = checked_session_id(asked.session_id)
        except InvalidInput as error:
            await self.tell(error)
            return
        response = await self._ask(asked.prompt)
        parts = text_pieces(response, _LONGEST_RESPONSE)
        for number, part in enumerate(parts, 1):
            numbered = {"part": number, "parts": len(parts)} if len(parts) > 1 else {}
            await self._connection.say(
                {
                    "response": part,
                    "session_id": self._session_id,
                    "message_type": "agent_response",
                    **numbered,
                }
            )

    async def _ask(self, prompt: str) -> str:
        session = SessionKey(self._caller, self._session_id)
        said = UserTurn(content=(Text(prompt),))
        turn = await self._services.conversations.begin(session, said, "ws")
        try:
            words = [event.text async for event in turn if isinstance(event, TextDelta)]
        finally:
            await turn.aclose()
        return "".join(words)


def _read(frame: Frame) -> Prompt:
    try:
        return msgspec.convert(read_object(frame), Prompt)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            'A message here is {"prompt": "…", "session_id": "…"}: the prompt a text that is '
            "not empty, the session id a text or left out.",
            [Detail("$.prompt", "missing, empty, or no text")],
        ) from error
