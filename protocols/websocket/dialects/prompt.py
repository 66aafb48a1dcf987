"""AgentCore's text example: ``{"prompt": "…"}`` in, ``{"response": "…"}`` out, in order.

A response that is too long for a frame comes in several, which are numbered. What a tool asks comes
with it, and is answered, as in a prompt over HTTP.
"""

from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET, Struct

from protocols.contract.conversations import SessionKey, checked_session_id
from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.inputs import InterruptAnswer, Text, UserTurn
from protocols.failures import error_object
from protocols.live.pieces import text_pieces
from protocols.reply import Reply
from protocols.websocket.connection import Close, Connection, Frame
from protocols.websocket.dialects.choice import read_object
from protocols.websocket.dialects.requests import Requests
from protocols.websocket.services import WebSocketServices

_LONGEST_RESPONSE = 5_000  # characters: at most 6 bytes each as JSON


class Prompt(Struct, frozen=True):
    """One question; ``resume``: answers to what an earlier turn asked (AG-UI resume entries)."""

    prompt: str
    session_id: str | None = None
    resume: list[Any] = []


class _Ours(Struct, frozen=True):
    """What tells our own messages from a client's."""

    prompt: Any = UNSET
    response: Any = UNSET
    error: Any = UNSET
    code: Any = UNSET


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
        requests = Requests(self._connection, self._services, self._answer, _is_reflected)
        return await requests.serve(first)

    async def tell(self, error: Exception) -> None:
        """Answer with the error object."""
        await self._connection.say(error_object(error))

    async def _answer(self, frame: Frame) -> None:
        try:
            asked = _read(frame)
            answers = self._services.read_answers(asked.resume)
            _check_words(asked.prompt, answers)
            if asked.session_id is not None and not self._session_given:
                self._session_id = checked_session_id(asked.session_id)
        except InvalidInput as error:
            await self.tell(error)
            return
        content = (Text(asked.prompt),) if asked.prompt else ()
        reply = await self._ask(UserTurn(content=content, answers=answers))
        parts = text_pieces(reply.response, _LONGEST_RESPONSE)
        for number, part in enumerate(parts, 1):
            numbered = {"part": number, "parts": len(parts)} if len(parts) > 1 else {}
            asks = {"interrupts": reply.interrupts} if reply.interrupts else {}
            await self._connection.say(
                {
                    "response": part,
                    "session_id": self._session_id,
                    "message_type": "agent_response",
                    **numbered,
                    **(asks if number == len(parts) else {}),
                }
            )

    async def _ask(self, said: UserTurn) -> Reply:
        session = SessionKey(self._caller, self._session_id)
        reply = Reply(self._session_id)
        turn = await self._services.conversations.begin(session, said, "ws")
        try:
            async for event in turn:
                reply.add(event)
        finally:
            await turn.aclose()
        return reply


def _read(frame: Frame) -> Prompt:
    try:
        return msgspec.convert(read_object(frame), Prompt)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            'A message here is {"prompt": "…", "session_id": "…"}: the prompt a text, the '
            "session id a text or left out.",
            [Detail("$.prompt", "missing, or no text")],
        ) from error


def _check_words(prompt: str, answers: tuple[InterruptAnswer, ...]) -> None:
    if not prompt.strip() and not (answers and prompt == ""):
        fault = Detail("$.prompt", "is empty")
        raise InvalidInput("The prompt is empty. Say something.", [fault])


def _is_reflected(frame: Frame) -> bool:
    try:
        said = msgspec.json.decode(frame, type=_Ours)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False  # whoever reads the prompt says what is wrong
    is_error = said.error is not UNSET and said.code is not UNSET
    return said.prompt is UNSET and (said.response is not UNSET or is_error)
